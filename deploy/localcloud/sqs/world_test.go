package sqs_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// world is the real SDK in front of the fake, without sockets.
type world struct {
	*testing.T
	sdk *sqs.Client
}

// play runs a test in virtual time, with an account of its own.
func play(t *testing.T, o *local.Options, f func(w world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(world{t, client(o)}) })
}

func client(o *local.Options) *sqs.Client {
	cloud := localcloud.New(nil)
	cloud.Register(local.New(o))
	return connect(cloud, "http://local.test")
}

func connect(http sqs.HTTPClient, endpoint string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(endpoint), HTTPClient: http, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// attributes are queue attributes by name.
type attributes map[string]string

func (w world) queue(name string, a attributes) string {
	w.Helper()
	out, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: a})
	if err != nil {
		w.Fatal(err)
	}
	return *out.QueueUrl
}

// deadLetters makes a queue whose messages go to another one after so many receives.
func (w world) deadLetters(name, target string, receives int, a attributes) string {
	w.Helper()
	policy, err := json.Marshal(map[string]any{"deadLetterTargetArn": w.attribute(target, "QueueArn"), "maxReceiveCount": receives})
	if err != nil {
		w.Fatal(err)
	}
	with := attributes{"RedrivePolicy": string(policy)}
	for name, value := range a {
		with[name] = value
	}
	return w.queue(name, with)
}

func (w world) set(queue string, a attributes) {
	w.Helper()
	if _, err := w.sdk.SetQueueAttributes(w.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &queue, Attributes: a}); err != nil {
		w.Fatal(err)
	}
}

func (w world) attribute(queue, name string) string {
	w.Helper()
	out, err := w.sdk.GetQueueAttributes(w.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: &queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeName(name)},
	})
	if err != nil {
		w.Fatal(err)
	}
	return out.Attributes[name]
}

// counts tells how many messages are visible, in flight and delayed.
func (w world) counts(queue string) [3]int {
	w.Helper()
	var counts [3]int
	for i, name := range []string{"", "NotVisible", "Delayed"} {
		n, err := strconv.Atoi(w.attribute(queue, "ApproximateNumberOfMessages"+name))
		if err != nil {
			w.Fatal(err)
		}
		counts[i] = n
	}
	return counts
}

func (w world) wantCounts(queue string, visible, inFlight, delayed int) {
	w.Helper()
	if got, want := w.counts(queue), [3]int{visible, inFlight, delayed}; got != want {
		w.Errorf("visible, in flight, delayed: %v, want %v", got, want)
	}
}

func (w world) send(queue string, bodies ...string) {
	w.Helper()
	for _, body := range bodies {
		if _, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}); err != nil {
			w.Fatal(err)
		}
	}
}

// receive asks for ten messages, waiting so many seconds at most; 0 leaves it to the queue.
func (w world) receive(queue string, wait int32) []types.Message {
	w.Helper()
	return w.receiveIn(w.Context(), queue, wait)
}

func (w world) receiveIn(ctx context.Context, queue string, wait int32) []types.Message {
	w.Helper()
	out, err := w.sdk.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: wait,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		w.Fatal(err)
	}
	return out.Messages
}

// want receives exactly these bodies, in order, and gives back the messages.
func (w world) want(queue string, wait int32, bodies ...string) []types.Message {
	w.Helper()
	got := w.receive(queue, wait)
	if texts := bodiesOf(got); !slices.Equal(texts, bodies) {
		w.Fatalf("received %q, want %q", texts, bodies)
	}
	return got
}

func bodiesOf(messages []types.Message) []string {
	var texts []string
	for _, m := range messages {
		texts = append(texts, *m.Body)
	}
	return texts
}

func (w world) delete(queue string, m types.Message) {
	w.Helper()
	if _, err := w.sdk.DeleteMessage(w.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
		w.Fatal(err)
	}
}

func (w world) hide(queue string, m types.Message, seconds int32) error {
	_, err := w.sdk.ChangeMessageVisibility(w.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds,
	})
	return err
}

// wantError holds an error to one of the SDK's types.
func wantError[E error](w world, err error) {
	w.Helper()
	if target := *new(E); !errors.As(err, &target) {
		w.Errorf("got %v, want %T", err, target)
	}
}

// wantCode holds an error that has no type of its own to its code.
func wantCode(w world, err error, code string) {
	w.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || e.ErrorFault() != smithy.FaultClient {
		w.Errorf("got %v, want a client's %s", err, code)
	}
}
