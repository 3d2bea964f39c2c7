package simulation

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// store is the ledger that all workers share, with the troubles that are drawn for it.
type store struct {
	*fake.Ledger
	world *world
	mu    sync.Mutex
	calls map[string]int // by run, for the dice
}

var errLedger = errors.New("the ledger is ill")

// ledger is the store as one process sees it.
type ledger struct {
	process *process
	store   *store
}

// Claim is worker.Ledger's.
func (l ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (r worker.Run, err error) {
	err = l.call(ctx, id.Key(), func() error {
		r, err = l.store.Ledger.Claim(context.WithoutCancel(ctx), id, owner, now, until)
		return err
	})
	if err != nil {
		return worker.Run{}, err
	}
	return r, nil
}

// Save is worker.Ledger's.
func (l ledger) Save(ctx context.Context, r worker.Run) error {
	return l.call(ctx, r.Key, func() error { return l.store.Ledger.Save(context.WithoutCancel(ctx), r) })
}

// Written is worker.Ledger's.
func (l ledger) Written(ctx context.Context, pool, sub string) (written map[string]worker.Wrote, err error) {
	err = l.call(ctx, sub, func() error {
		written, err = l.store.Ledger.Written(context.WithoutCancel(ctx), pool, sub)
		return err
	})
	return written, err
}

// call is one call with its trouble: too late, not done, or done and not heard.
func (l ledger) call(ctx context.Context, about string, f func() error) error {
	if err := l.process.leave(ctx); err != nil {
		return err
	}
	if err := l.store.before(ctx, l.process, about); err != nil {
		return err
	}
	err := f()
	if heard := l.process.hear(); heard != nil {
		return heard
	}
	if l.store.lost(about) {
		l.store.world.strike("ledger answer lost")
		return errLedger
	}
	return err
}

// before waits as long as the ledger takes, and tells whether it does nothing.
func (s *store) before(ctx context.Context, p *process, about string) error {
	if s.world.calm.Load() {
		return ctx.Err()
	}
	s.mu.Lock()
	s.calls[about]++
	s.mu.Unlock()
	r, mood := s.dice(about, "before"), s.world.plan.Ledger
	if mood.Slow > 0 && maybe(r, 0.3) {
		s.world.strike("ledger slow")
		slow, cancel := context.WithCancel(ctx)
		defer context.AfterFunc(p.life, cancel)()
		sleep(slow, between(r, 0, mood.Slow))
		cancel()
	}
	switch {
	case p.life.Err() != nil:
		return errKilled
	case ctx.Err() != nil:
		return ctx.Err()
	case s.down():
		s.world.strike("ledger down")
		return errLedger
	case maybe(r, mood.Errors):
		s.world.strike("ledger error")
		return errLedger
	}
	return nil
}

func (s *store) lost(about string) bool {
	return !s.world.calm.Load() && maybe(s.dice(about, "after"), s.world.plan.Ledger.Lost)
}

func (s *store) dice(about, when string) *rand.Rand {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.dice.of("ledger "+when+" "+about, s.calls[about])
}

func (s *store) down() bool {
	for _, d := range s.world.plan.Ledger.Downs {
		if d.covers(s.world.age()) {
			return true
		}
	}
	return false
}
