package lambdaenv

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrNoCredentials is why a call was not even made.
var ErrNoCredentials = errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set")

// Credentials reads the variables that Lambda sets (AWS Lambda Developer Guide, defined runtime environment variables)
// anew for every request: reading them costs less than knowing when they changed. It is safe for concurrent use if
// getenv is. Its error is ErrNoCredentials.
func Credentials(getenv func(string) string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		c := aws.Credentials{
			AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
			Source:          "environment",
		}
		if c.AccessKeyID == "" || c.SecretAccessKey == "" {
			return aws.Credentials{}, ErrNoCredentials
		}
		return c, nil
	})
}
