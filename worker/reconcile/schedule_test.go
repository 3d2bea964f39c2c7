package reconcile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// schedule is that of one worker, which dies when its ports do.
func (w *world) schedule(owner string, p reconcile.Ports) *reconcile.Schedule {
	return &reconcile.Schedule{Ports: p, Pools: []string{w.pool}, Owner: owner, Every: time.Hour, Rate: 7.5, Log: quiet()}
}

func (w *world) baseline(at time.Time) {
	w.t.Helper()
	_, err := reconcile.RecordBaseline(w.t.Context(), w.store, w.pool, reconcile.Baseline{At: at, Recorded: time.Now(), By: "ann"}, true)
	w.must(err)
}

// work runs schedules for a time.
func (w *world) work(length time.Duration, schedules ...*reconcile.Schedule) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), length)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range schedules {
		all.Go(func() { s.Run(ctx) })
	}
	all.Wait()
}

func TestASchedule(t *testing.T) {
	bubble(t, "of many workers one reconciles at a time, once in each interval", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.baseline(time.Now())
		w.crowd(300)
		time.Sleep(time.Hour)
		var ended, messages atomic.Int64
		var all []*reconcile.Schedule
		for i := range 5 {
			s := w.schedule(fmt.Sprint("worker-", i), w.ports())
			s.Observe = func(_, n int) { ended.Add(1); messages.Add(int64(n)) }
			all = append(all, s)
		}
		w.work(50*time.Minute, all...)
		expect(t, "reconciliations", ended.Load(), 1)
		expect(t, "messages", messages.Load(), 300)
		expect(t, "calls of ListUsers", w.cloud.Calls()["cognito-idp.ListUsers"], 5)
		_, times := w.messages()
		expect(t, "users", len(times), 300)
		for _, sub := range w.users {
			w.onboard(sub, event.Onboarding)
		}
		w.work(5*time.Hour, all...)
		if n := ended.Load(); n < 5 || n > 6 {
			t.Errorf("%d reconciliations in six hours", n)
		}
		expect(t, "messages in the end", messages.Load(), 300)
	})
	bubble(t, "a worker that dies in the middle is taken over from, where it was", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.baseline(time.Now())
		w.crowd(6000)
		time.Sleep(time.Hour)
		w.work(2*time.Minute, w.schedule("dies", (&mortal{alive: w.ports(), left: 70}).ports()))
		before := w.cloud.Calls()["cognito-idp.ListUsers"]
		if before == 0 || before >= 100 {
			t.Fatalf("%d calls before it died", before)
		}
		w.work(40*time.Minute, w.schedule("heir", w.ports()))
		if calls := w.cloud.Calls()["cognito-idp.ListUsers"]; calls > 100+25 {
			t.Errorf("%d calls for 100 pages", calls)
		}
		_, times := w.messages()
		expect(t, "users", len(times), 6000)
	})
	bubble(t, "without a baseline nothing is sent, and the log says what to do", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.crowd(100)
		time.Sleep(time.Hour)
		var log bytes.Buffer
		s := w.schedule("a", w.ports())
		s.Log = slog.New(slog.NewTextHandler(&log, nil))
		w.work(30*time.Minute, s)
		_, times := w.messages()
		expect(t, "users", len(times), 0)
		expect(t, "says so", strings.Contains(log.String(), "reconcile --baseline"), true)
		expect(t, "calls", w.cloud.Calls()["cognito-idp.ListUsers"], 0)
	})
	bubble(t, "a walk of an older baseline is thrown away", func(t *testing.T) {
		w := newWorld(t, inMemory())
		w.baseline(time.Now())
		w.crowd(3000)
		time.Sleep(time.Hour)
		w.work(90*time.Second, w.schedule("dies", (&mortal{alive: w.ports(), left: 40}).ports()))
		w.baseline(time.Now())
		w.work(30*time.Minute, w.schedule("heir", w.ports()))
		_, times := w.messages()
		expect(t, "users", len(times), 0)
	})
	bubble(t, "a ledger that is away is waited for", func(t *testing.T) {
		store := inMemory()
		w := newWorld(t, store)
		w.baseline(time.Now())
		w.crowd(60)
		time.Sleep(time.Hour)
		store.Down(errors.New("away"))
		w.work(30*time.Minute, w.schedule("a", w.ports()))
		store.Down(nil)
		w.work(30*time.Minute, w.schedule("a", w.ports()))
		_, times := w.messages()
		expect(t, "users", len(times), 60)
	})
}

func TestABaseline(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 1, 2, h, 0, 0, 0, time.UTC) }
	const pool = "eu-west-1_Ab12cd34E"
	t.Run("is read as it was recorded, and replaced on purpose only", func(t *testing.T) {
		s := inMemory()
		_, ok, err := reconcile.ReadBaseline(t.Context(), s, pool)
		if ok || err != nil {
			t.Fatal(ok, err)
		}
		first := reconcile.Baseline{At: at(1), Recorded: at(2), By: "ann"}
		if _, err := reconcile.RecordBaseline(t.Context(), s, pool, first, false); err != nil {
			t.Fatal(err)
		}
		if _, err := reconcile.RecordBaseline(t.Context(), s, pool, reconcile.Baseline{At: at(5)}, false); !errors.Is(err, reconcile.ErrBaseline) {
			t.Error(err)
		}
		before, err := reconcile.RecordBaseline(t.Context(), s, pool, reconcile.Baseline{At: at(6), By: "bob"}, true)
		if diff := cmp.Diff(first, before); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if b, ok, err := reconcile.ReadBaseline(t.Context(), s, pool); err != nil || !ok || !b.At.Equal(at(6)) {
			t.Error(b, ok, err)
		}
	})
	t.Run("is recorded by the first worker on an empty ledger", func(t *testing.T) {
		s := inMemory()
		recorded, err := reconcile.FirstStart(t.Context(), s, s, []string{pool, "eu-west-1_Other"}, at(1))
		if diff := cmp.Diff([]string{pool, "eu-west-1_Other"}, recorded); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		recorded, err = reconcile.FirstStart(t.Context(), s, s, []string{pool}, at(2))
		if len(recorded) > 0 || err != nil {
			t.Error(recorded, err)
		}
		if b, _, _ := reconcile.ReadBaseline(t.Context(), s, pool); !b.At.Equal(at(1)) {
			t.Error(b)
		}
	})
	t.Run("is not recorded when the ledger knows runs: nobody knows since when", func(t *testing.T) {
		s := inMemory()
		id := worker.Identity{Pool: pool, Sub: "s", Generation: "0"}
		s.Put(worker.Run{Identity: id, Key: id.Key(), State: worker.Done})
		recorded, err := reconcile.FirstStart(t.Context(), s, s, []string{pool}, at(1))
		if len(recorded) > 0 || err != nil {
			t.Error(recorded, err)
		}
	})
	t.Run("of many workers that start at once one is recorded", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := inMemory()
			var recorded atomic.Int64
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					pools, err := reconcile.FirstStart(t.Context(), s, s, []string{pool}, at(i))
					if err != nil {
						t.Error(err)
					}
					recorded.Add(int64(len(pools)))
				})
			}
			all.Wait()
			expect(t, "recorded", recorded.Load(), 1)
		})
	})
}
