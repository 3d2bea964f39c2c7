package worker_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// taken lets n callers wait for a token each and tells how many of them had it after some seconds.
func taken(t *testing.T, b *worker.Budget, n int) func(after time.Duration) int {
	t.Helper()
	var mu sync.Mutex
	had := 0
	for range n {
		go func() {
			if b.Take(t.Context()) == nil {
				mu.Lock()
				had++
				mu.Unlock()
			}
		}()
	}
	return func(after time.Duration) int {
		time.Sleep(after)
		mu.Lock()
		defer mu.Unlock()
		return had
	}
}

func TestAThrottleHoldsForThoseWhoWaitAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		b := worker.NewBudget(16, nil)
		after := taken(t, b, 200)
		expect(t, "in the first second, a burst of five among them", after(time.Second) <= 5+16+1, true)
		before := after(0)
		b.Throttled()
		expect(t, "rate", b.Rate(), 8.0)
		expect(t, "in half a second after the throttle, beside the one who had its promise", after(500*time.Millisecond)-before <= 1, true)
		expect(t, "in the five seconds after it, at half the rate", after(4500*time.Millisecond)-before <= 5*8+1, true)
		expect(t, "and it goes on", after(0)-before >= 4*8-5, true)
		after(time.Minute)
		expect(t, "a token that would come too late", b.Take(ctx), error(nil))
	})
}

func TestWhoWaitsForAnotherIsToldWhenHisTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := worker.NewBudget(1, nil)
		expect(t, "the first", b.Take(t.Context()), error(nil))
		after := taken(t, b, 5)
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
		defer stop()
		synctest.Wait()
		expect(t, "one behind five", b.Take(ctx) != nil, true)
		expect(t, "the five", after(10*time.Second), 5)
	})
}
