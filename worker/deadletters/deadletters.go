// Package deadletters keeps a dead-letter queue in order: it says what is in there beside what the ledger knows, removes
// copies that nobody needs any more, writes letters to a file and sends them again from one, and lets SQS move all of
// them back by itself.
//
// It promises: a letter is removed only when the ledger says that its run is finished or was reopened since, or when a
// file that holds it is durable; whatever is looked at is shown again; every operation may be killed at any moment and
// begun again. Of a file of letters nothing is sent before all of it was read, and each run once.
//
// It refuses to decide what it can't know: a letter whose run the ledger does not know, or knows as open or parked, stays,
// and so does a letter that is newer than the ledger. It reopens nothing: what is parked is brought back by a replay, which
// the worker can tell from an old copy. Bodies name a person and are written down on request only.
package deadletters

import (
	"context"
	"errors"
	"fmt"

	"github.com/postconfirm/postconfirm/worker"
)

// Box is the dead-letter queue.
type Box interface {
	// Each calls f with the letters that can be received, each once, at most limit, and shows them again when it ends.
	Each(ctx context.Context, limit int, f func(worker.KeptLetter) error) error
	// Delete removes letters by their receipts; failed are those that remain.
	Delete(ctx context.Context, receipts []string) (failed []string, err error)
}

// Finder looks runs up in the ledger.
type Finder interface {
	// Find reads one run; ok is false if the ledger does not know it. A run that is damaged is a worker.ErrDamaged.
	Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error)
	// Run is Find by the run key alone, which may cost much more.
	Run(ctx context.Context, key string) (r worker.Run, ok bool, err error)
}

// Fate is what the ledger says about a letter, in a stable word.
type Fate string

// The fates of letters. Only those that are Removable are ever removed by a sweep.
const (
	Finished Fate = "finished" // the run is done, gone or replaced: a copy that nobody needs
	Reopened Fate = "reopened" // an operator reopened the run since: its later letters count
	Parked   Fate = "parked"   // the run waits for a person, and this is its letter
	Open     Fate = "open"     // the run is open: this may be the only message that it has
	Unknown  Fate = "unknown"  // the ledger has no such run
	Newer    Fate = "newer"    // the letter was reopened more often than the ledger's run: the ledger is an older copy
	Damaged  Fate = "damaged"  // the ledger can't read the run
	Alien    Fate = "no_run"   // the letter is about no run at all
)

// Removable tells whether a sweep removes letters of this fate.
func (f Fate) Removable() bool { return f == Finished || f == Reopened }

// found is what the ledger has of a letter's run.
type found struct {
	run    worker.Run
	absent Fate // why there is no run; "" if there is one
}

// find asks the ledger about a letter.
func find(ctx context.Context, ledger Finder, l worker.KeptLetter) (f found, err error) {
	key, ok := l.RunKey(), false
	if key == "" {
		return found{absent: Alien}, nil
	}
	if m, undecoded := l.Message(); undecoded == nil {
		f.run, ok, err = ledger.Find(ctx, worker.Identity{Pool: m.Pool, Sub: m.Sub, Generation: m.Generation})
	} else {
		f.run, ok, err = ledger.Run(ctx, key)
	}
	switch {
	case errors.Is(err, worker.ErrDamaged):
		return found{absent: Damaged}, nil
	case err != nil:
		return found{}, fmt.Errorf("find run: %w", err)
	case !ok:
		return found{absent: Unknown}, nil
	}
	return f, nil
}

// of is the fate of a letter of this run. What SQS moved by itself says in its message how often it was reopened.
func (f found) of(l worker.KeptLetter) Fate {
	if f.absent != "" {
		return f.absent
	}
	reopens := l.Reopens
	if m, err := l.Message(); err == nil && !l.Ours {
		reopens = m.Reopens
	}
	return fate(f.run, reopens)
}

// fate is that of a message or letter with this reopen count.
func fate(r worker.Run, reopens int) Fate {
	switch {
	case reopens > r.Reopens:
		return Newer
	case reopens < r.Reopens && (r.State == worker.Open || r.State == worker.Parked):
		return Reopened
	case r.State == worker.Open:
		return Open
	case r.State == worker.Parked:
		return Parked
	}
	return Finished
}
