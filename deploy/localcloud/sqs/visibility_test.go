package sqs_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

func TestVisibility(t *testing.T) {
	t.Run("a received message is hidden for the queue's timeout, and counted", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			first := w.want(q, 0, "a")[0]
			w.wantCounts(q, 0, 1, 0)
			time.Sleep(30*time.Second - time.Nanosecond)
			w.want(q, 0)
			time.Sleep(time.Nanosecond)
			w.wantCounts(q, 1, 0, 0)
			second := w.want(q, 0, "a")[0]
			if *first.ReceiptHandle == *second.ReceiptHandle {
				w.Error("two receives have one receipt handle")
			}
			if n := second.Attributes["ApproximateReceiveCount"]; n != "2" {
				w.Errorf("the second receive says it is number %s", n)
			}
			if a, b := first.Attributes["ApproximateFirstReceiveTimestamp"], second.Attributes["ApproximateFirstReceiveTimestamp"]; a != b {
				w.Errorf("the first receive was at %s, then at %s", a, b)
			}
		})
	})
	t.Run("a change counts from the call and holds for that receive only", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			m := w.want(q, 0, "a")[0]
			time.Sleep(15 * time.Second)
			if err := w.hide(q, m, 60); err != nil {
				w.Fatal(err)
			}
			start := time.Now()
			time.Sleep(50 * time.Second)
			w.want(q, 20, "a")
			if hidden := time.Since(start); hidden != 60*time.Second {
				w.Errorf("hidden for %v after the change, want 60s", hidden)
			}
			start = time.Now()
			time.Sleep(20 * time.Second)
			w.want(q, 20, "a")
			if hidden := time.Since(start); hidden != 30*time.Second {
				w.Errorf("hidden for %v at the next receive, want the queue's 30s", hidden)
			}
		})
	})
	t.Run("a change to zero shows the message at once", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			if err := w.hide(q, w.want(q, 0, "a")[0], 0); err != nil {
				w.Fatal(err)
			}
			w.wantCounts(q, 1, 0, 0)
			w.want(q, 0, "a")
		})
	})
	t.Run("a receive can hide nothing longer than twelve hours in all", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			time.Sleep(time.Hour)
			m := w.want(q, 0, "a")[0]
			time.Sleep(10 * time.Second)
			wantCode(w, w.hide(q, m, 43_200), "InvalidParameterValue")
			if err := w.hide(q, m, 43_190); err != nil {
				w.Errorf("up to the limit: %v", err)
			}
			time.Sleep(11 * time.Hour)
			wantCode(w, w.hide(q, m, 3_600), "InvalidParameterValue")
			w.wantCounts(q, 0, 1, 0)
			time.Sleep(time.Hour)
			w.want(q, 0, "a")
		})
	})
	t.Run("a message can be received in a row when its timeout is zero, but not twice in one call", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", attributes{"VisibilityTimeout": "0"})
			w.send(q, "a")
			w.want(q, 0, "a")
			w.want(q, 0, "a")
		})
	})
	t.Run("the caller's own timeout comes before the queue's", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			if _, err := w.sdk.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q, VisibilityTimeout: 5}); err != nil {
				w.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			w.want(q, 0, "a")
		})
	})
}

func TestReceipts(t *testing.T) {
	t.Run("the latest receipt deletes even after its time is up", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			m := w.want(q, 0, "a")[0]
			time.Sleep(time.Minute)
			w.wantCounts(q, 1, 0, 0)
			w.delete(q, m)
			w.wantCounts(q, 0, 0, 0)
		})
	})
	t.Run("an old receipt is told yes and deletes nothing", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			old := w.want(q, 0, "a")[0]
			time.Sleep(time.Minute)
			w.want(q, 0, "a")
			w.delete(q, old)
			w.wantCounts(q, 0, 1, 0)
			wantError[*types.MessageNotInflight](w, w.hide(q, old, 60))
		})
	})
	t.Run("a message is deleted once, and may be deleted again", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			m := w.want(q, 0, "a")[0]
			w.delete(q, m)
			w.delete(q, m)
			w.wantCounts(q, 0, 0, 0)
			wantCode(w, w.hide(q, m, 60), "InvalidParameterValue")
		})
	})
	t.Run("an expired receipt can't hide the message again", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			m := w.want(q, 0, "a")[0]
			time.Sleep(30 * time.Second)
			wantError[*types.MessageNotInflight](w, w.hide(q, m, 60))
			w.wantCounts(q, 1, 0, 0)
		})
	})
	t.Run("made-up receipts, and those of another queue, are invalid", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, other := w.queue("q", nil), w.queue("other", nil)
			w.send(other, "a")
			foreign := *w.want(other, 0, "a")[0].ReceiptHandle
			w.send(q, "b")
			own, err := base64.StdEncoding.DecodeString(*w.want(q, 0, "b")[0].ReceiptHandle)
			if err != nil {
				w.Fatal(err)
			}
			next := base64.StdEncoding.EncodeToString(append(own[:len(own)-1], '2')) // a receive that is still to come
			for _, handle := range []string{"garbage", "cjE6MTox", "cjE6MToxOjE=\n", "cjE6MTowMToxCg==", foreign, next} {
				_, err := w.sdk.DeleteMessage(w.Context(), &sqs.DeleteMessageInput{QueueUrl: &q, ReceiptHandle: &handle})
				wantError[*types.ReceiptHandleIsInvalid](w, err)
				wantError[*types.ReceiptHandleIsInvalid](w, w.hide(q, types.Message{ReceiptHandle: &handle}, 1))
			}
		})
	})
	t.Run("a queue of the same name doesn't know the receipts of the one before", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a")
			m := w.want(q, 0, "a")[0]
			if _, err := w.sdk.DeleteQueue(w.Context(), &sqs.DeleteQueueInput{QueueUrl: &q}); err != nil {
				w.Fatal(err)
			}
			time.Sleep(time.Minute)
			w.queue("q", nil)
			wantError[*types.ReceiptHandleIsInvalid](w, w.hide(q, m, 60))
		})
	})
}

func TestReceiptBatches(t *testing.T) {
	play(t, nil, func(w world) {
		q := w.queue("q", nil)
		w.send(q, "a", "b", "c")
		got := w.want(q, 0, "a", "b", "c")
		w.delete(q, got[2])

		hidden, err := w.sdk.ChangeMessageVisibilityBatch(w.Context(), &sqs.ChangeMessageVisibilityBatchInput{
			QueueUrl: &q, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle},
				{Id: aws.String("c"), ReceiptHandle: got[2].ReceiptHandle, VisibilityTimeout: 5},
				{Id: aws.String("d"), ReceiptHandle: aws.String("garbage"), VisibilityTimeout: 5},
				{Id: aws.String("e"), ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 43_201},
			},
		})
		if err != nil {
			w.Fatal(err)
		}
		if len(hidden.Successful) != 1 || *hidden.Successful[0].Id != "a" {
			w.Errorf("hidden: %v", hidden.Successful)
		}
		want := map[string]string{"c": "InvalidParameterValue", "d": "ReceiptHandleIsInvalid", "e": "InvalidParameterValue"}
		if diff := cmp.Diff(want, codes(hidden.Failed)); diff != "" {
			w.Errorf("not hidden (-want +got):\n%s", diff)
		}
		w.wantCounts(q, 1, 1, 0)

		deleted, err := w.sdk.DeleteMessageBatch(w.Context(), &sqs.DeleteMessageBatchInput{
			QueueUrl: &q, Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: aws.String("a"), ReceiptHandle: got[0].ReceiptHandle},
				{Id: aws.String("b"), ReceiptHandle: got[1].ReceiptHandle},
				{Id: aws.String("c"), ReceiptHandle: got[2].ReceiptHandle},
				{Id: aws.String("d"), ReceiptHandle: aws.String("garbage")},
			},
		})
		if err != nil {
			w.Fatal(err)
		}
		if len(deleted.Successful) != 3 {
			w.Errorf("deleted: %v", deleted.Successful)
		}
		if diff := cmp.Diff(map[string]string{"d": "ReceiptHandleIsInvalid"}, codes(deleted.Failed)); diff != "" {
			w.Errorf("not deleted (-want +got):\n%s", diff)
		}
		w.wantCounts(q, 0, 0, 0)
	})
}

// codes are the codes of failed entries by id; all of these are the sender's fault.
func codes(failed []types.BatchResultErrorEntry) map[string]string {
	codes := map[string]string{}
	for _, f := range failed {
		codes[*f.Id] = *f.Code
		if !f.SenderFault || f.Message == nil {
			codes[*f.Id] += " (not the sender's fault, or without a message)"
		}
	}
	return codes
}
