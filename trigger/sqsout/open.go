package sqsout

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/trigger"
)

// Open is FromEnvironment for a process that is about to serve: besides, it opens the connection to SQS, TLS included,
// and goes through the motions of one send. It waits for that for at most half a second, and never fails because of it:
// what isn't ready by then gets ready beside the first event, whose send waits for this connection and opens none of its
// own. Nothing is sent to SQS.
//
// Lambda starts a function with more CPU than the smaller ones have while they serve; there, a handshake in the first
// event takes ten times as long as here.
func Open(ctx context.Context, getenv func(string) string, log io.Writer) (*trigger.Handler, error) {
	sender, options, err := assemble(getenv, log)
	if err != nil {
		return nil, err
	}
	sender.open(ctx)
	return trigger.New(sender, options), nil
}

// open begins the connection and waits for it within its limit. On one thread, the work fits into its waits: the roots
// are read while the server answers to TCP, and the send is rehearsed while it answers to TLS.
func (s *Sender) open(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	done := s.connect()
	runtime.Gosched()      // the connection first
	s.dialer.trust.roots() // read once
	select {
	case <-s.dialer.reached:
	case <-done:
	case <-ctx.Done():
	}
	_ = s.rehearse(ctx) // a key that is missing will be told by the first send
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// connect opens the connection of the first send. Behind a proxy there is none to open: the transport asks the proxy
// for it, send by send.
func (s *Sender) connect() (done <-chan struct{}) {
	none := make(chan struct{})
	close(none)
	endpoint, err := url.Parse(s.endpoint)
	if err != nil {
		return none
	}
	if proxy, err := s.transport.Proxy(&http.Request{URL: endpoint}); proxy != nil || err != nil {
		return none
	}
	open, port := s.dialer.dial, "80"
	if endpoint.Scheme == "https" {
		open, port = s.dialer.trusted, "443"
	}
	if endpoint.Port() != "" {
		port = endpoint.Port()
	}
	address := net.JoinHostPort(endpoint.Hostname(), port)
	return s.dialer.early.begin(address, func() (net.Conn, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 4*connectLimit) // the roots may be asked twice
		defer cancel()
		return open(ctx, "tcp", address)
	})
}

// rehearse makes a send that reaches nobody: what the SDK and its signer set up at first use is there afterwards.
func (s *Sender) rehearse(ctx context.Context) error {
	in := &sqs.SendMessageInput{QueueUrl: &s.queue, MessageBody: aws.String("{}")}
	_, err := s.client.SendMessage(ctx, in, func(o *sqs.Options) { o.HTTPClient = stage{} })
	return err
}

// stage answers a SendMessage whose body is {} as SQS does.
type stage struct{}

func (stage) Do(r *http.Request) (*http.Response, error) {
	const text = `{"MessageId":"00000000-0000-4000-8000-000000000000","MD5OfMessageBody":"99914b932bd37a50b983c5e7c90ae93b"}`
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:   io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)),
	}, nil
}
