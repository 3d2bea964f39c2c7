// Package sqsout sends the trigger's messages to SQS. It is the only package on this shore that sees the AWS SDK.
//
// It takes the SQS client without the SDK's config package, which would load half a dozen other services at every
// cold start: region, credentials and endpoint are read by hand from the variables that Lambda sets. So it knows no
// profiles, no files, no metadata service.
//
// It promises one request for each Send, over a connection that stays open between invocations and may be opened before
// the first of them (Open), with limits on every wait; an answer counts only with the digest of the message; and errors
// say whether a second try can help. It refuses a configuration that can't be meant, all of it at once, before the first
// event.
package sqsout

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

// Sender sends to one queue. It is a trigger.Sender, and safe for concurrent use.
type Sender struct {
	queue     string
	endpoint  string
	client    *sqs.Client
	dialer    *dialer
	transport *http.Transport
}

// NewSender reads the queue and how to reach it: POSTCONFIRM_QUEUE_URL (required) and the usual AWS variables (see
// FromEnvironment). It opens no connection. Its error names every variable that can't be meant as it is.
func NewSender(getenv func(string) string) (*Sender, error) {
	e := newEnvironment(getenv)
	where, roots := e.address(), e.trust()
	if err := e.Err(); err != nil {
		return nil, err
	}
	return newSender(where, getenv, newDialer(roots)), nil
}

// newSender makes the client with what it has by default: endpoint, scheme of signature and request id of our own would
// save a thirtieth of a send's 19 µs in it.
func newSender(where address, getenv func(string) string, d *dialer) *Sender {
	transport := newTransport(d)
	return &Sender{
		queue:     where.queue,
		endpoint:  where.endpoint,
		dialer:    d,
		transport: transport,
		client: sqs.New(sqs.Options{
			Region:       where.region,
			BaseEndpoint: aws.String(where.endpoint),
			Credentials:  lambdaenv.Credentials(getenv),
			HTTPClient:   lambdaenv.NewClient(transport, maxAnswer),
			Retryer:      aws.NopRetryer{}, // the second try is the handler's
		}),
	}
}

var errNoDigest = errors.New("an answer without the digest of the message")

// Send puts body on the queue (SendMessage, Amazon SQS API Reference). It makes one request; net/http repeats it only
// where a kept connection turns out to be closed. The error is always *Error. After a failure the connections that are
// kept idle are closed, so that the next try begins with a new one: Lambda freezes the process between invocations,
// and what was open before may be gone.
//
// group is the MessageGroupId, which turns a standard queue into a fair one: no order, no deduplication (Amazon SQS
// Developer Guide, fair queues). Without a group, or with one that SQS would refuse, the message has none, and SQS
// shares it out as a group of its own.
func (s *Sender) Send(ctx context.Context, body []byte, group string) error {
	in := &sqs.SendMessageInput{QueueUrl: &s.queue, MessageBody: aws.String(string(body))}
	if validGroup(group) {
		in.MessageGroupId = &group
	}
	out, err := s.client.SendMessage(ctx, in)
	if err == nil && out.MD5OfMessageBody == nil {
		err = errNoDigest // the client compares the digest, but only where there is one
	}
	if err != nil {
		s.transport.CloseIdleConnections()
		return classify(err)
	}
	return nil
}

// validGroup tells whether SQS takes a MessageGroupId: 1 to 128 letters, digits and punctuation marks of ASCII (Amazon
// SQS API Reference, SendMessage).
func validGroup(group string) bool {
	return group != "" && len(group) <= 128 && !strings.ContainsFunc(group, func(r rune) bool { return r < '!' || r > '~' })
}
