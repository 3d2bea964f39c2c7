// Package listusers asks a Cognito user pool who holds an address. It is the presignup.Guard of the deployed function,
// and the only package of the pre sign-up trigger that sees the AWS SDK.
//
// It promises one ListUsers call for each question (a few, where the pool answers with empty pages), no second try, and
// errors that carry a code and never an address. The filter it sends can't be broken out of, whatever the value is.
//
// It refuses to see more than it needs: of each user it asks for the sub only, looks at the status, and keeps nothing.
// What ListUsers says may be some moments old (Amazon Cognito API Reference, ListUsers: eventually consistent): two people who
// sign up with one address in the same moment are not told apart here.
package listusers

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
	"github.com/postconfirm/postconfirm/trigger/presignup"
)

const (
	maxAnswer = 256 << 10 // bytes read of an answer: ten users with nothing but their sub have a few thousand
	maxPages  = 4         // an empty page may have a successor (Amazon Cognito API Reference, ListUsers)
	pageSize  = 10        // one user is enough; a few more may tell confirmed ones from unconfirmed ones
)

// Pool asks the user pools of one Region. It is a presignup.Guard, and safe for concurrent use.
type Pool struct {
	region    string
	client    *cognitoidentityprovider.Client
	transport *lambdaenv.Client
}

// New reads how Cognito is reached: AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER,
// AWS_ENDPOINT_URL, and the credentials, anew for each request. What can't be meant as it is goes to e. It opens no
// connection.
func New(e *lambdaenv.Environment) *Pool {
	region, endpoint := e.Region(), e.Endpoint("COGNITO_IDENTITY_PROVIDER")
	p := &Pool{region: region, transport: lambdaenv.NewClient(lambdaenv.NewTransport(), maxAnswer)}
	o := cognitoidentityprovider.Options{
		Region:      region,
		Credentials: lambdaenv.Credentials(e.Getenv),
		HTTPClient:  p.transport,
		Retryer:     aws.NopRetryer{}, // in doubt there is no grant, so that a second try gains little and costs quota
	}
	if endpoint != "" {
		o.BaseEndpoint = &endpoint
	}
	p.client = cognitoidentityprovider.New(o)
	return p
}

// Holder looks for users whose attribute, email or phone_number, is value (ListUsers, Amazon Cognito API Reference). The
// error is always *Error.
func (p *Pool) Holder(ctx context.Context, pool, attribute, value string) (presignup.Holder, error) {
	if region, _, _ := strings.Cut(pool, "_"); region != p.region {
		return presignup.Nobody, &Error{"other_region", errors.New("the pool is of another Region than this function")}
	}
	in := &cognitoidentityprovider.ListUsersInput{UserPoolId: &pool, Filter: aws.String(Filter(attribute, value)),
		Limit: aws.Int32(pageSize), AttributesToGet: []string{"sub"}}
	for range maxPages {
		out, err := p.client.ListUsers(ctx, in)
		if err != nil {
			p.transport.CloseIdleConnections()
			return presignup.Nobody, classify(err)
		}
		if holder := judge(out.Users); holder != presignup.Nobody {
			return holder, nil
		}
		if aws.ToString(out.PaginationToken) == "" {
			return presignup.Nobody, nil
		}
		in.PaginationToken = out.PaginationToken
	}
	return presignup.Nobody, &Error{"too_many_pages", errors.New("the pool goes on with empty pages")}
}

// judge tells those who never confirmed from all others. A status that is not known here counts as confirmed.
func judge(users []types.UserType) presignup.Holder {
	holder := presignup.Nobody
	for _, u := range users {
		if u.UserStatus != types.UserStatusTypeUnconfirmed {
			return presignup.Confirmed
		}
		holder = presignup.Unconfirmed
	}
	return holder
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Filter is the ListUsers filter for users whose attribute is exactly value. Quotation marks and backslashes are
// escaped by a backslash (Amazon Cognito Developer Guide, Managing and searching for user accounts).
func Filter(attribute, value string) string {
	return attribute + ` = "` + escaper.Replace(value) + `"`
}

// Error is why it is not known who holds an address. Its text is its code, because logs see it; Unwrap gives the cause,
// which may repeat values of the request.
type Error struct {
	code  string
	cause error
}

// Error names the code only.
func (e *Error) Error() string { return "cognito: list users: " + e.code }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Code is the error code of AWS (TooManyRequestsException, AccessDeniedException), or where AWS didn't answer one of
// timeout, canceled, no_credentials, other_region, too_many_pages, network, other.
func (e *Error) Code() string { return e.code }

func classify(err error) *Error {
	var api smithy.APIError
	var network net.Error
	switch {
	case errors.Is(err, lambdaenv.ErrNoCredentials):
		return &Error{"no_credentials", err}
	case errors.As(err, &api) && api.ErrorCode() != "UnknownError": // the SDK's word for an answer without a code
		return &Error{api.ErrorCode(), err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{"timeout", err}
	case errors.Is(err, context.Canceled):
		return &Error{"canceled", err}
	case errors.As(err, &network):
		return &Error{"network", err}
	}
	return &Error{"other", err}
}

// Close closes the connections that are kept.
func (p *Pool) Close() { p.transport.CloseIdleConnections() }
