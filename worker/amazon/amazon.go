// Package amazon puts the worker's ports on the AWS SDK: SQS for deliveries and dead letters, Cognito for the users.
//
// It promises: one call is one request (the SDK's own retries are off, since the worker has the only retry loop); one
// shared transport with enough idle connections; every failure arrives classified, so that a throttle is never
// mistaken for a failed user and a missing permission never uses up a user's attempts.
//
// It refuses: to follow a queue into another Region (the SDK would silently ask the wrong endpoint), and to put a
// value into an error.
package amazon

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
)

// Clients are the SDK clients of one Region, sharing one transport. They are safe for concurrent use.
type Clients struct {
	SQS     *sqs.Client
	Cognito *cognitoidentityprovider.Client
	Region  string
	Config  aws.Config // what they share, for clients of other services
}

// ConnectOptions are the settings of Connect; nil and zero mean the defaults.
type ConnectOptions struct {
	Region      string        // the AWS chain's
	HTTPClient  onewrite.Doer // the SDK's, with more idle connections; tests put a world without sockets here
	Connections int           // idle connections kept per host; 128
	LocalCloud  string        // URL of a local cloud to use instead of AWS, with made-up credentials; none
}

// Connect makes the clients from the usual AWS variables and files: region, credentials, AWS_ENDPOINT_URL and its
// forms per service are honoured. Nothing is called yet.
func Connect(ctx context.Context, o *ConnectOptions) (*Clients, error) {
	var v ConnectOptions
	if o != nil {
		v = *o
	}
	if v.Connections == 0 {
		v.Connections = 128
	}
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*v.Connections, v.Connections
		t.ResponseHeaderTimeout = time.Minute
	})
	load := []func(*config.LoadOptions) error{config.WithRegion(v.Region), config.WithHTTPClient(transport)}
	if v.LocalCloud != "" {
		load = append(load, config.WithBaseEndpoint(v.LocalCloud), config.WithSharedConfigFiles([]string{}),
			config.WithSharedCredentialsFiles([]string{}),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("amazon: load configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("amazon: no region: set AWS_REGION")
	}
	if v.HTTPClient == nil {
		v.HTTPClient = cfg.HTTPClient
	}
	cfg.HTTPClient = onewrite.Client{Doer: v.HTTPClient}
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return &Clients{SQS: sqs.NewFromConfig(cfg), Cognito: cognitoidentityprovider.NewFromConfig(cfg), Region: cfg.Region, Config: cfg}, nil
}

// CheckQueueURL refuses what can't be a standard queue of the Region.
func CheckQueueURL(raw, region string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || strings.Count(strings.Trim(u.Path, "/"), "/") != 1:
		return fmt.Errorf("%q is no queue URL; one looks like https://sqs.%s.amazonaws.com/123456789012/confirmed", raw, region)
	case strings.HasSuffix(u.Path, ".fifo"):
		return fmt.Errorf("%q is a FIFO queue; postconfirm wants a standard one: one failing user must not block others", raw)
	}
	host := strings.Split(u.Hostname(), ".")
	if len(host) > 3 && host[0] == "sqs" && host[2] == "amazonaws" && host[1] != region {
		return fmt.Errorf("the queue is in %s, but this program runs in %s: set AWS_REGION=%s", host[1], region, host[1])
	}
	return nil
}
