package amazon_test

import (
	"testing"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

func queue(t *testing.T, w *wire) *amazon.Queue {
	t.Helper()
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w, LocalCloud: "http://local.test"})
	if err != nil {
		t.Fatal(err)
	}
	return amazon.NewQueue(c.SQS, "http://local.test/000000000000/confirmed", nil)
}

func TestOddAnswersOfTheQueue(t *testing.T) {
	const kind = "application/x-amz-json-1.0"
	t.Run("C5-120 a body that does not match its checksum is not worked on", func(t *testing.T) {
		w := &wire{answer: says(200, kind, `{"Messages":[{"MessageId":"1","ReceiptHandle":"r","Body":"{}","MD5OfBody":"00000000000000000000000000000000"}]}`)}
		if batch, err := queue(t, w).Receive(t.Context()); err == nil || len(batch) != 0 {
			t.Errorf("got %v, %v", batch, err)
		}
	})
	t.Run("C5-116 counts and times that are no numbers are tolerated", func(t *testing.T) {
		w := &wire{answer: says(200, kind, `{"Messages":[{"MessageId":"1","ReceiptHandle":"r","Body":"x","MD5OfBody":"9dd4e461268c8034f5c8564e155c67a6",
			"Attributes":{"ApproximateReceiveCount":"abc","SentTimestamp":"soon"}}]}`)}
		batch, err := queue(t, w).Receive(t.Context())
		if err != nil || len(batch) != 1 || batch[0].Receives != 0 || !batch[0].Sent.Equal(batch[0].ReceivedAt) {
			t.Errorf("got %+v, %v", batch, err)
		}
	})
	t.Run("an answer without messages is none", func(t *testing.T) {
		if batch, err := queue(t, &wire{answer: says(200, kind, `{}`)}).Receive(t.Context()); err != nil || len(batch) != 0 {
			t.Errorf("got %v, %v", batch, err)
		}
	})
	t.Run("an HTML page is an error, not an empty queue", func(t *testing.T) {
		if _, err := queue(t, &wire{answer: says(200, "text/html", "<html>")}).Receive(t.Context()); err == nil {
			t.Error("it was taken for an answer")
		}
	})
}
