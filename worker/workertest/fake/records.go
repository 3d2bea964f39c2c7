package fake

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// The methods of Records.
const (
	Read  Op = "read" // any of those that read
	Amend Op = "amend"
)

// Records are a Ledger's runs as operators' programs see them. It fails on the ledger's command.
type Records struct{ l *Ledger }

// Records gives the ledger to operators.
func (l *Ledger) Records() Records { return Records{l} }

// Run reads one run by its key.
func (r Records) Run(ctx context.Context, key string) (run worker.Run, ok bool, err error) {
	err = r.l.call(ctx, Read, func() error {
		run, ok = r.l.runs[key]
		run = clone(run)
		return nil
	})
	return run, ok && err == nil, err
}

// Find reads one run by its identity.
func (r Records) Find(ctx context.Context, id worker.Identity) (worker.Run, bool, error) {
	return r.Run(ctx, id.Key())
}

// Groups counts the runs that have a cause.
func (r Records) Groups(ctx context.Context, f worker.Filter, t worker.Trend) ([]worker.Group, error) {
	if f.State != "" && !slices.Contains(states(), f.State) {
		return nil, errors.New("fake: groups: unknown state " + string(f.State))
	}
	runs, err := r.choose(ctx, func(run worker.Run) bool { return f.Match(run) && run.Cause() != worker.Cause{} })
	if err != nil {
		return nil, err
	}
	var groups worker.Groups
	for _, run := range runs {
		groups.Add(run.State, run.Cause(), run.Updated, run.Key, t)
	}
	return groups.Sorted(), nil
}

// Person reads all runs of a person, in the order of their keys.
func (r Records) Person(ctx context.Context, pool, sub string) ([]worker.Run, error) {
	return r.choose(ctx, func(run worker.Run) bool { return run.Pool == pool && run.Sub == sub })
}

// List reads runs in the order of their keys.
func (r Records) List(ctx context.Context, f worker.Filter) ([]worker.Run, error) {
	if f.State != "" && !slices.Contains(states(), f.State) {
		return nil, errors.New("fake: list: unknown state " + string(f.State))
	}
	runs, err := r.choose(ctx, func(run worker.Run) bool { return run.Key > f.After && f.Match(run) })
	return runs[:min(len(runs), cmp.Or(max(f.Limit, 0), 100))], err
}

// Overview is the Ledger's.
func (r Records) Overview(ctx context.Context) (worker.Overview, error) { return r.l.Overview(ctx) }

// Unerased goes through the runs that ended before a moment and are not erased.
func (r Records) Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error] {
	return func(yield func(worker.Run, error) bool) {
		runs, err := r.choose(ctx, func(run worker.Run) bool {
			return run.State != worker.Open && run.State != worker.Parked && run.Erased.IsZero() && run.Updated.Before(before)
		})
		if err != nil {
			yield(worker.Run{}, err)
			return
		}
		for _, run := range runs {
			if !yield(run, nil) {
				return
			}
		}
	}
}

// Amend stores a run over the version that has its fence, and raises the fence by one.
func (r Records) Amend(ctx context.Context, run worker.Run) error {
	return r.l.call(ctx, Amend, func() error {
		if err := sane(run); err != nil {
			return err
		}
		if stored, ok := r.l.runs[run.Key]; !ok || stored.Fence != run.Fence {
			return worker.ErrLeaseLost
		}
		run.Fence++
		r.l.put(run)
		return nil
	})
}

func (r Records) choose(ctx context.Context, want func(worker.Run) bool) (runs []worker.Run, err error) {
	err = r.l.call(ctx, Read, func() error {
		for _, run := range r.l.runs {
			if want(run) {
				runs = append(runs, clone(run))
			}
		}
		slices.SortFunc(runs, func(a, b worker.Run) int { return cmp.Compare(a.Key, b.Key) })
		return nil
	})
	return runs, err
}
