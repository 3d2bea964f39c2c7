package sqs_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
)

func TestRedrive(t *testing.T) {
	t.Run("a message is dead when one more receive would exceed the limit, hours later", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead := w.queue("dead", nil)
			q := w.deadLetters("q", dead, 3, attributes{"VisibilityTimeout": "14400"})
			sent := time.Now()
			w.send(q, "poison")
			id := ""
			for try := 1; try <= 3; try++ {
				m := w.want(q, 0, "poison")[0]
				if id = *m.MessageId; m.Attributes["ApproximateReceiveCount"] != strconv.Itoa(try) {
					w.Errorf("try %d says it is number %s", try, m.Attributes["ApproximateReceiveCount"])
				}
				time.Sleep(4 * time.Hour)
			}
			w.wantCounts(dead, 0, 0, 0)
			w.want(q, 0)
			w.wantCounts(q, 0, 0, 0)

			m := w.want(dead, 0, "poison")[0]
			want := map[string]string{
				"SenderId": "AIDALOCALCLOUD0000000", "SentTimestamp": millis(sent), "ApproximateReceiveCount": "4",
				"ApproximateFirstReceiveTimestamp": millis(sent), "DeadLetterQueueSourceArn": w.attribute(q, "QueueArn"),
			}
			if diff := cmp.Diff(want, m.Attributes); diff != "" {
				w.Errorf("the dead message's attributes (-want +got):\n%s", diff)
			}
			if *m.MessageId != id {
				w.Error("the dead message has another id")
			}
		})
	})
	t.Run("a dead message keeps its enqueue time, so its retention runs on", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead := w.queue("dead", attributes{"MessageRetentionPeriod": "7200"})
			q := w.deadLetters("q", dead, 1, attributes{"VisibilityTimeout": "3600"})
			w.send(q, "poison")
			w.want(q, 0, "poison")
			time.Sleep(time.Hour)
			w.want(q, 0)
			w.wantCounts(dead, 1, 0, 0)
			time.Sleep(time.Hour)
			w.wantCounts(dead, 0, 0, 0)
		})
	})
	t.Run("who waits at the dead-letter queue is woken", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead := w.queue("dead", nil)
			q := w.deadLetters("q", dead, 1, attributes{"VisibilityTimeout": "5"})
			w.send(q, "poison")
			w.want(q, 0, "poison")
			var other sync.WaitGroup
			defer other.Wait()
			other.Go(func() { w.want(q, 20) })
			start := time.Now()
			w.want(dead, 20, "poison")
			if waited := time.Since(start); waited != 5*time.Second {
				w.Errorf("waited %v, want 5s", waited)
			}
		})
	})
	t.Run("what is dead doesn't stop what is alive behind it", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead := w.queue("dead", nil)
			q := w.deadLetters("q", dead, 1, nil)
			w.send(q, "poison")
			w.want(q, 0, "poison")
			time.Sleep(30 * time.Second)
			w.send(q, "alive")
			w.want(q, 0, "alive")
			w.wantCounts(dead, 1, 0, 0)
		})
	})
	t.Run("a chain counts anew in each queue", func(t *testing.T) {
		play(t, nil, func(w world) {
			last := w.queue("last", nil)
			middle := w.deadLetters("middle", last, 1, attributes{"VisibilityTimeout": "0"})
			first := w.deadLetters("first", middle, 1, attributes{"VisibilityTimeout": "0"})
			w.send(first, "a")
			for _, q := range []string{first, middle} {
				w.want(q, 0, "a")
				w.want(q, 0)
			}
			w.want(last, 0, "a")
		})
	})
	t.Run("a receipt of the source is worth nothing once the message is dead", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead := w.queue("dead", nil)
			q := w.deadLetters("q", dead, 1, nil)
			w.send(q, "poison")
			m := w.want(q, 0, "poison")[0]
			time.Sleep(30 * time.Second)
			w.want(q, 0)
			w.delete(q, m)
			wantCode(w, w.hide(q, m, 60), "InvalidParameterValue")
			w.wantCounts(dead, 1, 0, 0)
		})
	})
	t.Run("without a dead-letter queue any more, the message stays", func(t *testing.T) {
		play(t, nil, func(w world) {
			dead := w.queue("dead", nil)
			q := w.deadLetters("q", dead, 1, attributes{"VisibilityTimeout": "0"})
			w.send(q, "poison")
			if _, err := w.sdk.DeleteQueue(w.Context(), &sqs.DeleteQueueInput{QueueUrl: &dead}); err != nil {
				w.Fatal(err)
			}
			for range 5 {
				w.want(q, 0, "poison")
			}
		})
	})
}
