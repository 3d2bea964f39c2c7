// Command small is a program whose calls are known: what derive must find in it, and what it must not.
package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type sender interface {
	Send(ctx context.Context) error
}

// one is put into an interface, and what it calls counts.
type one struct{ client *sqs.Client }

func (o one) Send(ctx context.Context) error {
	_, err := o.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{})
	return err
}

// other has the same method, and nobody makes one.
type other struct{ client *sqs.Client }

func (o *other) Send(ctx context.Context) error {
	_, err := o.client.PurgeQueue(ctx, &sqs.PurgeQueueInput{})
	return err
}

// queues is called through an interface of the caller's.
type queues interface {
	ListQueues(context.Context, *sqs.ListQueuesInput, ...func(*sqs.Options)) (*sqs.ListQueuesOutput, error)
}

func list(ctx context.Context, q queues) error {
	for p := sqs.NewListQueuesPaginator(q.(sqs.ListQueuesAPIClient), &sqs.ListQueuesInput{}); p.HasMorePages(); {
		if _, err := p.NextPage(ctx); err != nil {
			return err
		}
	}
	return nil
}

func never(ctx context.Context, c *sqs.Client) error {
	_, err := c.DeleteQueue(ctx, &sqs.DeleteQueueInput{})
	return err
}

func cut(ctx context.Context, c *sqs.Client) error {
	_, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{})
	return err
}

func main() {
	ctx, client := context.Background(), sqs.New(sqs.Options{})
	var s sender = one{client}
	later := func() error { return s.Send(ctx) }
	_ = later()
	_ = list(ctx, client)
	_ = cut(ctx, client)
}

var _ = never
