package replay_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/replay"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// settled checks what must hold for a plan that was run to its end: each run reopened once, with at least one message
// that carries the count.
func (w *world) settled(n int) {
	w.t.Helper()
	messages := w.queue.messages(w.t)
	for i := range n {
		r := w.get(person(i))
		sent := messages[r.Key]
		if r.Reopens != 1 || len(sent) == 0 {
			w.t.Errorf("run %d: reopened %d times, %d messages", i, r.Reopens, len(sent))
		}
		for _, m := range sent {
			if m.Reopens != 1 {
				w.t.Errorf("run %d: its message says %d reopens", i, m.Reopens)
			}
		}
	}
}

func TestAPlanIsRun(t *testing.T) {
	t.Run("every run of it is reopened and gets one message", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(25)
		w.put(person(100), nil)
		p := w.plan(nil)
		if len(w.queue.bodies) != 0 || w.get(person(0)).Reopens != 0 {
			t.Fatal("planning did something")
		}
		r := w.run(p.ID, quick())
		if r.End != replay.AtEnd || r.Reopened != 25 || r.Plan.State != replay.Sent || r.Plan.Counts.Reopened != 25 {
			t.Errorf("got %+v", r)
		}
		w.settled(25)
		if len(w.queue.bodies) != 25 || w.get(person(100)).Reopens != 0 {
			t.Errorf("%d messages for 25 runs", len(w.queue.bodies))
		}
		got := w.get(person(3))
		if got.Plan != p.ID || got.State != worker.Open || got.Steps["lookup"].State != worker.StepDone || got.Steps["crm"].State != worker.StepOpen {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("it stops after --limit, and another running goes on", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(25)
		p := w.plan(nil)
		o := quick()
		o.Limit = 7
		if r := w.run(p.ID, o); r.End != replay.AtLimit || r.Reopened != 7 || r.Plan.Counts.Reopened != 7 {
			t.Errorf("got %+v", r)
		}
		if r := w.run(p.ID, quick()); r.End != replay.AtEnd || r.Reopened != 18 || r.Plan.Counts.Reopened != 25 {
			t.Errorf("got %+v", r)
		}
		w.settled(25)
	})
	t.Run("what somebody else did meanwhile is left alone, and counted", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(6)
		p := w.plan(nil)
		w.put(person(0), func(r *worker.Run) { refused(r); r.Reopens = 1; r.Plan = "p-other"; r.State = worker.Open })
		w.put(person(1), func(r *worker.Run) { r.Reopens = 1; r.Plan = "p-other" })
		w.put(person(2), func(r *worker.Run) { r.State = worker.Gone })
		w.ledger.Forget(person(3).Key())
		w.put(person(4), func(r *worker.Run) { refused(r); r.Reopens = 1; r.Plan = "p-other" })
		r := w.run(p.ID, quick())
		want := replay.Counts{Reopened: 1, Enriched: 1, Moved: 2, Gone: 1, Unknown: 1}
		if diff := cmp.Diff(want, r.Plan.Counts); diff != "" || len(w.queue.bodies) != 1 {
			t.Error(diff, len(w.queue.bodies))
		}
	})
	t.Run("the rate is kept", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(100)
			p := w.plan(nil)
			began := time.Now()
			w.run(p.ID, replay.RunOptions{Operator: ann})
			if took := time.Since(began); took < 13*time.Second || took > 15*time.Second {
				t.Errorf("100 runs took %v, want about 13.3 s at half of 15/s", took)
			}
		})
	})
	t.Run("no reopened run waits for its message for much longer than a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(20)
			w.desk.Now = time.Now
			p := w.plan(nil)
			var longest time.Duration
			w.queue.onSend = func(bodies [][]byte) {
				for _, body := range bodies {
					m, err := event.Decode(body)
					w.must(err)
					longest = max(longest, time.Since(w.get(worker.Identity{Pool: m.Pool, Sub: m.Sub, Generation: m.Generation}).Reopened))
				}
			}
			w.run(p.ID, replay.RunOptions{Operator: ann, Rate: 2})
			if w.settled(20); longest == 0 || longest > 1100*time.Millisecond {
				t.Errorf("one waited for %v", longest)
			}
		})
	})
}

func TestRow96AReplayRunTwiceOrByTwo(t *testing.T) {
	t.Run("the second running of a plan does nothing and says so", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(12)
		p := w.plan(nil)
		w.run(p.ID, quick())
		w.work(well)
		before := len(w.queue.bodies)
		r := w.run(p.ID, quick())
		if r.End != replay.Nothing || r.Reopened != 0 || len(w.queue.bodies) != before {
			t.Errorf("got %+v, %d more messages", r, len(w.queue.bodies)-before)
		}
	})
	t.Run("two at once reopen everybody once, and count everybody once", func(t *testing.T) {
		for range 20 {
			w := newWorld(t, pipeline(t))
			w.parked(120)
			p := w.plan(nil)
			var both sync.WaitGroup
			results := make([]replay.Result, 3)
			for i := range results {
				both.Go(func() {
					var err error
					if results[i], err = w.another(w.ledger.Records()).Run(t.Context(), p.ID, quick()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			w.settled(120)
			sum := results[0].Reopened + results[1].Reopened + results[2].Reopened
			got, err := w.desk.Load(t.Context(), p.ID)
			if w.must(err); sum != 120 || got.Counts.Reopened != 120 || got.State != replay.Sent {
				t.Errorf("reopened %d, counted %+v, %s", sum, got.Counts, got.State)
			}
		}
	})
	t.Run("two plans with the same runs reopen them once", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(10)
		a, b := w.plan(nil), w.plan(nil)
		w.run(a.ID, quick())
		if r := w.run(b.ID, quick()); r.Plan.Counts.Moved != 10 || r.Reopened != 0 {
			t.Errorf("got %+v", r.Plan.Counts)
		}
		w.settled(10)
	})
}

// killed is a ledger and a queue of a process that is killed at its n-th call, before or after the call has its effect:
// nothing of what it does after that happens.
type killed struct {
	replay.Ledger
	queue *queue
	mu    sync.Mutex
	left  int
	late  bool
}

var errKilled = errors.New("killed")

func (k *killed) call(f func() error) error {
	k.mu.Lock()
	k.left--
	left := k.left
	k.mu.Unlock()
	if left < 0 || left == 0 && !k.late {
		return errKilled
	}
	err := f()
	if left == 0 {
		return errKilled
	}
	return err
}

func (k *killed) Amend(ctx context.Context, r worker.Run) error {
	return k.call(func() error { return k.Ledger.Amend(ctx, r) })
}

func (k *killed) Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error) {
	err = k.call(func() error { r, ok, err = k.Ledger.Find(ctx, id); return err })
	return r, ok && err == nil, err
}

func (k *killed) PutPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	err = k.call(func() error { version, err = k.Ledger.PutPaper(ctx, p); return err })
	return version, err
}

func (k *killed) Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error) {
	err = k.call(func() error { p, ok, err = k.Ledger.Paper(ctx, drawer, name); return err })
	return p, ok && err == nil, err
}

func (k *killed) Send(ctx context.Context, bodies [][]byte) (unsent []int, err error) {
	err = k.call(func() error { unsent, err = k.queue.Send(ctx, bodies); return err })
	return unsent, err
}

func TestRow97AReplayKilledAnywhere(t *testing.T) {
	const people = 25
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			over := false
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, pipeline(t))
				w.parked(people)
				p := w.plan(nil)
				k := &killed{Ledger: w.ledger.Records(), queue: w.queue, left: n, late: late}
				desk := w.another(k)
				desk.Queue = k
				_, err := desk.Run(t.Context(), p.ID, quick())
				over = err == nil && k.left > 0
				w.work(well) // the worker goes on meanwhile
				r := w.run(p.ID, quick())
				w.work(well)
				w.settled(people)
				if r.Plan.State != replay.Sent || r.Plan.Counts != (replay.Counts{Reopened: people}) {
					t.Errorf("killed at call %d (late: %v): %s, %+v", n, late, r.Plan.State, r.Plan.Counts)
				}
				report, err := w.desk.Report(t.Context(), r.Plan)
				if w.must(err); report.Enriched != people {
					t.Errorf("killed at call %d (late: %v): %+v", n, late, report)
				}
				if len(w.queue.bodies) > people+10 {
					t.Errorf("killed at call %d (late: %v): %d messages for %d runs", n, late, len(w.queue.bodies), people)
				}
			})
			if over || t.Failed() {
				if n < 3*people {
					t.Errorf("only %d places to die", n)
				}
				break
			}
		}
	}
}

func TestRow97KilledAgainAndAgain(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(60)
			p := w.plan(nil)
			for lives := 0; ; lives++ {
				k := &killed{Ledger: w.ledger.Records(), queue: w.queue, left: 5 + dice.IntN(200), late: dice.IntN(2) == 0}
				desk := w.another(k)
				desk.Queue = k
				if r, err := desk.Run(t.Context(), p.ID, quick()); err == nil && (r.End == replay.AtEnd || r.End == replay.Nothing) {
					break
				}
				if lives > 500 {
					t.Fatal("it never comes to an end")
				}
				if dice.IntN(2) == 0 {
					w.work(well)
				}
			}
			w.work(well)
			w.settled(60)
			got, err := w.desk.Load(t.Context(), p.ID)
			if w.must(err); got.Counts != (replay.Counts{Reopened: 60}) || got.State != replay.Sent {
				t.Errorf("%s, %+v", got.State, got.Counts)
			}
		})
	}
}

func TestRow153AnInterruptedRunning(t *testing.T) {
	for n := range 40 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(30)
			p := w.plan(nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*97*time.Millisecond)
			defer cancel()
			r, err := w.desk.Run(ctx, p.ID, replay.RunOptions{Operator: ann})
			if n > 0 && (err != nil || r.End != replay.Interrupted) {
				t.Fatalf("got %v, %v", r.End, err)
			}
			for _, run := range w.ledger.Runs() { // whoever was reopened has got a message
				if run.Reopens > 0 && len(w.queue.messages(t)[run.Key]) != 1 {
					t.Errorf("interrupted after %d: reopened %d times, %d messages", n, run.Reopens, len(w.queue.messages(t)[run.Key]))
				}
			}
			if n > 0 && r.Plan.Counts.Reopened != r.Reopened {
				t.Errorf("reopened %d, counted %d", r.Reopened, r.Plan.Counts.Reopened)
			}
			w.run(p.ID, quick())
			w.settled(30)
			if len(w.queue.bodies) != 30 {
				t.Errorf("%d messages for 30 runs", len(w.queue.bodies))
			}
		})
	}
}

func TestLedgerAndQueueInTrouble(t *testing.T) {
	t.Run("a queue that fails for a moment is asked again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(25)
			p := w.plan(nil)
			w.queue.fail = func(n int) error {
				if n%3 != 2 {
					return errors.New("busy")
				}
				return nil
			}
			w.run(p.ID, quick())
			w.settled(25)
			if len(w.queue.bodies) != 25 {
				t.Errorf("%d messages", len(w.queue.bodies))
			}
		})
	})
	t.Run("a queue that is away ends the running; the next one sends what is missing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(25)
			p := w.plan(nil)
			w.queue.fail = func(int) error { return errors.New("away") }
			if _, err := w.desk.Run(t.Context(), p.ID, quick()); err == nil {
				t.Fatal("no error")
			}
			if len(w.queue.bodies) != 0 {
				t.Fatal("something was sent")
			}
			w.queue.fail = nil
			r := w.run(p.ID, quick())
			w.settled(25)
			if r.Woken != 10 || r.Reopened != 15 || r.Plan.Counts.Reopened != 25 {
				t.Errorf("woken %d, reopened %d, counted %+v", r.Woken, r.Reopened, r.Plan.Counts)
			}
		})
	})
	t.Run("a lost answer of the ledger reopens nobody twice", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(5)
		p := w.plan(nil)
		w.ledger.LoseNext(fake.Amend, errors.New("lost"))
		r := w.run(p.ID, quick())
		w.settled(5)
		if r.Reopened != 5 || r.Plan.Counts.Reopened != 5 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("everything is in the audit log", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.parked(5)
		p := w.plan(nil)
		w.run(p.ID, quick())
		entries, err := (&audit.Log{Papers: w.ledger.Records()}).List(t.Context(), "", 0)
		w.must(err)
		var got []string
		for _, e := range entries {
			got = append(got, e.Action+" "+e.State)
			if e.Who != "ann" || e.Why != "OPS-7" || e.Plan != p.ID {
				t.Errorf("got %+v", e)
			}
		}
		if diff := cmp.Diff([]string{"replay plan done", "replay run begun", "replay run done"}, sorted(got)); diff != "" {
			t.Error(diff)
		}
	})
}
