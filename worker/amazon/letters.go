package amazon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker"
)

// LettersOptions are the settings of Letters; nil and zero mean the defaults.
type LettersOptions struct {
	// Visibility is how long a letter stays hidden if nobody shows it again, because the program was killed; 2 min. A
	// look that takes longer meets letters twice, and passes over those it knows.
	Visibility time.Duration
	Wait       time.Duration    // of one poll; 1s. A poll of a second or more asks all of the queue's servers
	Now        func() time.Time // time.Now
}

// Letters looks into a dead-letter queue without taking anything out of it: letters are received, and shown again when
// the look is over. Meanwhile nobody else receives them, and each look raises their receive counts, which matters to
// a dead-letter queue that has a redrive policy itself. It is safe for concurrent use, but two looks at the same time
// see a part of the letters each.
type Letters struct {
	client  *sqs.Client
	url     string
	options LettersOptions
}

// NewLetters makes a Letters; o may be nil.
func NewLetters(client *sqs.Client, url string, o *LettersOptions) *Letters {
	l := &Letters{client: client, url: url}
	if o != nil {
		l.options = *o
	}
	if l.options.Visibility == 0 {
		l.options.Visibility = 2 * time.Minute
	}
	if l.options.Wait == 0 {
		l.options.Wait = time.Second
	}
	if l.options.Now == nil {
		l.options.Now = time.Now
	}
	return l
}

// quietPolls is how many polls without a letter that is new end a look. A long poll asks all servers (SQS developer
// guide, "Amazon SQS short and long polling"), so one should do; what others hide for a moment may come in the second.
const quietPolls = 2

// Each calls f with the letters that can be received, each once, at most limit of them, in no order. It ends with the
// first error of f. However it ends, all letters are shown again that f has not deleted; while f runs, the letter's
// receipt is good for Delete, and most likely afterwards, until somebody else receives it. When ctx ends, the poll that is
// under way is waited for, so that no letter stays hidden.
func (l *Letters) Each(ctx context.Context, limit int, f func(worker.KeptLetter) error) (err error) {
	receipts := map[string]string{} // the last one of each letter
	defer func() {
		if failed := l.show(context.WithoutCancel(ctx), receipts); err == nil {
			err = failed
		}
	}()
	for quiet := 0; len(receipts) < limit && quiet < quietPolls; quiet++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch, err := l.receive(context.WithoutCancel(ctx), min(10, limit-len(receipts)))
		if err != nil {
			return err
		}
		var fresh []worker.KeptLetter
		for _, letter := range batch {
			if _, known := receipts[letter.ID]; !known {
				fresh = append(fresh, letter)
			}
			receipts[letter.ID] = letter.Receipt
		}
		for _, letter := range fresh {
			quiet = -1
			if err := f(letter); err != nil {
				return err
			}
		}
	}
	return nil
}

// receive is one poll.
func (l *Letters) receive(ctx context.Context, most int) ([]worker.KeptLetter, error) {
	ctx, cancel := context.WithTimeout(ctx, l.options.Wait+10*time.Second)
	defer cancel()
	out, err := l.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:              &l.url,
		MaxNumberOfMessages:   int32(most),
		WaitTimeSeconds:       int32(l.options.Wait / time.Second),
		VisibilityTimeout:     int32(l.options.Visibility / time.Second),
		MessageAttributeNames: []string{"postconfirm_.*"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp},
	})
	if err != nil {
		return nil, fmt.Errorf("sqs: receive dead letters: %w", classify(err))
	}
	batch := make([]worker.KeptLetter, len(out.Messages))
	for i, m := range out.Messages {
		batch[i] = l.kept(m)
	}
	return batch, nil
}

// kept reads a letter the way DeadLetters writes it.
func (l *Letters) kept(m types.Message) worker.KeptLetter {
	says := func(name string) string { return aws.ToString(m.MessageAttributes["postconfirm_"+name].StringValue) }
	counts := func(name string) int { n, _ := strconv.Atoi(says(name)); return max(0, n) }
	return worker.KeptLetter{
		Letter: worker.Letter{Body: []byte(aws.ToString(m.Body)), Reason: says("reason"), Run: says("run"), Step: says("step"),
			Class: says("class"), Attempts: counts("attempts"), Reopens: counts("reopens"), Pipeline: says("pipeline")},
		Ours: says("reason") != "", Altered: says("body") != "",
		ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle),
		Sent: sent(m, l.options.Now()), Receives: number(m, types.MessageSystemAttributeNameApproximateReceiveCount),
	}
}

// show makes letters visible at once, ten in a call. One that can't be shown is gone, or comes back by itself.
func (l *Letters) show(ctx context.Context, receipts map[string]string) error {
	for batch := range slices.Chunk(slices.Collect(maps.Values(receipts)), 10) {
		if err := l.showBatch(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// showBatch is one ChangeMessageVisibilityBatch.
func (l *Letters) showBatch(ctx context.Context, receipts []string) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(receipts))
	for i := range receipts {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipts[i]}
	}
	_, err := l.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &l.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("sqs: show dead letters: %w", classify(err))
	}
	return nil
}

// Delete removes letters by their receipts, ten in a call. failed are the receipts whose letters remain, most likely
// because somebody else has received them since; with an error, those that were not tried as well. What is deleted twice
// is no failure (SQS API reference, DeleteMessage).
func (l *Letters) Delete(ctx context.Context, receipts []string) (failed []string, err error) {
	tried := 0
	for batch := range slices.Chunk(receipts, 10) {
		left, err := l.deleteBatch(ctx, batch)
		if err != nil {
			return append(failed, receipts[tried:]...), err
		}
		tried += len(batch)
		failed = append(failed, left...)
	}
	return failed, nil
}

// deleteBatch is one DeleteMessageBatch.
func (l *Letters) deleteBatch(ctx context.Context, receipts []string) (failed []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(receipts))
	for i := range receipts {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &receipts[i]}
	}
	out, err := l.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &l.url, Entries: entries})
	if err != nil {
		return nil, fmt.Errorf("sqs: delete dead letters: %w", classify(err))
	}
	for _, f := range out.Failed {
		if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i >= 0 && i < len(receipts) {
			failed = append(failed, receipts[i])
		}
	}
	return failed, nil
}
