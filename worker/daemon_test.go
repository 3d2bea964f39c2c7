package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// belt is a queue of numbered messages that notes what is asked of it and can fail on command.
type belt struct {
	mu       sync.Mutex
	waiting  []string
	deleted  []string
	hidden   map[string]time.Duration
	batches  []int
	receives int
	fail     error         // of Receive
	keep     int           // how many deletes to leave undone, once
	slow     time.Duration // of a delete
}

func (b *belt) Receive(ctx context.Context) ([]worker.Delivery, error) {
	b.mu.Lock()
	b.receives++
	if b.fail != nil {
		defer b.mu.Unlock()
		return nil, b.fail
	}
	n := min(10, len(b.waiting))
	var batch []worker.Delivery
	for _, id := range b.waiting[:n] {
		batch = append(batch, worker.Delivery{ID: id, Receipt: "r" + id, ReceivedAt: time.Now()})
	}
	b.waiting = b.waiting[n:]
	b.mu.Unlock()
	if n == 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Second):
		}
	}
	return batch, nil
}

func (b *belt) Delete(_ context.Context, batch []worker.Delivery) ([]worker.Delivery, error) {
	time.Sleep(b.slow)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.batches = append(b.batches, len(batch))
	left := batch[:min(b.keep, len(batch))]
	b.keep = 0
	for _, m := range batch[len(left):] {
		b.deleted = append(b.deleted, m.ID)
	}
	return slices.Clone(left), nil
}

func (b *belt) Hide(_ context.Context, m worker.Delivery, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hidden == nil {
		b.hidden = map[string]time.Duration{}
	}
	b.hidden[m.ID] = d
	return nil
}

// hands is a Handler made of a function.
type hands func(context.Context, worker.Delivery) worker.Verdict

func (h hands) Handle(ctx context.Context, d worker.Delivery) worker.Verdict { return h(ctx, d) }

// patient hides everything for an hour, and may be sick.
type patient struct{ sick bool }

func (p *patient) Sick() bool { return p.sick }

func (p *patient) Handle(context.Context, worker.Delivery) worker.Verdict {
	return worker.Verdict{Hide: time.Hour}
}

func numbers(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	return ids
}

// day runs a daemon over a belt for a virtual time, then stops it.
func day(t *testing.T, b *belt, h worker.Handler, o worker.DaemonOptions, length time.Duration) (stopped time.Duration) {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	d := worker.NewDaemon(b, h, &o)
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	time.Sleep(length)
	cancel()
	began := time.Now()
	<-done
	return time.Since(began)
}

func TestDaemon(t *testing.T) {
	in := func(t *testing.T, name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	deletes := hands(func(context.Context, worker.Delivery) worker.Verdict {
		time.Sleep(50 * time.Millisecond)
		return worker.Verdict{Delete: true}
	})
	in(t, "a backlog costs a tenth of a receive and a tenth of a delete for each message", func(t *testing.T) {
		b := &belt{waiting: numbers(200)}
		day(t, b, deletes, worker.DaemonOptions{}, 15*time.Second)
		if len(b.deleted) != 200 || len(b.batches) != 20 || b.receives > 20+2 {
			t.Errorf("%d deleted in %d calls, %d receives", len(b.deleted), len(b.batches), b.receives)
		}
	})
	in(t, "a lonely message is deleted after the linger", func(t *testing.T) {
		b := &belt{waiting: numbers(3)}
		day(t, b, deletes, worker.DaemonOptions{Linger: 2 * time.Second}, 3*time.Second)
		if !slices.Equal(b.batches, []int{3}) {
			t.Errorf("batches %v", b.batches)
		}
	})
	in(t, "what the queue kept is deleted by a second call", func(t *testing.T) {
		b := &belt{waiting: numbers(10), keep: 4}
		day(t, b, deletes, worker.DaemonOptions{}, 3*time.Second)
		if !slices.Equal(b.batches, []int{10, 4}) || len(b.deleted) != 10 {
			t.Errorf("batches %v", b.batches)
		}
	})
	in(t, "no slot is held while polls wait and deletes are on their way", func(t *testing.T) {
		handled := 0 // by one slot: one at a time
		h := hands(func(context.Context, worker.Delivery) worker.Verdict {
			time.Sleep(50 * time.Millisecond)
			handled++
			return worker.Verdict{Delete: true}
		})
		b := &belt{waiting: numbers(200), slow: 9 * time.Second}
		took := day(t, b, h, worker.DaemonOptions{InFlight: 1, Pollers: 8}, 10*time.Second+time.Millisecond)
		if handled != 200 {
			t.Errorf("%d handled in the time of 200", handled)
		}
		if len(b.deleted) != 200 || took > 40*time.Second {
			t.Errorf("%d deleted, %v after the stop", len(b.deleted), took)
		}
	})
	in(t, "never more runs at once than slots", func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			now += by
			most = max(most, now)
		}
		h := hands(func(context.Context, worker.Delivery) worker.Verdict {
			count(1)
			defer count(-1)
			time.Sleep(time.Second)
			return worker.Verdict{Delete: true}
		})
		b := &belt{waiting: numbers(40)}
		day(t, b, h, worker.DaemonOptions{InFlight: 7, Pollers: 3}, time.Minute)
		if most != 7 || len(b.deleted) != 40 {
			t.Errorf("at most %d at once, %d deleted", most, len(b.deleted))
		}
	})
	in(t, "a verdict to hide is obeyed and nothing is deleted", func(t *testing.T) {
		b := &belt{waiting: numbers(1)}
		day(t, b, hands(func(context.Context, worker.Delivery) worker.Verdict {
			return worker.Verdict{Hide: 42 * time.Second}
		}), worker.DaemonOptions{}, 5*time.Second)
		if b.hidden["0"] != 42*time.Second || len(b.deleted) != 0 {
			t.Errorf("hidden %v, deleted %v", b.hidden, b.deleted)
		}
	})
	in(t, "while a dependency is sick at most ten thousand messages are hidden, then none is received until it is well", func(t *testing.T) {
		b := &belt{waiting: numbers(12_000)}
		h := &patient{sick: true}
		day(t, b, h, worker.DaemonOptions{InFlight: 256}, 5*time.Minute)
		if n := len(b.hidden); n < 10_000 || n > 10_000+300 {
			t.Errorf("%d hidden", n)
		}
		h.sick = false
		day(t, b, h, worker.DaemonOptions{InFlight: 256}, 5*time.Minute)
		if n := len(b.hidden); n != 12_000 {
			t.Errorf("%d hidden after it is well", n)
		}
	})
	in(t, "a queue that fails for an hour is not hammered", func(t *testing.T) {
		b := &belt{fail: errors.New("down")}
		day(t, b, deletes, worker.DaemonOptions{Pollers: 1}, time.Hour)
		if b.receives < 60 || b.receives > 400 {
			t.Errorf("%d receives in an hour", b.receives)
		}
	})
	in(t, "on a stop running work may finish and is deleted", func(t *testing.T) {
		b := &belt{waiting: numbers(1)}
		h := hands(func(ctx context.Context, _ worker.Delivery) worker.Verdict {
			time.Sleep(10 * time.Second)
			return worker.Verdict{Delete: ctx.Err() == nil}
		})
		took := day(t, b, h, worker.DaemonOptions{Grace: 25 * time.Second}, time.Second)
		if took != 9*time.Second || len(b.deleted) != 1 {
			t.Errorf("stopped after %v, deleted %v", took, b.deleted)
		}
	})
	in(t, "after the grace work is cut", func(t *testing.T) {
		b := &belt{waiting: numbers(1)}
		h := hands(func(ctx context.Context, _ worker.Delivery) worker.Verdict {
			<-ctx.Done()
			return worker.Verdict{Hide: time.Second}
		})
		if took := day(t, b, h, worker.DaemonOptions{Grace: 25 * time.Second}, time.Second); took != 25*time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
	in(t, "on a stop a message without a slot is shown again, and a run hears of it", func(t *testing.T) {
		b := &belt{waiting: numbers(2)}
		h := hands(func(_ context.Context, d worker.Delivery) worker.Verdict {
			<-d.Draining
			return worker.Verdict{Hide: time.Second}
		})
		took := day(t, b, h, worker.DaemonOptions{InFlight: 1, Pollers: 1}, time.Second)
		if took != 0 || b.hidden["0"] != time.Second || b.hidden["1"] != 0 || len(b.hidden) != 2 {
			t.Errorf("stopped after %v, hidden %v", took, b.hidden)
		}
	})
}
