//go:build unix

package kill

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// TestTheFrontSeesWhatTheSDKDoes plays the worker's calls through the sockets, as the real adapters make them.
func TestTheFrontSeesWhatTheSDKDoes(t *testing.T) {
	ctx := t.Context()
	w, err := NewWorld(ctx, Options{Program: "none"})
	must(t, err)
	defer func() { must(t, w.Close()) }()
	people, err := w.feed(ctx, 1, func(int) string { return plain })
	must(t, err)
	p := people[0]
	c, err := amazon.Connect(ctx, &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: w.url})
	must(t, err)
	queue := amazon.NewQueue(c.SQS, w.queue, nil)

	batch, err := queue.Receive(ctx)
	must(t, err)
	if len(batch) != 1 || p.Receives != 1 || len(w.Facts.held()) != 1 || w.Facts.holder(batch[0].Receipt) != p.Key {
		t.Fatalf("received %d, noted %+v", len(batch), p)
	}
	must(t, w.show(ctx))
	if visible, _, err := w.left(ctx); err != nil || visible != 1 {
		t.Errorf("shown: %d visible, %v", visible, err)
	}
	again, err := queue.Receive(ctx)
	must(t, err)
	must(t, amazon.NewDirectory(c.Cognito).Write(ctx, w.pool, p.Sub, []worker.Value{{Name: attribute, Text: "7"}}))
	must(t, amazon.NewDeadLetters(c.SQS, w.dlq).Send(ctx, worker.Letter{Body: []byte("x"), Run: p.Key, Reason: "http_400"}))
	_, err = queue.Delete(ctx, again)
	must(t, err)
	if len(p.Writes) != 1 || p.Writes[0] != 7 || p.Letters != 1 || !p.Deleted || p.Receives != 2 || len(w.Facts.held()) != 0 {
		t.Errorf("noted %+v", p)
	}
	if len(w.Facts.early) != 1 || !strings.Contains(w.Facts.early[0], p.Key) {
		t.Errorf("a delete without a ledger: noted %q", w.Facts.early)
	}
	if _, err := c.SQS.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &w.dlq}); err != nil {
		t.Error("what is not watched is answered, too:", err)
	}
}

func TestAVictimThatCannotStartIsAnError(t *testing.T) {
	w, err := NewWorld(t.Context(), Options{Program: "/nowhere/worker"})
	must(t, err)
	defer func() { must(t, w.Close()) }()
	if _, err := w.start(failpoint.Orders{}); err == nil {
		t.Error("it started")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
