// Package sqsout sends the trigger's messages to SQS. It is the only package on this shore that sees the AWS SDK.
//
// It takes the SQS client without the SDK's config package, which would load half a dozen other services at every
// cold start: region, credentials and endpoint are read by hand from the variables that Lambda sets. So it knows no
// profiles, no files, no metadata service.
//
// It promises one request for each Send, over a connection that stays open between invocations, with limits on every
// wait; and errors that say whether a second try can help. It refuses a configuration that can't be meant, all of it
// at once, before the first event.
package sqsout

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
)

// Sender sends to one queue. It is a trigger.Sender, and safe for concurrent use.
type Sender struct {
	queue     string
	client    *sqs.Client
	transport *http.Transport
}

// NewSender reads the queue and how to reach it: POSTCONFIRM_QUEUE_URL (required) and the usual AWS variables (see
// FromEnvironment). It opens no connection. Its error names every variable that can't be meant as it is.
func NewSender(getenv func(string) string) (*Sender, error) {
	e := &environment{getenv: getenv}
	where := e.address()
	if err := e.err(); err != nil {
		return nil, err
	}
	return newSender(where, getenv), nil
}

func newSender(where address, getenv func(string) string) *Sender {
	transport := newTransport()
	return &Sender{
		queue:     where.queue,
		transport: transport,
		client: sqs.New(sqs.Options{
			Region:       where.region,
			BaseEndpoint: aws.String(where.endpoint),
			Credentials:  aws.CredentialsProviderFunc(credentials(getenv)),
			HTTPClient:   onewrite.Client{Doer: wire{newClient(transport)}},
			Retryer:      aws.NopRetryer{}, // the second try is the handler's
		}),
	}
}

// Send puts body on the queue (SendMessage, Amazon SQS API Reference). It makes one request; net/http repeats it only
// where a kept connection turns out to be closed. The error is always *Error. After a failure the connections that are
// kept idle are closed, so that the next try begins with a new one: Lambda freezes the process between invocations,
// and what was open before may be gone.
func (s *Sender) Send(ctx context.Context, body []byte) error {
	_, err := s.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &s.queue, MessageBody: aws.String(string(body))})
	if err != nil {
		s.transport.CloseIdleConnections()
		return classify(err)
	}
	return nil
}
