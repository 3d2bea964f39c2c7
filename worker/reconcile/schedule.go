package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// ScheduleReads is how many ListUsers calls per second a Schedule makes: little of a quota that is everybody's.
const ScheduleReads = 2

// Schedule reconciles pools beside a worker, again and again. Of all workers on one ledger one at a time does it. All fields
// but Observe, Now and First are required.
type Schedule struct {
	Ports   Ports
	Pools   []string
	Owner   string        // names this process
	Every   time.Duration // from the beginning of one reconciliation of a pool to that of the next
	Rate    float64       // messages per second
	Log     *slog.Logger
	Observe func(found, messages int) // told of each reconciliation that came to its end; nobody
	First   time.Duration             // until the first look; one minute
	Now     func() time.Time          // time.Now
}

// Settle is how long a user must not have changed before they are missed: the sign-up's own message may be on its way, and
// the list is some moments old.
const Settle = 15 * time.Minute

// Run looks whether it is time, until ctx ends: a minute after the start, then every tenth of Every, between a second and five
// minutes. What fails is logged and done at a later look; what was read by then is kept.
func (s *Schedule) Run(ctx context.Context) {
	wait := s.First
	if wait == 0 {
		wait = time.Minute
	}
	for sleep(ctx, wait) == nil {
		for _, pool := range s.Pools {
			if err := s.look(ctx, pool); err != nil && ctx.Err() == nil {
				s.Log.Warn("reconcile: failed", "pool", pool, "error", err.Error())
			}
		}
		wait = min(max(s.Every/10, time.Second), 5*time.Minute)
	}
}

// look reconciles a pool if it is time and nobody else does.
func (s *Schedule) look(ctx context.Context, pool string) error {
	t, ok, err := s.take(ctx, pool)
	if err != nil || !ok {
		return err
	}
	began := s.now()
	working, lost := context.WithCancelCause(ctx)
	var held sync.WaitGroup
	held.Go(func() { t = s.hold(working, pool, t, lost) })
	walk, err := s.reconcile(working, pool)
	lost(nil)
	held.Wait()
	if err == nil {
		t.Last = began
	}
	t.Owner, t.Until = "", time.Time{}
	ending, cancel := saving(ctx)
	defer cancel()
	if err := errors.Join(err, s.writeTurn(ending, pool, &t)); err != nil {
		return err
	}
	if s.Observe != nil {
		s.Observe(walk.Counts.Found, walk.Messages)
	}
	s.Log.Info("reconcile: done", "pool", pool, "listed", walk.Counts.Listed, "found", walk.Counts.Found, "messages", walk.Messages, "calls", walk.Pages)
	return nil
}

// errNoBaseline says what a schedule without a baseline waits for.
var errNoBaseline = errors.New("reconcile: the pool has no baseline; record one with: postconfirm reconcile --baseline")

func (s *Schedule) reconcile(ctx context.Context, pool string) (Walk, error) {
	baseline, ok, err := ReadBaseline(ctx, s.Ports.Papers, pool)
	if err != nil {
		return Walk{}, err
	}
	if !ok {
		return Walk{}, errNoBaseline
	}
	scope := Scope{Pool: pool, Generation: event.Onboarding, Statuses: Wanted(), Since: baseline.At, Settle: Settle}
	w := New(s.Ports, &Options{Name: "schedule", Reads: ScheduleReads, Rate: s.Rate, Now: s.Now})
	walk, err := w.Find(ctx, scope, Reuse)
	if errors.Is(err, ErrOther) { // the baseline or a setting changed since
		walk, err = w.Find(ctx, scope, Afresh)
	}
	if err != nil {
		return walk, err
	}
	return w.Send(ctx, scope)
}

func (s *Schedule) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
