//go:build unix

package kill

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// grace is what a stopped worker has for running calls here: less than the slowest vendor takes.
const grace = time.Second

// Stops is what orderly stops came to.
type Stops struct {
	Signals int
	Cut     int // stops at which the grace was used up
	Longest time.Duration
	Verdict
	Took time.Duration
}

// Stop sends SIGTERM to the worker at so many drawn moments. Each must end it with status 0 within the grace and a
// second; what it held is given back, charged to nobody and no crash; nothing is repeated.
func Stop(ctx context.Context, o Options, signals int) (s Stops, err error) {
	began := time.Now()
	o.Lose = -1
	w, err := NewWorld(ctx, o)
	if err != nil {
		return s, err
	}
	defer func() { _ = w.Close() }()
	w.vendors.slow(w.sometimesSlow())
	for s.Signals < signals {
		if err := w.stop(ctx, &s); err != nil {
			return s, err
		}
		if s.Signals++; s.Signals%10 == 0 {
			o.tell("%d of %d stops, %d people", s.Signals, signals, w.born)
		}
	}
	w.vendors.slow(nil)
	if err := w.drain(ctx, &Tally{}); err != nil {
		return s, err
	}
	if s.Verdict, err = w.judge(ctx, 1); err != nil {
		return s, err
	}
	s.Violations = append(s.Violations, w.charges(ctx)...)
	s.Took = time.Since(began)
	return s, nil
}

// sometimesSlow lets vendors take a moment, and now and then longer than the grace.
func (w *World) sometimesSlow() func(sub, step string) time.Duration {
	dice := w.vendors.rand
	return func(string, string) time.Duration {
		if dice.IntN(500) == 0 {
			return grace + 500*time.Millisecond
		}
		return time.Duration(dice.Int64N(int64(30 * time.Millisecond)))
	}
}

// stop is one start and one orderly end.
func (w *World) stop(ctx context.Context, s *Stops) error {
	for range 4 {
		if _, err := w.feed(ctx, 10, func(int) string { return plain }); err != nil {
			return err
		}
	}
	v, err := w.start(failpoint.Orders{Writes: 100_000, Hide: 200 * time.Millisecond}, "--grace", grace.String())
	if err != nil {
		return err
	}
	if s.Signals%8 == 7 { // while it starts
		v.wait(time.Duration(w.rand.Int64N(int64(15 * time.Millisecond))))
	} else {
		v.ready()
		v.wait(time.Duration(w.rand.Int64N(int64(250 * time.Millisecond))))
	}
	asked := time.Now()
	v.signal(syscall.SIGTERM)
	if !v.wait(30 * time.Second) {
		v.kill(Moment)
		<-v.ended
	}
	took := time.Since(asked)
	w.early.rest()
	s.Longest = max(s.Longest, took)
	if took > grace {
		s.Cut++
	}
	if v.unborn() {
		return nil
	}
	if !v.cmd.ProcessState.Success() || took > grace+time.Second {
		return fmt.Errorf("kill: after SIGTERM the worker ended with %s after %v, of which %v before it knew:\n%s", v.cmd.ProcessState,
			took, v.journal.at.Sub(asked), v.journal.tail())
	}
	return nil
}

// charges finds runs that were charged for a stop.
func (w *World) charges(ctx context.Context) (wrong []string) {
	err := w.each(ctx, func(r worker.Run) {
		if r.Crashes > 0 {
			wrong = append(wrong, fmt.Sprintf("run %s: a stop counted as %d crashes", r.Key, r.Crashes))
		}
		for id, s := range r.Steps {
			if s.Attempts > 0 {
				wrong = append(wrong, fmt.Sprintf("run %s: %s was charged %d attempts", r.Key, id, s.Attempts))
			}
		}
	})
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	return wrong
}

// each goes through all runs of the ledger, which nobody else has open.
func (w *World) each(ctx context.Context, do func(worker.Run)) error {
	ledger, err := sqlite.OpenReader(w.Ledger)
	if err != nil {
		return err
	}
	defer func() { _ = ledger.Close() }()
	for after := ""; ; {
		page, err := ledger.List(ctx, worker.Filter{After: after, Limit: 1000})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			do(r)
		}
		after = page[len(page)-1].Key
	}
}
