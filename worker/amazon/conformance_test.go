package amazon_test

import (
	"context"
	"crypto/rand"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/workertest"
)

// outsider names an SQS endpoint that we did not write, for instance http://127.0.0.1:4566.
const outsider = "POSTCONFIRM_TEST_SQS"

func TestQueueOnTheLocalCloud(t *testing.T) {
	workertest.Queue(t, synctest.Test, func(t *testing.T) workertest.QueueHarness {
		cloud := localcloud.New(nil)
		cloud.Register(cloudsqs.New(nil))
		return harness(t, &amazon.ConnectOptions{LocalCloud: "http://local.test", HTTPClient: cloud}, time.Minute, 20*time.Second)
	})
}

func TestQueueOnAnOutsider(t *testing.T) {
	endpoint := os.Getenv(outsider)
	if endpoint == "" {
		t.Logf("%s is not set: the queue was held against the local cloud only", outsider)
		return
	}
	inRealTime := func(t *testing.T, sentence func(t *testing.T)) {
		t.Parallel()
		sentence(t)
	}
	workertest.Queue(t, inRealTime, func(t *testing.T) workertest.QueueHarness {
		h := harness(t, &amazon.ConnectOptions{LocalCloud: endpoint}, 4*time.Second, time.Second)
		h.Slack, h.Plane0 = 800*time.Millisecond, true // fauxqs refuses an emoji
		return h
	})
}

// harness makes two queues and a worker's view of them.
func harness(t *testing.T, o *amazon.ConnectOptions, visibility, poll time.Duration) workertest.QueueHarness {
	t.Helper()
	o.Region = "eu-west-1"
	c, err := amazon.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	queue, dlq := makeQueue(t, c), makeQueue(t, c)
	return workertest.QueueHarness{
		Queue:       amazon.NewQueue(c.SQS, queue, &amazon.QueueOptions{Wait: poll, Visibility: visibility}),
		DeadLetters: amazon.NewDeadLetters(c.SQS, dlq),
		Visibility:  visibility, Poll: poll,
		Send: func(ctx context.Context, body string) error {
			_, err := c.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body})
			return err
		},
		Letters: func(ctx context.Context) ([]worker.Letter, error) { return letters(ctx, c, dlq) },
	}
}

func makeQueue(t *testing.T, c *amazon.Clients) string {
	t.Helper()
	q, err := c.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("conformance-" + rand.Text())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.SQS.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: q.QueueUrl}); err != nil {
			t.Error(err)
		}
	})
	return *q.QueueUrl
}

// letters reads dead letters as a script would: by the names of their message attributes.
func letters(ctx context.Context, c *amazon.Clients, url string) (all []worker.Letter, err error) {
	out, err := c.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
		MessageAttributeNames: []string{"All"}})
	if err != nil {
		return nil, err
	}
	for _, m := range out.Messages {
		all = append(all, worker.Letter{Body: []byte(*m.Body), Reason: attribute(m, "reason"), Run: attribute(m, "run"),
			Step: attribute(m, "step"), Class: attribute(m, "class"), Attempts: number(m, "attempts"), Reopens: number(m, "reopens"),
			Pipeline: attribute(m, "pipeline")})
	}
	return all, nil
}

func attribute(m types.Message, name string) string {
	return aws.ToString(m.MessageAttributes["postconfirm_"+name].StringValue)
}

func number(m types.Message, name string) int {
	n, err := strconv.Atoi(attribute(m, name))
	if err != nil {
		return 0
	}
	return n
}
