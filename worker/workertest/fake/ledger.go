// Package fake has ports of package worker that live in memory and fail on command: for tests of the worker and of
// whoever stands behind its ports. They pass the same suites as the real ones, and never import testing.
package fake

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Op names a method of the port, to say which call shall fail.
type Op string

// The methods of worker.Ledger, and Ledger.Overview.
const (
	Claim    Op = "claim"
	Overview Op = "overview"
	Save     Op = "save"
	Written  Op = "written"
)

// Ledger is a worker.Ledger in memory. Its zero value is empty and ready; it is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	runs  map[string]worker.Run
	drawn map[paperName]worker.Paper
	calls map[Op]int
	plans map[Op][]plan
	down  error
}

// plan is how one call fails.
type plan struct {
	err  error
	done bool // the call takes effect, and only its answer is lost
}

var _ worker.Ledger = (*Ledger)(nil)

// FailNext makes the next call of op fail with err, without effect. Called again, it plans the call after that.
func (l *Ledger) FailNext(op Op, err error) { l.plan(op, plan{err: err}) }

// LoseNext makes the next call of op take effect and return err all the same: its answer got lost.
func (l *Ledger) LoseNext(op Op, err error) { l.plan(op, plan{err: err, done: true}) }

func (l *Ledger) plan(op Op, p plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plans == nil {
		l.plans = map[Op][]plan{}
	}
	l.plans[op] = append(l.plans[op], p)
}

// Down makes every call fail with err until Down(nil).
func (l *Ledger) Down(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = err
}

// Calls counts the calls of op so far, those that failed included.
func (l *Ledger) Calls(op Op) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[op]
}

// Run is the run as it is stored; ok is false if there is none.
func (l *Ledger) Run(key string) (r worker.Run, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok = l.runs[key]
	return clone(r), ok
}

// Runs are all runs, in the order of their keys.
func (l *Ledger) Runs() []worker.Run {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []worker.Run
	for _, key := range slices.Sorted(maps.Keys(l.runs)) {
		all = append(all, clone(l.runs[key]))
	}
	return all
}

// Put stores a run as it is, whatever its fence: for tests that begin in the middle.
func (l *Ledger) Put(r worker.Run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(r)
}

// Forget drops a run, as if it had never been there: for tests that count memory.
func (l *Ledger) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.runs, key)
}

// Claim is worker.Ledger's.
func (l *Ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (r worker.Run, err error) {
	err = l.call(ctx, Claim, func() error {
		r, err = l.claim(id, owner, now, until)
		return err
	})
	if err != nil {
		return worker.Run{}, err
	}
	return clone(r), nil
}

func (l *Ledger) claim(id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if owner == "" {
		return worker.Run{}, errors.New("fake: claim: an owner is needed")
	}
	r, ok := l.runs[id.Key()]
	switch {
	case !ok:
		r = worker.Run{Identity: id, Key: id.Key(), State: worker.Open, FirstSeen: now, Updated: now}
	case r.State != worker.Open:
		return r, nil
	case r.Owner != "" && r.Owner != owner && r.LeaseUntil.After(now):
		return worker.Run{}, &worker.Busy{Until: r.LeaseUntil}
	case r.Owner != "" && r.Owner != owner:
		r.Crashes++
	}
	others, busy := l.others(id, now)
	if busy != nil {
		return worker.Run{}, busy
	}
	r.Owner, r.LeaseUntil, r.Fence = owner, until, r.Fence+1
	l.put(r)
	r.Others = others
	return r, nil
}

// others tells whether there are other runs of the same person, and which of them somebody is working on.
func (l *Ledger) others(id worker.Identity, now time.Time) (others bool, busy error) {
	for _, r := range l.of(id.Pool, id.Sub) {
		if r.Key == id.Key() {
			continue
		}
		others = true
		if r.Owner != "" && r.LeaseUntil.After(now) {
			busy = &worker.Busy{Until: r.LeaseUntil}
		}
	}
	return others, busy
}

// of are the runs of one person.
func (l *Ledger) of(pool, sub string) (of []worker.Run) {
	for _, r := range l.runs {
		if r.Pool == pool && r.Sub == sub {
			of = append(of, r)
		}
	}
	slices.SortFunc(of, func(a, b worker.Run) int { return cmp.Compare(a.Key, b.Key) })
	return of
}

// Save is worker.Ledger's.
func (l *Ledger) Save(ctx context.Context, r worker.Run) error {
	return l.call(ctx, Save, func() error {
		if err := sane(r); err != nil {
			return err
		}
		if stored, ok := l.runs[r.Key]; !ok || stored.Fence != r.Fence {
			return worker.ErrLeaseLost
		}
		l.put(r)
		return nil
	})
}

// sane refuses what no ledger stores.
func sane(r worker.Run) error {
	if r.Key != r.Identity.Key() {
		return errors.New("fake: the run's key is not that of its identity")
	}
	if !slices.Contains(states(), r.State) {
		return errors.New("fake: unknown state " + string(r.State))
	}
	return nil
}

func states() []worker.RunState {
	return []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced}
}

// Written is worker.Ledger's.
func (l *Ledger) Written(ctx context.Context, pool, sub string) (written map[string]worker.Wrote, err error) {
	err = l.call(ctx, Written, func() error {
		written = worker.MergeWritten(l.of(pool, sub))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return written, nil
}

// Overview counts the runs of every state and finds the oldest open one. Open and parked runs are counted even if there
// are none.
func (l *Ledger) Overview(ctx context.Context) (worker.Overview, error) {
	o := worker.Overview{States: map[worker.RunState]int{worker.Open: 0, worker.Parked: 0}}
	err := l.call(ctx, Overview, func() error {
		for _, r := range l.runs {
			o.States[r.State]++
			if r.State == worker.Open && (o.Oldest.IsZero() || r.FirstSeen.Before(o.Oldest)) {
				o.Oldest = r.FirstSeen
			}
		}
		return nil
	})
	if err != nil {
		return worker.Overview{}, err
	}
	return o, nil
}

// call does f under the lock, unless the call shall fail.
func (l *Ledger) call(ctx context.Context, op Op, f func() error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == nil {
		l.calls = map[Op]int{}
	}
	l.calls[op]++
	if l.down != nil {
		return l.down
	}
	if len(l.plans[op]) == 0 {
		return f()
	}
	p := l.plans[op][0]
	l.plans[op] = l.plans[op][1:]
	if p.done {
		if err := f(); err != nil {
			return err
		}
	}
	return p.err
}

func (l *Ledger) put(r worker.Run) {
	r.Others = false // claims say it; it is not stored
	if l.runs == nil {
		l.runs = map[string]worker.Run{}
	}
	l.runs[r.Key] = clone(r)
}

// clone copies a run so deeply that nobody outside shares memory with the ledger.
func clone(r worker.Run) worker.Run {
	r.Steps, r.Written, r.Flags = maps.Clone(r.Steps), maps.Clone(r.Written), slices.Clone(r.Flags)
	r.Origin.Metadata = maps.Clone(r.Origin.Metadata)
	r.Origin.Steps = slices.Clone(r.Origin.Steps)
	for id, s := range r.Steps {
		s.Output, s.Failures = slices.Clone(s.Output), slices.Clone(s.Failures)
		if s.If != nil {
			decided := *s.If
			s.If = &decided
		}
		r.Steps[id] = s
	}
	return r
}
