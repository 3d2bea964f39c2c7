package amazon

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// feedTimeout bounds a send.
const feedTimeout = 10 * time.Second

// Feed puts messages on an SQS queue. It is safe for concurrent use.
type Feed struct {
	client *sqs.Client
	url    string
}

// NewFeed makes a Feed.
func NewFeed(client *sqs.Client, url string) *Feed { return &Feed{client, url} }

// Feed is one SendMessageBatch, of up to ten bodies. SQS answers for each of them (Amazon SQS API reference,
// SendMessageBatch): those it did not take stand in failed.
func (f *Feed) Feed(ctx context.Context, bodies [][]byte) (failed []int, err error) {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	entries := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i, body := range bodies {
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(string(body))}
	}
	out, err := f.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &f.url, Entries: entries})
	if err != nil {
		return nil, fmt.Errorf("sqs: send: %w", classify(err))
	}
	taken := map[string]bool{}
	for _, one := range out.Successful {
		taken[aws.ToString(one.Id)] = true
	}
	for i := range bodies { // one of which nothing is said was not taken either
		if !taken[strconv.Itoa(i)] {
			failed = append(failed, i)
		}
	}
	return failed, nil
}
