package kill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
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
		select {
		case <-v.journal.started:
		case <-v.ended:
		}
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
		return fmt.Errorf("kill: after SIGTERM the worker ended with %s after %v:\n%s", v.cmd.ProcessState, took, v.journal.tail())
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
		page, err := ledger.List(ctx, sqlite.Filter{After: after, Limit: 1000})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, r := range page {
			do(r)
		}
		after = page[len(page)-1].Key
	}
}

// StopTwice sends SIGTERM to a worker whose vendor takes longer than anybody waits, and once more when it says that it
// stops: that one ends it at once. The effect that was under way is open, and flagged, after the next start.
func StopTwice(ctx context.Context, o Options) (v Verdict, err error) {
	o.Lose = -1
	return inWorld(ctx, o, 1, func(w *World) error {
		asked := make(chan struct{}, 100)
		w.vendors.slow(func(string, string) time.Duration {
			select {
			case asked <- struct{}{}:
			default:
			}
			return 1500 * time.Millisecond
		})
		if _, err := w.feed(ctx, 10, func(int) string { return plain }); err != nil {
			return err
		}
		p, err := w.start(failpoint.Orders{})
		if err != nil {
			return err
		}
		<-asked
		p.signal(syscall.SIGTERM)
		select {
		case <-p.journal.stopping:
		case <-p.ended:
			return fmt.Errorf("kill: one SIGTERM ended the worker (%s) while a call was under way", p.cmd.ProcessState)
		}
		p.signal(syscall.SIGTERM)
		if !p.wait(time.Second) {
			p.kill(Moment)
			<-p.ended
			return errors.New("kill: a second SIGTERM does not end the worker at once")
		}
		w.vendors.slow(nil)
		return errors.Join(w.show(ctx), w.drain(ctx, &Tally{}))
	})
}

// inWorld plays in a world of its own and judges it.
func inWorld(ctx context.Context, o Options, most int, play func(*World) error) (v Verdict, err error) {
	w, err := NewWorld(ctx, o)
	if err != nil {
		return v, err
	}
	defer func() { _ = w.Close() }()
	if err := play(w); err != nil {
		return v, err
	}
	return w.judge(ctx, most)
}

// Freeze stops the worker (SIGSTOP) in the middle of unsafe calls until its leases are over and its messages are back on
// the queue, and lets it go on (SIGCONT): it meets its own messages, and repeats nothing.
func Freeze(ctx context.Context, o Options) (v Verdict, err error) {
	o.Lose = -1
	return inWorld(ctx, o, 3, func(w *World) error {
		var frozen atomic.Bool
		var p *victim
		w.vendors.slow(func(_, step string) time.Duration {
			if step == register && frozen.CompareAndSwap(false, true) {
				p.signal(syscall.SIGSTOP)
			}
			return 0
		})
		if p, err = w.start(failpoint.Orders{Lease: 6 * time.Second, Writes: 100_000, Hide: time.Second}); err != nil {
			return err
		}
		<-p.journal.started
		if _, err := w.feed(ctx, 10, func(int) string { return plain }); err != nil {
			return err
		}
		back, err := w.until(ctx, p, 90*time.Second, func(visible, _ int) bool {
			return frozen.Load() && (visible > 0 || w.Facts.twice())
		})
		p.signal(syscall.SIGCONT)
		if err != nil || !back {
			return errors.Join(err, errors.New("kill: the messages of a stopped worker did not come back"))
		}
		empty, err := w.until(ctx, p, 90*time.Second, func(_, all int) bool { return all == 0 })
		p.signal(syscall.SIGTERM)
		<-p.ended
		w.early.rest()
		if err != nil || !empty {
			return errors.Join(err, fmt.Errorf("%w\n%s", errStuck, p.journal.tail()))
		}
		return nil
	})
}

// until waits for a state of the queue while the worker lives.
func (w *World) until(ctx context.Context, p *victim, d time.Duration, good func(visible, all int) bool) (bool, error) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		visible, all, err := w.left(ctx)
		if err != nil || good(visible, all) {
			return err == nil, err
		}
		if p.wait(50 * time.Millisecond) {
			return false, fmt.Errorf("kill: the worker ended by itself (%s):\n%s", p.cmd.ProcessState, p.journal.tail())
		}
	}
	return false, nil
}

// CrashLoop has a worker die of one person whenever it meets that one, with the worker's own settings: after three
// crashes the run is parked, and everybody else is done.
func CrashLoop(ctx context.Context, o Options) (v Verdict, err error) {
	o.Lose = -1
	return inWorld(ctx, o, 3, func(w *World) error {
		people, err := w.feed(ctx, 6, func(i int) string {
			if i == 4 {
				return stuck
			}
			return plain
		})
		if err != nil {
			return err
		}
		bad := people[slices.IndexFunc(people, func(p *Person) bool { return p.Kind == stuck })]
		deaths := 0
		for empty := false; !empty; {
			if _, err := w.feed(ctx, 3, func(int) string { return plain }); err != nil {
				return err
			}
			p, err := w.start(failpoint.Orders{Point: failpoint.OutcomeBefore, Only: bad.Key, Ahead: w.ahead, Writes: 100_000, Hide: 200 * time.Millisecond})
			if err != nil {
				return err
			}
			if empty, err = w.watch(ctx, p, 8*time.Second); err != nil {
				return err
			}
			p.signal(syscall.SIGTERM)
			<-p.ended
			w.early.rest()
			if p.killed() {
				deaths++
			}
			if err := w.show(ctx); err != nil {
				return err
			}
			if deaths > 3 {
				return fmt.Errorf("kill: the worker died %d times of one message", deaths)
			}
		}
		if deaths != 3 {
			return fmt.Errorf("kill: the worker died %d times, want 3", deaths)
		}
		parked := 0
		err = w.each(ctx, func(r worker.Run) {
			if r.State == worker.Parked {
				parked++
			}
		})
		if err == nil && parked != 1 {
			err = fmt.Errorf("kill: one person is deadly, and %d are parked", parked)
		}
		return err
	})
}

// TwoWorkers starts a second worker on the ledger of a first: it must refuse, and say who has it.
func TwoWorkers(ctx context.Context, o Options) (v Verdict, err error) {
	return inWorld(ctx, o, 1, func(w *World) error {
		first, err := w.start(failpoint.Orders{})
		if err != nil {
			return err
		}
		<-first.journal.started
		second, err := w.start(failpoint.Orders{})
		if err != nil {
			return err
		}
		ended := second.wait(20 * time.Second)
		second.kill(Moment)
		<-second.ended
		first.signal(syscall.SIGTERM)
		<-first.ended
		says, pid := second.journal.tail(), fmt.Sprint(first.cmd.Process.Pid)
		if !ended || second.cmd.ProcessState.ExitCode() != 2 || !strings.Contains(says, pid) {
			return fmt.Errorf("kill: a second worker on one ledger ended with %s and said:\n%s", second.cmd.ProcessState, says)
		}
		return nil
	})
}
