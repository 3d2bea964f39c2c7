package amazon

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// Names finds user names by subs, with ListUsers: it makes nobody an active user who is billed, as AdminGetUser does, and
// it finds federated users, whose sub is no Username for any other call. An account has 30 of these calls a second in
// each Region, for all of its pools and programs (Amazon Cognito developer guide, "Quotas in Amazon Cognito", UserList);
// the caller keeps the pace. It is safe for concurrent use.
type Names struct {
	client *cognitoidentityprovider.Client
}

// NewNames makes a Names.
func NewNames(client *cognitoidentityprovider.Client) *Names { return &Names{client} }

// quote makes a value of a filter (Amazon Cognito API reference, ListUsers, Filter).
var quote = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Username is one ListUsers, or more if its pages are empty. ok is false if the pool has no such user. ListUsers is
// eventually consistent: somebody who was created a moment ago may not be found.
func (n *Names) Username(ctx context.Context, pool, sub string) (name string, ok bool, err error) {
	pages := cognitoidentityprovider.NewListUsersPaginator(n.client, &cognitoidentityprovider.ListUsersInput{
		UserPoolId: &pool, Filter: aws.String(`sub = "` + quote.Replace(sub) + `"`), Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		name, ok, err := n.page(ctx, pages, sub)
		if ok || err != nil {
			return name, ok, err
		}
	}
	return "", false, nil
}

func (n *Names) page(ctx context.Context, pages *cognitoidentityprovider.ListUsersPaginator, sub string) (string, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := pages.NextPage(ctx)
	if err != nil {
		return "", false, fmt.Errorf("cognito: find user: %w", classify(err))
	}
	for _, u := range out.Users {
		for _, a := range u.Attributes {
			if aws.ToString(a.Name) == "sub" && aws.ToString(a.Value) == sub {
				return aws.ToString(u.Username), true, nil
			}
		}
	}
	return "", false, nil
}
