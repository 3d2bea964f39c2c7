package amazon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// MaxClients is how many app clients of a pool InspectClients looks at: each is a call, of which an account has 15 a
// second (Amazon Cognito developer guide, "Quotas in Amazon Cognito", UserPoolClientRead).
const MaxClients = 100

// clientsPage is the largest page of ListUserPoolClients (Amazon Cognito API reference).
const clientsPage = 60

// Writer is an app client whose users may write attributes that were asked for.
type Writer struct {
	Client     string   // its id
	Attributes []string // which of those that were asked for, in that order
}

// PoolClients is what InspectClients found out.
type PoolClients struct {
	Writers []Writer // in the order of the pool's list
	More    bool     // the pool has more clients than were looked at
}

// InspectClients finds the app clients of a pool that let their users write any of the attributes: one
// ListUserPoolClients for each 60 clients, and one DescribeUserPoolClient for each client, one after the other. ctx
// bounds them all. With an error, what was found before it is returned, too. It keeps nothing else of a client: what
// Cognito tells of one has its secret in it.
func InspectClients(ctx context.Context, client *cognitoidentityprovider.Client, pool string, attributes []string) (found PoolClients, err error) {
	ids, more, err := clientIDs(ctx, client, pool)
	found.More = more
	for _, id := range ids {
		out, err := client.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &id})
		var gone *types.ResourceNotFoundException
		switch {
		case errors.As(err, &gone): // deleted since it was listed
			continue
		case err != nil:
			return found, fmt.Errorf("cognito: read app client: %w", classify(err))
		}
		mayWrite := func(name string) bool { return clientWrites(out.UserPoolClient.WriteAttributes, name) }
		if names := slices.DeleteFunc(slices.Clone(attributes), func(name string) bool { return !mayWrite(name) }); len(names) > 0 {
			found.Writers = append(found.Writers, Writer{Client: id, Attributes: names})
		}
	}
	return found, err
}

// clientIDs lists the first MaxClients app clients.
func clientIDs(ctx context.Context, client *cognitoidentityprovider.Client, pool string) (ids []string, more bool, err error) {
	pages := cognitoidentityprovider.NewListUserPoolClientsPaginator(client, &cognitoidentityprovider.ListUserPoolClientsInput{
		UserPoolId: &pool, MaxResults: aws.Int32(clientsPage)})
	for pages.HasMorePages() && len(ids) < MaxClients {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return ids, false, fmt.Errorf("cognito: list app clients: %w", classify(err))
		}
		for _, c := range out.UserPoolClients {
			ids = append(ids, aws.ToString(c.ClientId))
		}
	}
	more = len(ids) > MaxClients || pages.HasMorePages()
	return ids[:min(len(ids), MaxClients)], more, nil
}

// clientWrites tells whether a client with this list lets its users write an attribute. A client without a list lets
// them write the standard attributes, and no custom one (Amazon Cognito API reference, UserPoolClientType,
// WriteAttributes).
func clientWrites(list []string, name string) bool {
	if len(list) == 0 {
		return !strings.Contains(name, ":")
	}
	return slices.Contains(list, name)
}
