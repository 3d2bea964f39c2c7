package amazon

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker"
)

// QueueOptions are the settings of a Queue; zero means the default.
type QueueOptions struct {
	Wait       time.Duration    // of one long poll; 20s, the longest that SQS has
	Visibility time.Duration    // of a received message; 60s
	Now        func() time.Time // time.Now
}

// Queue is an SQS standard queue as the worker sees it. It is safe for concurrent use.
type Queue struct {
	client  *sqs.Client
	url     string
	options QueueOptions
}

// NewQueue makes a Queue; o may be nil.
func NewQueue(client *sqs.Client, url string, o *QueueOptions) *Queue {
	q := &Queue{client: client, url: url}
	if o != nil {
		q.options = *o
	}
	if q.options.Wait == 0 {
		q.options.Wait = 20 * time.Second
	}
	if q.options.Visibility == 0 {
		q.options.Visibility = time.Minute
	}
	if q.options.Now == nil {
		q.options.Now = time.Now
	}
	return q
}

// Visibility is how long a received message stays hidden when nothing is done.
func (q *Queue) Visibility() time.Duration { return q.options.Visibility }

// Receive is one long poll for up to ten messages.
func (q *Queue) Receive(ctx context.Context) ([]worker.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, q.options.Wait+10*time.Second)
	defer cancel()
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            &q.url,
		MaxNumberOfMessages: 10,
		WaitTimeSeconds:     int32(q.options.Wait / time.Second),
		VisibilityTimeout:   int32(q.options.Visibility / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, fmt.Errorf("sqs: receive: %w", classify(err))
	}
	now := q.options.Now()
	batch := make([]worker.Delivery, len(out.Messages))
	for i, m := range out.Messages {
		batch[i] = worker.Delivery{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle),
			Body: []byte(aws.ToString(m.Body)), ReceivedAt: now, Visible: now.Add(q.options.Visibility),
			Sent: sent(m, now), Receives: number(m, types.MessageSystemAttributeNameApproximateReceiveCount)}
	}
	return batch, nil
}

// sent is SQS's own time stamp; a message without a readable one counts as sent now.
func sent(m types.Message, now time.Time) time.Time {
	if ms := number(m, types.MessageSystemAttributeNameSentTimestamp); ms > 0 {
		return time.UnixMilli(int64(ms))
	}
	return now
}

func number(m types.Message, name types.MessageSystemAttributeName) int {
	n, err := strconv.Atoi(m.Attributes[string(name)])
	if err != nil {
		return 0
	}
	return n
}

// Delete is one DeleteMessageBatch.
func (q *Queue) Delete(ctx context.Context, batch []worker.Delivery) ([]worker.Delivery, error) {
	entries := make([]types.DeleteMessageBatchRequestEntry, len(batch))
	for i := range batch {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &batch[i].Receipt}
	}
	out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return batch, fmt.Errorf("sqs: delete: %w", classify(err))
	}
	var failed []worker.Delivery
	for _, f := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i >= 0 && i < len(batch) {
			failed = append(failed, batch[i])
		}
	}
	return failed, nil
}

// Hide is one ChangeMessageVisibility, in whole seconds, rounded up so that nothing shows too early.
func (q *Queue) Hide(ctx context.Context, m worker.Delivery, d time.Duration) error {
	seconds := int32((d + time.Second - 1) / time.Second)
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &m.Receipt, VisibilityTimeout: seconds})
	if err != nil {
		return fmt.Errorf("sqs: change visibility: %w", classify(err))
	}
	return nil
}
