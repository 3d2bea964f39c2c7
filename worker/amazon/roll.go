package amazon

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/worker"
)

// RollPage is how many users a page of Roll has at most: the largest that ListUsers allows (Amazon Cognito API reference).
const RollPage = 60

// Roll lists a pool's users with ListUsers, of which an account has 30 calls a second in a Region for all its pools together,
// not adjustable (Amazon Cognito developer guide, "Quotas in Amazon Cognito", UserList). It is safe for concurrent use.
type Roll struct {
	client *cognitoidentityprovider.Client
}

// NewRoll makes a Roll.
func NewRoll(client *cognitoidentityprovider.Client) *Roll { return &Roll{client} }

// Page is one ListUsers. Of the attributes it asks for the sub only: AWS refuses to list attributes that some user has not
// got, and nothing else is needed. A place that is refused is worker.ErrPlace; how long one lives is not documented.
func (r *Roll) Page(ctx context.Context, pool, filter, place string) (members []worker.Member, next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	in := &cognitoidentityprovider.ListUsersInput{UserPoolId: &pool, Limit: aws.Int32(RollPage), AttributesToGet: []string{"sub"}}
	if filter != "" {
		in.Filter = &filter
	}
	if place != "" {
		in.PaginationToken = &place
	}
	out, err := r.client.ListUsers(ctx, in)
	var invalid *types.InvalidParameterException
	switch {
	case place != "" && errors.As(err, &invalid):
		return nil, "", fmt.Errorf("cognito: list users: %w", worker.ErrPlace)
	case err != nil:
		return nil, "", fmt.Errorf("cognito: list users: %w", classify(err))
	}
	members = make([]worker.Member, len(out.Users))
	for i, u := range out.Users {
		members[i] = memberOf(u)
	}
	return members, aws.ToString(out.PaginationToken), nil
}

func memberOf(u types.UserType) worker.Member {
	m := worker.Member{Username: aws.ToString(u.Username), Status: string(u.UserStatus), Disabled: !u.Enabled,
		Created: aws.ToTime(u.UserCreateDate), Modified: aws.ToTime(u.UserLastModifiedDate)}
	for _, a := range u.Attributes {
		if aws.ToString(a.Name) == "sub" {
			m.Sub = aws.ToString(a.Value)
		}
	}
	return m
}

// Size is about how many users a pool has: one DescribeUserPool, whose EstimatedNumberOfUsers may be hours old (Amazon
// Cognito API reference, UserPoolType).
func (r *Roll) Size(ctx context.Context, pool string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := r.client.DescribeUserPool(ctx, &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: &pool})
	if err != nil {
		return 0, fmt.Errorf("cognito: read pool: %w", classify(err))
	}
	return int(out.UserPool.EstimatedNumberOfUsers), nil
}
