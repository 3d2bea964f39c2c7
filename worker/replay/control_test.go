package replay_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/replay"
)

var bob = replay.Operator{Who: "bob", Why: "the vendor asked us to"}

// during runs a plan and does something a while after its start; it gives the result and how long it took after that.
func (w *world) during(id string, o replay.RunOptions, after time.Duration, do func()) (r replay.Result, took time.Duration) {
	w.t.Helper()
	ended := make(chan error, 1)
	go func() {
		var err error
		r, err = w.desk.Run(w.t.Context(), id, o)
		ended <- err
	}()
	time.Sleep(after)
	do()
	began := time.Now()
	w.must(<-ended)
	return r, time.Since(began)
}

func TestSomebodyElseStopsAPlan(t *testing.T) {
	for name, o := range map[string]replay.RunOptions{
		"that is running":            {Operator: ann},
		"that waits for a slow rate": {Operator: ann, Rate: 0.01},
		"that waits for the worker":  {Operator: ann, Window: 5},
	} {
		t.Run("pauses one "+name+", which stops within a second, and goes on later", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, pipeline(t))
				w.parked(200)
				p := w.plan(nil)
				r, took := w.during(p.ID, o, 10*time.Second, func() {
					_, err := w.desk.Pause(t.Context(), p.ID, bob)
					w.must(err)
				})
				if r.End != replay.WasPaused || took > time.Second || r.Plan.By != "bob" || r.Plan.Reason != bob.Why {
					t.Errorf("%s after %v, by %s: %s", r.End, took, r.Plan.By, r.Plan.Reason)
				}
				if _, err := w.desk.Run(t.Context(), p.ID, quick()); !errors.Is(err, replay.ErrPaused) {
					t.Errorf("got %v", err)
				}
				for _, run := range w.ledger.Runs() {
					if run.Reopens > 0 && len(w.queue.messages(t)[run.Key]) == 0 {
						t.Error("a run was reopened and has no message")
					}
				}
				_, err := w.desk.Resume(t.Context(), p.ID, bob)
				w.must(err)
				w.run(p.ID, quick())
				w.settled(200)
			})
		})
	}
	t.Run("cancels it: what is reopened stays so, the rest is left alone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(200)
			p := w.plan(nil)
			r, took := w.during(p.ID, replay.RunOptions{Operator: ann}, 10*time.Second, func() {
				_, woken, err := w.desk.Cancel(t.Context(), p.ID, bob)
				if w.must(err); woken > 10 {
					t.Errorf("%d messages", woken)
				}
			})
			if r.End != replay.WasCanceled || took > time.Second {
				t.Errorf("%s after %v", r.End, took)
			}
			reopened := 0
			for _, run := range w.ledger.Runs() {
				reopened += run.Reopens
			}
			if reopened < 60 || reopened > 90 || r.Plan.Counts.Reopened != reopened {
				t.Errorf("%d reopened, %d counted", reopened, r.Plan.Counts.Reopened)
			}
			if _, err := w.desk.Run(t.Context(), p.ID, quick()); !errors.Is(err, replay.ErrCancelled) {
				t.Errorf("got %v", err)
			}
			if _, err := w.desk.Resume(t.Context(), p.ID, bob); !errors.Is(err, replay.ErrCancelled) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("cancels one that was killed between reopening and sending: whoever is reopened gets a message", func(t *testing.T) {
		for n := 5; n < 60; n++ {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, pipeline(t))
				w.parked(25)
				p := w.plan(nil)
				k := &killed{Ledger: w.ledger.Records(), queue: w.queue, left: n}
				desk := w.another(k)
				desk.Queue = k
				_, _ = desk.Run(t.Context(), p.ID, quick())
				without := 0
				count := func() (n int) {
					for _, run := range w.ledger.Runs() {
						if run.Reopens > 0 && len(w.queue.messages(t)[run.Key]) == 0 {
							n++
						}
					}
					return n
				}
				if without = count(); without > 0 {
					nobody := w.another(w.ledger.Records())
					nobody.Queue = nil
					if _, _, err := nobody.Cancel(t.Context(), p.ID, bob); !errors.Is(err, replay.ErrNoQueue) {
						t.Errorf("killed at call %d: cancelled without a queue: %v", n, err)
					}
				}
				_, _, err := w.desk.Cancel(t.Context(), p.ID, bob)
				if w.must(err); count() != 0 {
					t.Errorf("killed at call %d: %d of %d runs have no message", n, count(), without)
				}
			})
		}
	})
	t.Run("a plan at its end can't be stopped", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(3)
		p := w.plan(nil)
		w.run(p.ID, quick())
		_, paused := w.desk.Pause(t.Context(), p.ID, bob)
		_, resumed := w.desk.Resume(t.Context(), p.ID, bob)
		_, _, cancelled := w.desk.Cancel(t.Context(), p.ID, bob)
		if !errors.Is(paused, replay.ErrOver) || !errors.Is(resumed, replay.ErrOver) || !errors.Is(cancelled, replay.ErrOver) {
			t.Errorf("got %v, %v, %v", paused, resumed, cancelled)
		}
	})
	t.Run("a name that is none is no plan", func(t *testing.T) {
		for _, id := range []string{"", "p-x", "../../etc/passwd", "--help", "$(reboot)", "p x"} {
			if _, err := newWorld(t, pipeline(t)).desk.Run(t.Context(), id, quick()); !errors.Is(err, replay.ErrNoPlan) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

func TestAPlanDoesNotRunAheadOfTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(60)
		p := w.plan(nil)
		most := 0
		w.queue.onSend = func([][]byte) {
			open := 0
			for _, r := range w.ledger.Runs() {
				if r.State == worker.Open {
					open++
				}
			}
			most = max(most, open)
		}
		waited := ""
		o := replay.RunOptions{Operator: ann, Rate: 1000, Window: 20, Tell: func(now replay.Progress) {
			if now.Waiting != "" {
				waited = now.Waiting
				go w.work(well) // the worker comes to it at last
			}
		}}
		w.run(p.ID, o)
		if w.settled(60); most > 30 || waited == "" {
			t.Errorf("%d runs were open at once with a window of 20; it said it waits: %q", most, waited)
		}
	})
}
