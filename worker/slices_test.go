package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// far is a line at the other end of a network.
type far struct {
	*fake.Slices
	took time.Duration
}

func (f far) Lease(ctx context.Context, a worker.Ask) (worker.Slice, error) {
	time.Sleep(f.took / 2)
	defer time.Sleep(f.took / 2)
	return f.Slices.Lease(ctx, a)
}

// fleet is some workers with a backlog each, on one line. It notes when they write.
type fleet struct {
	line     *fake.Slices
	limit    float64
	patience time.Duration             // of one write for its token
	skew     func(i int) time.Duration // of worker i's clock
	budgets  []*worker.Budget          // by worker
	mu       sync.Mutex
	writes   []time.Time
	by       []int // writes, by worker
}

const inFlight = 32 // writes of one worker that wait at once

// run lets n workers write as much as they may for a virtual time.
func (f *fleet) run(t *testing.T, n int, length time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	f.by = make([]int, n)
	var all sync.WaitGroup
	for i := range n {
		random := float64(i) / float64(n)
		b := worker.NewSharedBudget(f.limit, far{f.line, 20 * time.Millisecond}, func() time.Time { return time.Now().Add(f.skew(i)) },
			func() float64 { random += 0.618; random -= float64(int(random)); return random })
		f.budgets = append(f.budgets, b)
		for range inFlight {
			all.Go(func() { f.work(ctx, b, i) })
		}
	}
	all.Wait()
}

func (f *fleet) work(ctx context.Context, b *worker.Budget, i int) {
	for ctx.Err() == nil {
		waits, cancel := context.WithTimeout(ctx, f.patience)
		err := b.Take(waits)
		cancel()
		if err != nil { // the message is hidden, and comes back
			time.Sleep(time.Second + enrich.Failure(err).RetryAfter)
			continue
		}
		f.mu.Lock()
		f.writes, f.by[i] = append(f.writes, time.Now()), f.by[i]+1
		f.mu.Unlock()
	}
}

// most is the largest number of writes in any ten seconds.
func (f *fleet) most() (most int) {
	slices.SortFunc(f.writes, time.Time.Compare)
	first := 0
	for i, at := range f.writes {
		for at.Sub(f.writes[first]) >= 10*time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func straight(int) time.Duration { return 0 }

// crooked clocks are up to two seconds ahead or behind.
func crooked(i int) time.Duration { return []time.Duration{2, -2, 1, -1, 0}[i%5] * time.Second }

func TestManyWorkersShareOneBudget(t *testing.T) {
	const limit, length = 15.0, 10 * time.Minute
	for _, c := range []struct {
		name     string
		skew     func(int) time.Duration
		patience time.Duration
		bound    float64 // writes in any ten seconds
		fair     float64 // what the poorest worker has at least, of an equal part; 0 where the messages go elsewhere
	}{
		{"daemons", straight, 27 * time.Second, 10 * limit, 0.4},
		{"functions", straight, time.Second, 10 * limit, 0.1},
		{"daemons whose clocks differ by four seconds", crooked, 27 * time.Second, (10 + 4) * limit, 0.4},
		{"functions whose clocks differ by four seconds", crooked, time.Second, (10 + 4) * limit, 0},
	} {
		for _, n := range []int{1, 4, 16, 64} {
			t.Run(fmt.Sprint(n, " ", c.name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &fleet{line: &fake.Slices{}, limit: limit, patience: c.patience, skew: c.skew}
					f.run(t, n, length)
					used := float64(len(f.writes)) / (limit * length.Seconds())
					cost := float64(f.line.Calls()) / float64(len(f.writes))
					poorest := float64(slices.Min(f.by)) * float64(n) / float64(len(f.writes))
					t.Logf("%.1f %% of the limit, at most %d in 10 s, poorest %.2f, %.3f calls per write", 100*used, f.most(), poorest, cost)
					if most := f.most(); float64(most) > c.bound {
						t.Errorf("%d writes in ten seconds, want %v at the most", most, c.bound)
					}
					if used < 0.85 {
						t.Errorf("%.1f %% of the limit are used", 100*used)
					}
					if poorest < c.fair {
						t.Errorf("the poorest worker has %.2f of an equal part: %v", poorest, f.by)
					}
				})
			})
		}
	}
}

func TestASharedBudget(t *testing.T) {
	bubble := func(name string, f func(t *testing.T, f *fleet)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f(t, &fleet{line: &fake.Slices{}, limit: 15, patience: 27 * time.Second, skew: straight})
			})
		})
	}
	bubble("a line that can't be asked lets nobody write, says so at once, and is asked once a second", func(t *testing.T, f *fleet) {
		f.line.Down(errors.New("no table"))
		time.AfterFunc(time.Minute, func() { f.line.Down(nil) })
		f.run(t, 4, time.Minute)
		if calls := f.line.Calls(); len(f.writes) > 0 || calls > 4*60 {
			t.Errorf("%d writes, %d calls in a minute", len(f.writes), calls)
		}
		f.line.Down(errors.New("no table"))
		began, err := time.Now(), f.budgets[0].Take(t.Context())
		failure := enrich.Failure(err)
		if failure.Kind != enrich.Throttled || failure.RetryAfter <= 0 || time.Since(began) > 20*time.Millisecond {
			t.Errorf("got %v, retry after %v, after %v", err, failure.RetryAfter, time.Since(began))
		}
		f.line.Down(nil)
		f.run(t, 4, time.Minute)
		if used := float64(len(f.writes)) / (15 * 60); used < 0.85 {
			t.Errorf("back again, %.2f of the limit are used", used)
		}
	})
	bubble("answers that get lost cost their slots, and nobody has them twice", func(t *testing.T, f *fleet) {
		for range 20 {
			f.line.Lose(1)
			f.run(t, 4, 10*time.Second)
		}
		if most := f.most(); most > 150 {
			t.Errorf("%d writes in ten seconds", most)
		}
		if used := float64(len(f.writes)) / (15 * 200); used < 0.6 {
			t.Errorf("%.2f of the limit are used", used)
		}
	})
	bubble("a throttle that all have met slows all, down to the floor, and they recover", func(t *testing.T, f *fleet) {
		throttle := func(n int) {
			for range n {
				time.Sleep(2 * time.Second)
				for _, b := range f.budgets {
					b.Throttled()
				}
			}
		}
		f.run(t, 8, 10*time.Second)
		go throttle(1)
		f.continued(t, 15*time.Second)
		if most := f.after(5 * time.Second); most > 80 {
			t.Errorf("%d writes in ten seconds after a throttle, want about half of 150", most)
		}
		throttle(5)
		f.continued(t, 9*time.Second)
		if most := f.after(9 * time.Second); most > 10 {
			t.Errorf("%d writes in nine seconds at the floor", most)
		}
		time.Sleep(10 * time.Minute)
		f.continued(t, 5*time.Minute)
		if used := float64(f.after(5*time.Minute)) / (15 * 300); used < 0.85 {
			t.Errorf("after quiet minutes %.2f of the limit are used", used)
		}
	})
	bubble("a slot that comes too late for who asked is the next one's", func(t *testing.T, f *fleet) {
		b := worker.NewSharedBudget(15, far{f.line, 20 * time.Millisecond}, nil, nil)
		gone, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := b.Take(gone); err == nil {
			t.Error("a write was let go after its time")
		}
		if err := b.Take(t.Context()); err != nil || f.line.Calls() != 1 {
			t.Errorf("got %v after %d calls of the line", err, f.line.Calls())
		}
	})
	bubble("a write that comes alone does not wait", func(t *testing.T, f *fleet) {
		b := worker.NewSharedBudget(15, f.line, nil, nil)
		for range 10 {
			began := time.Now()
			if err := b.Take(t.Context()); err != nil || time.Since(began) > 0 {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
			time.Sleep(3 * time.Second)
		}
	})
}

// continued lets the same workers go on.
func (f *fleet) continued(t *testing.T, length time.Duration) {
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	var all sync.WaitGroup
	for i, b := range f.budgets {
		for range inFlight {
			all.Go(func() { f.work(ctx, b, i) })
		}
	}
	all.Wait()
}

// after counts the writes of the last so many seconds.
func (f *fleet) after(d time.Duration) (n int) {
	for _, at := range f.writes {
		if time.Since(at) < d {
			n++
		}
	}
	return n
}

func TestPartsOfABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, workers := range []int{1, 2, 5, 20} {
			const limit = 16
			b := worker.NewPartBudget(limit, workers, nil)
			part := float64(limit) / float64(workers)
			if got := b.Rate(); got != part {
				t.Errorf("one of %d has %v, want %v", workers, got, part)
			}
			began, n := time.Now(), 0
			for ; time.Since(began) < time.Minute; n++ {
				if err := b.Take(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if float64(n) > 60*part+6 || float64(n) < 60*part-1 {
				t.Errorf("one of %d made %d writes in a minute", workers, n)
			}
			for range 20 {
				time.Sleep(2 * time.Second)
				b.Throttled()
			}
			if got, want := b.Rate(), 1/float64(workers); got != want {
				t.Errorf("the floor of one of %d is %v, want %v", workers, got, want)
			}
			time.Sleep(20 * time.Minute)
			if got := b.Rate(); got < part*0.999 || got > part {
				t.Errorf("one of %d recovers to %v, want %v", workers, got, part)
			}
		}
	})
}

func TestWritesOfManyWorkers(t *testing.T) {
	in(t, "a backlog is written at the pace of the line, and nobody is charged for the wait", func(t *testing.T, on face) {
		const users = 150
		line := &fake.Slices{}
		w := newWorld(t, on, company(t, answers(acme)))
		w.options.Budget = worker.NewSharedBudget(3, line, nil, nil)
		subs := make([]string, users)
		for i := range subs {
			subs[i] = w.confirm(fmt.Sprintf("user%d@acme.example", i))
		}
		w.work(10 * time.Minute)
		for _, sub := range subs {
			if r := w.run(sub); r.State != worker.Done || r.Steps[enrich.AttributesStep].Attempts != 0 {
				t.Fatalf("run %s is %s, charged %d", r.Key, r.State, r.Steps[enrich.AttributesStep].Attempts)
			}
		}
		t.Logf("%d calls of the line for %d users", line.Calls(), users)
	})
	in(t, "an invocation waits a second for its token, not longer", func(t *testing.T, on face) {
		line := &fake.Slices{}
		line.Down(nil)
		w := newWorld(t, on, company(t, answers(acme)))
		w.options.Budget = worker.NewSharedBudget(1, line, nil, nil)
		far := time.Now().Add(8 * time.Second) // somebody else has the next eight seconds
		if s, err := line.Lease(t.Context(), worker.Ask{Want: 8, Each: time.Second, Now: time.Now(), Edge: far}); err != nil || s.Granted != 8 {
			t.Fatal(s, err)
		}
		sub := w.confirm("ada@acme.example")
		w.work(3 * time.Second)
		expect(t, "verdict", w.reasons()[0], "released write_budget")
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "charged", w.run(sub).Steps[enrich.AttributesStep].Attempts, 0)
	}, theFunction)
}
