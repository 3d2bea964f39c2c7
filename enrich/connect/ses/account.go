package ses

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// account is how all steps reach SES: credentials, endpoint, and one client of the SDK for each Region. A pipeline file can
// be checked on a machine that knows no account, so nothing is looked for before the first mail.
type account struct {
	client  *connect.Client
	options Options

	mu      sync.Mutex
	config  *aws.Config // nil until it is loaded
	regions map[string]*sesv2.Client
}

func newAccount(client *connect.Client, o *Options) *account {
	if o == nil {
		o = &Options{}
	}
	if client.Local() != "" {
		o = &Options{Endpoint: client.Local(), Region: cmp.Or(o.Region, "eu-west-1"), Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	}
	return &account{client: client, options: *o, regions: map[string]*sesv2.Client{}}
}

// in gives the client for a Region; "" is the deployment's own. Its errors are nobody's attempt: an operator mends them.
func (a *account) in(ctx context.Context, region string) (*sesv2.Client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if client := a.regions[region]; client != nil {
		return client, nil
	}
	if err := a.load(ctx); err != nil {
		return nil, &enrich.Error{Kind: enrich.Denied, Code: CodeSettings, Err: fmt.Errorf("ses: load AWS settings: %w", err)}
	}
	if region == "" && a.config.Region == "" {
		return nil, &enrich.Error{Kind: enrich.Denied, Code: CodeSettings, Err: errors.New("ses: no Region: set AWS_REGION, or region in the step")}
	}
	client := sesv2.NewFromConfig(*a.config, func(o *sesv2.Options) {
		if region != "" {
			o.Region = region
		}
		if a.options.Endpoint != "" {
			o.BaseEndpoint = aws.String(a.options.Endpoint)
		}
		o.Retryer = aws.NopRetryer{} // a repeat is a second mail; the worker decides
	})
	a.regions[region] = client
	return client, nil
}

// load reads the usual AWS variables and files, once it went well.
func (a *account) load(ctx context.Context) error {
	if a.config != nil {
		return nil
	}
	loaded, err := config.LoadDefaultConfig(ctx, func(o *config.LoadOptions) error {
		o.Region, o.Credentials = a.options.Region, a.options.Credentials
		return nil
	})
	if err != nil {
		return err
	}
	a.config = &loaded
	return nil
}
