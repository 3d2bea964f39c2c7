package amazon

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/worker"
)

// readTimeout bounds a read of the pool.
const readTimeout = 5 * time.Second

// Directory is Cognito as the worker sees it. It is safe for concurrent use.
type Directory struct {
	client *cognitoidentityprovider.Client
}

// NewDirectory makes a Directory.
func NewDirectory(client *cognitoidentityprovider.Client) *Directory { return &Directory{client} }

// User is one AdminGetUser.
func (d *Directory) User(ctx context.Context, pool, username string) (worker.User, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := d.client.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: &pool, Username: &username})
	if err != nil {
		return worker.User{}, fmt.Errorf("cognito: read user: %w", classify(err))
	}
	user := worker.User{Username: aws.ToString(out.Username), Status: string(out.UserStatus), Attributes: map[string]string{}}
	for _, a := range out.UserAttributes {
		user.Attributes[aws.ToString(a.Name)] = aws.ToString(a.Value)
	}
	user.Sub = user.Attributes["sub"]
	return user, nil
}

// Write is one AdminUpdateUserAttributes.
func (d *Directory) Write(ctx context.Context, pool, username string, values []worker.Value) error {
	attributes := make([]types.AttributeType, len(values))
	for i := range values {
		attributes[i] = types.AttributeType{Name: &values[i].Name, Value: &values[i].Text}
	}
	_, err := d.client.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
		UserPoolId: &pool, Username: &username, UserAttributes: attributes})
	if err != nil {
		return fmt.Errorf("cognito: write attributes: %w", refusal(err, values))
	}
	return nil
}

// Schema is one DescribeUserPool.
func (d *Directory) Schema(ctx context.Context, pool string) (worker.Schema, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := d.client.DescribeUserPool(ctx, &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: &pool})
	if err != nil {
		return nil, fmt.Errorf("cognito: read schema: %w", classify(err))
	}
	schema := worker.Schema{}
	for _, a := range out.UserPool.SchemaAttributes {
		schema[aws.ToString(a.Name)] = field(a)
	}
	return schema, nil
}

func field(a types.SchemaAttributeType) worker.Field {
	f := worker.Field{Type: string(a.AttributeDataType), Mutable: aws.ToBool(a.Mutable)}
	if c := a.StringAttributeConstraints; c != nil {
		f.MinLength, f.MaxLength = whole(c.MinLength), whole(c.MaxLength)
	}
	if c := a.NumberAttributeConstraints; c != nil {
		f.MinValue, f.MaxValue = decimal(c.MinValue), decimal(c.MaxValue)
	}
	return f
}

func whole(s *string) *int {
	n, err := strconv.Atoi(aws.ToString(s))
	if err != nil {
		return nil
	}
	return &n
}

func decimal(s *string) *float64 {
	n, err := strconv.ParseFloat(aws.ToString(s), 64)
	if err != nil {
		return nil
	}
	return &n
}
