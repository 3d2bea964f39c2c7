package amazon

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// What one SendMessageBatch takes: ten messages, and 1 MiB in all (SendMessageBatch, Amazon SQS API reference). We stay
// below the 256 KiB of before, which servers that are not AWS's may still have.
const (
	maxBatch      = 10
	maxBatchBytes = 256 << 10
)

// Sender puts messages on the worker's queue, for operators' programs. It is safe for concurrent use.
type Sender struct {
	client *sqs.Client
	url    string
}

// NewSender makes a Sender.
func NewSender(client *sqs.Client, url string) *Sender { return &Sender{client, url} }

// Send sends the bodies, ten in one call where they fit. unsent are the indices of those that the queue is not known to
// have, with the reason of the last; after a lost answer it may have them all the same. It tries once.
func (s *Sender) Send(ctx context.Context, bodies [][]byte) (unsent []int, err error) {
	for first := 0; first < len(bodies); {
		last := fitting(bodies, first)
		failed, failure := s.batch(ctx, bodies, first, last)
		if failure != nil {
			unsent, err = append(unsent, failed...), failure
		}
		first = last
	}
	return unsent, err
}

// fitting is the end of the batch that begins at first.
func fitting(bodies [][]byte, first int) (last int) {
	size := 0
	for last = first; last < len(bodies) && last-first < maxBatch; last++ {
		if size += len(bodies[last]); size > maxBatchBytes && last > first {
			break
		}
	}
	return last
}

func (s *Sender) batch(ctx context.Context, bodies [][]byte, first, last int) (failed []int, err error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &s.url}
	for i := first; i < last; i++ {
		in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(bodies[i]))})
	}
	out, err := s.client.SendMessageBatch(ctx, in)
	if err != nil {
		for i := first; i < last; i++ {
			failed = append(failed, i)
		}
		return failed, fmt.Errorf("sqs: send: %w", classify(err))
	}
	return unconfirmed(out, first, last)
}

// unconfirmed are the messages of a batch that the answer does not name as sent.
func unconfirmed(out *sqs.SendMessageBatchOutput, first, last int) (failed []int, err error) {
	sent := map[string]bool{}
	for _, ok := range out.Successful {
		sent[aws.ToString(ok.Id)] = true
	}
	code := "not named in the answer"
	for _, f := range out.Failed {
		code = aws.ToString(f.Code)
	}
	for i := first; i < last; i++ {
		if !sent[strconv.Itoa(i)] {
			failed = append(failed, i)
		}
	}
	if len(failed) > 0 {
		err = fmt.Errorf("sqs: send: %w", errors.New(code))
	}
	return failed, err
}
