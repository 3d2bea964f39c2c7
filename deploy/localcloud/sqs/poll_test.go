package sqs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

func TestLongPoll(t *testing.T) {
	t.Run("an empty queue keeps a caller for the whole wait, and says nothing", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", nil), time.Now()
			if got := w.receive(q, 20); got != nil {
				w.Errorf("received %v from an empty queue", got)
			}
			if waited := time.Since(start); waited != 20*time.Second {
				w.Errorf("waited %v, want 20s", waited)
			}
		})
	})
	t.Run("a message that is there is returned at once", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", nil), time.Now()
			w.send(q, "a", "b")
			w.want(q, 20, "a", "b")
			if waited := time.Since(start); waited != 0 {
				w.Errorf("waited %v", waited)
			}
		})
	})
	t.Run("a send wakes a waiting caller", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", nil), time.Now()
			time.AfterFunc(7*time.Second, func() { w.send(q, "late") })
			w.want(q, 20, "late")
			if waited := time.Since(start); waited != 7*time.Second {
				w.Errorf("waited %v, want 7s", waited)
			}
		})
	})
	t.Run("a hidden message wakes a waiting caller in the moment when it becomes visible", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", attributes{"VisibilityTimeout": "13"})
			w.send(q, "again")
			w.want(q, 0, "again")
			start := time.Now()
			w.want(q, 20, "again")
			if waited := time.Since(start); waited != 13*time.Second {
				w.Errorf("waited %v, want 13s", waited)
			}
		})
	})
	t.Run("a message that another caller snatches away is watched for all the same", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", attributes{"VisibilityTimeout": "6"}), time.Now()
			var other sync.WaitGroup
			defer other.Wait()
			time.AfterFunc(time.Second, func() {
				other.Add(1)
				defer other.Done()
				w.send(q, "one")
				w.receive(q, 0) // either this caller or the waiting one is first
			})
			w.receive(q, 20)
			w.want(q, 20, "one")
			if waited := time.Since(start); waited != 7*time.Second && waited != 13*time.Second {
				w.Errorf("waited %v, want 7s or 13s", waited)
			}
		})
	})
	t.Run("a shorter visibility timeout wakes a waiting caller earlier", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "again")
			m := w.want(q, 0, "again")[0]
			start := time.Now()
			time.AfterFunc(time.Second, func() {
				if err := w.hide(q, m, 4); err != nil {
					w.Error(err)
				}
			})
			w.want(q, 20, "again")
			if waited := time.Since(start); waited != 5*time.Second {
				w.Errorf("waited %v, want 5s", waited)
			}
		})
	})
	t.Run("a message that becomes visible in the last moment of the wait is still received", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", attributes{"VisibilityTimeout": "20"})
			w.send(q, "again")
			w.want(q, 0, "again")
			w.want(q, 20, "again")
		})
	})
	t.Run("the queue's own wait holds when the caller names none", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", attributes{"ReceiveMessageWaitTimeSeconds": "5"}), time.Now()
			w.want(q, 0)
			if waited := time.Since(start); waited != 5*time.Second {
				w.Errorf("waited %v, want 5s", waited)
			}
		})
	})
	t.Run("deleting the queue ends the wait with an error", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", nil), time.Now()
			time.AfterFunc(time.Second, func() {
				if _, err := w.sdk.DeleteQueue(w.Context(), &sqs.DeleteQueueInput{QueueUrl: &q}); err != nil {
					w.Error(err)
				}
			})
			_, err := w.sdk.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q, WaitTimeSeconds: 20})
			wantError[*types.QueueDoesNotExist](w, err)
			if waited := time.Since(start); waited != time.Second {
				w.Errorf("waited %v, want 1s", waited)
			}
		})
	})
}

func TestManyLongPolls(t *testing.T) {
	t.Run("each message goes to one caller, first come, first served", func(t *testing.T) {
		play(t, nil, func(w world) {
			const callers = 20
			q := w.queue("q", nil)
			var mu sync.Mutex
			var served []int
			for i := range callers {
				go func() {
					if len(w.receive(q, 20)) != 1 {
						w.Errorf("caller %d went away without a message", i)
					}
					mu.Lock()
					defer mu.Unlock()
					served = append(served, i)
				}()
				synctest.Wait()
			}
			for range callers {
				w.send(q, "one")
				synctest.Wait()
			}
			for i, caller := range served {
				if caller != i {
					w.Fatalf("served in the order %v", served)
				}
			}
			if len(served) != callers {
				w.Errorf("%d of %d callers were served", len(served), callers)
			}
		})
	})
	t.Run("a batch wakes as many callers as it takes", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", attributes{"DelaySeconds": "3"})
			start := time.Now()
			var callers sync.WaitGroup
			for range 4 {
				callers.Go(func() {
					out, err := w.sdk.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q, MaxNumberOfMessages: 1, WaitTimeSeconds: 20})
					if err != nil || len(out.Messages) != 1 {
						w.Errorf("a caller got %v, %v", out, err)
					}
				})
			}
			synctest.Wait()
			w.send(q, "a", "b", "c", "d")
			callers.Wait()
			if waited := time.Since(start); waited != 3*time.Second {
				w.Errorf("the callers were served after %v, want 3s", waited)
			}
		})
	})
}

func TestCancelledLongPoll(t *testing.T) {
	t.Run("it ends at once and takes no message with it", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
			defer cancel()
			start := time.Now()
			_, err := w.sdk.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q, WaitTimeSeconds: 20})
			if !errors.Is(err, context.DeadlineExceeded) {
				w.Errorf("got %v, want the context's error", err)
			}
			if waited := time.Since(start); waited != 5*time.Second {
				w.Errorf("waited %v, want 5s", waited)
			}
			w.send(q, "kept")
			w.wantCounts(q, 1, 0, 0)
			w.want(q, 0, "kept")
		})
	})
	t.Run("a message that comes in the same instant is received or kept, never swallowed", func(t *testing.T) {
		for range 50 {
			play(t, nil, func(w world) {
				q := w.queue("q", attributes{"DelaySeconds": "5"})
				w.send(q, "kept")
				ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
				defer cancel()
				out, err := w.sdk.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q, WaitTimeSeconds: 20})
				if err == nil && len(out.Messages) == 1 {
					return
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					w.Errorf("got %v, %v", out, err)
				}
				w.want(q, 0, "kept")
			})
		}
	})
	t.Run("the wake of a caller who gives up goes to the next in line", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			ctx, cancel := context.WithCancel(w.Context())
			go func() {
				_, err := w.sdk.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q, WaitTimeSeconds: 20})
				if err != nil && !errors.Is(err, context.Canceled) {
					w.Error(err)
				}
			}()
			synctest.Wait()
			second := make(chan []types.Message, 1)
			go func() { second <- w.receive(q, 20) }()
			synctest.Wait()
			cancel()
			w.send(q, "one")
			synctest.Wait()
			select {
			case got := <-second:
				if len(got) != 1 {
					w.Errorf("the second caller got %v", got)
				}
			default: // then the first has it: it was not too late to answer
				w.wantCounts(q, 0, 1, 0)
				<-second
			}
		})
	})
}

func TestInFlightLimit(t *testing.T) {
	full := func(t *testing.T, f func(w world, q string, got []types.Message)) {
		t.Helper()
		play(t, &local.Options{InFlightLimit: 3}, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "a", "b", "c", "d")
			f(w, q, w.want(q, 0, "a", "b", "c"))
		})
	}
	t.Run("a short poll fails", func(t *testing.T) {
		full(t, func(w world, q string, _ []types.Message) {
			_, err := w.sdk.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q})
			wantError[*types.OverLimit](w, err)
		})
	})
	t.Run("a long poll finds nothing", func(t *testing.T) {
		full(t, func(w world, q string, _ []types.Message) { w.want(q, 5) })
	})
	t.Run("a delete makes room for one who waits", func(t *testing.T) {
		full(t, func(w world, q string, got []types.Message) {
			start := time.Now()
			time.AfterFunc(2*time.Second, func() { w.delete(q, got[0]) })
			w.want(q, 20, "d")
			if waited := time.Since(start); waited != 2*time.Second {
				w.Errorf("waited %v, want 2s", waited)
			}
		})
	})
}
