package onebox

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

// Code is the confirmation code that the local cloud takes from everybody: there is no mailbox to read one from.
const Code = "123456"

// SignUp signs a person up, as the app would. It returns the person's sub.
func (b *Box) SignUp(ctx context.Context, p Person) (sub string, err error) {
	out, err := b.Clients.Cognito.SignUp(ctx, &cognitoidentityprovider.SignUpInput{ClientId: &b.Pool.Client, Username: &p.Email,
		Password: aws.String("Correct-Horse-7"), UserAttributes: p.attributes()})
	if err != nil {
		return "", fmt.Errorf("sign up: %w", err)
	}
	return aws.ToString(out.UserSub), nil
}

// attributes are what a person tells of themselves.
func (p Person) attributes() (all []cognito.AttributeType) {
	for _, a := range []struct{ name, value string }{{"email", p.Email}, {"given_name", p.Name}, {"family_name", p.Family}, {"locale", p.Locale}} {
		if a.value != "" {
			all = append(all, cognito.AttributeType{Name: aws.String(a.name), Value: aws.String(a.value)})
		}
	}
	return all
}

// Confirm confirms the sign-up; Cognito calls the trigger meanwhile.
func (b *Box) Confirm(ctx context.Context, p Person) error {
	_, err := b.Clients.Cognito.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{
		ClientId: &b.Pool.Client, Username: &p.Email, ConfirmationCode: aws.String(Code)})
	if err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	return nil
}

// Attributes reads what the pool knows of a person.
func (b *Box) Attributes(ctx context.Context, p Person) (map[string]string, error) {
	user, err := amazon.NewDirectory(b.Clients.Cognito).User(ctx, b.Pool.ID, p.Email)
	if err != nil {
		return nil, err
	}
	return user.Attributes, nil
}
