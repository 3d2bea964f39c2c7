package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/postconfirm/postconfirm/worker"
)

// Ended is the ledger as a Sweeper uses it.
type Ended interface {
	// Unerased goes through the runs that are done, gone or replaced since before a moment and are not erased. An
	// error that is worker.ErrDamaged is of one run; any other is the last.
	Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error]
	// Amend stores r over the version that has its fence and raises the fence; else worker.ErrLeaseLost.
	Amend(ctx context.Context, r worker.Run) error
}

// Options are the settings of a Sweeper; the zero value of each is its default.
type Options struct {
	// Keep is how long the answers stay after a run's end; 30 days.
	Keep time.Duration
	// PerSecond is how many runs are erased in a second at most; 50.
	PerSecond int
	// First is when Run sweeps first, after its start; 10 minutes.
	First time.Duration
	// Every is when Run sweeps again, after a sweep began; 24 hours.
	Every time.Duration
	// Now is the clock of Keep and Run.Erased; time.Now.
	Now func() time.Time
	// Log hears of sweeps that failed, and of those that erased something; slog.Default().
	Log *slog.Logger
}

// Sweeper erases the answers of runs that ended long ago. Its methods may be called from one goroutine at a time; it
// may run beside workers and beside other sweepers of the same ledger.
type Sweeper struct {
	ledger Ended
	o      Options
}

// New makes a sweeper of a ledger; o may be nil.
func New(l Ended, o *Options) *Sweeper {
	var v Options
	if o != nil {
		v = *o
	}
	v.Keep = cmp.Or(v.Keep, 30*24*time.Hour)
	v.PerSecond = cmp.Or(v.PerSecond, 50)
	v.First = cmp.Or(v.First, 10*time.Minute)
	v.Every = cmp.Or(v.Every, 24*time.Hour)
	if v.Now == nil {
		v.Now = time.Now
	}
	v.Log = cmp.Or(v.Log, slog.Default())
	return &Sweeper{l, v}
}

// Run sweeps once a day until ctx ends. A sweep that fails is logged, and tried again at the next time.
func (s *Sweeper) Run(ctx context.Context) {
	timer := time.NewTimer(s.o.First)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(s.o.Every)
		erased, err := s.Sweep(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.o.Log.WarnContext(ctx, "sweep failed", "erased", erased, "error", err)
		case erased > 0:
			s.o.Log.InfoContext(ctx, "swept", "erased", erased)
		}
	}
}

// Sweep goes through the ledger once and gives the number of runs that it erased. Runs that are damaged are passed
// over, and stand in the error.
func (s *Sweeper) Sweep(ctx context.Context) (erased int, err error) {
	now, pace := s.o.Now(), rate.NewLimiter(rate.Limit(s.o.PerSecond), 1)
	var broken error
	for r, err := range s.ledger.Unerased(ctx, now.Add(-s.o.Keep)) {
		if err == nil {
			if err = pace.Wait(ctx); err != nil {
				return erased, fmt.Errorf("retention: sweep: %w", errors.Join(ctx.Err(), broken))
			}
			err = s.ledger.Amend(ctx, erase(r, now))
		}
		switch {
		case err == nil:
			erased++
		case errors.Is(err, worker.ErrDamaged):
			broken = errors.Join(broken, err)
		case !errors.Is(err, worker.ErrLeaseLost): // which somebody else swept, or forgot
			return erased, fmt.Errorf("retention: sweep: %w", errors.Join(err, broken))
		}
	}
	if broken != nil {
		return erased, fmt.Errorf("retention: sweep: %w", broken)
	}
	return erased, nil
}
