package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// People is the ledger as Forget uses it.
type People interface {
	// Person reads all runs of a person; those that are damaged stand in the error, the others are given beside it.
	Person(ctx context.Context, pool, sub string) ([]worker.Run, error)
	// Amend stores r over the version that has its fence and raises the fence; else worker.ErrLeaseLost.
	Amend(ctx context.Context, r worker.Run) error
}

// rounds bounds how often Forget reads a person whose runs move meanwhile.
const rounds = 20

// Forget erases the answers and the digests of all runs of a person, whatever their state; marks of what was done stay,
// so that nothing is repeated. An open or parked run ends as gone, for the reason Forgotten: a worker that is at it
// right now can't store anything any more, though a call that it has begun goes on. It gives the number of runs that
// were erased: of a person who was forgotten before, 0. A run that is damaged can't be erased: the others are, and the
// error, a worker.ErrDamaged, names it.
//
// A message of the person that is still in the queue and that no worker has begun is unknown to the ledger: delete the
// user first, so that it finds nobody. now is for Run.Erased; the zero Time is the present.
func Forget(ctx context.Context, l People, pool, sub string, now time.Time) (erased int, err error) {
	if now.IsZero() {
		now = time.Now()
	}
	for range rounds {
		n, moved, err := forgetOnce(ctx, l, pool, sub, now)
		erased += n
		switch {
		case moved && (err == nil || errors.Is(err, worker.ErrDamaged)):
			continue
		case err != nil:
			return erased, fmt.Errorf("retention: forget: %w", err)
		}
		return erased, nil
	}
	return erased, fmt.Errorf("retention: forget: the person's runs keep moving: %w", worker.ErrLeaseLost)
}

// forgetOnce goes through the runs once; moved tells that somebody changed one of them meanwhile.
func forgetOnce(ctx context.Context, l People, pool, sub string, now time.Time) (erased int, moved bool, err error) {
	runs, err := l.Person(ctx, pool, sub)
	if err != nil && !errors.Is(err, worker.ErrDamaged) {
		return 0, false, err
	}
	for _, r := range runs {
		if !Remembers(r) {
			continue
		}
		switch failed := l.Amend(ctx, forgotten(r, now)); {
		case errors.Is(failed, worker.ErrLeaseLost):
			moved = true
		case failed != nil:
			return erased, false, errors.Join(err, failed)
		default:
			erased++
		}
	}
	return erased, moved, err
}

// Remembers tells whether Forget would change the run.
func Remembers(r worker.Run) bool {
	return r.State == worker.Open || r.State == worker.Parked || r.Erased.IsZero() || len(r.Written) > 0 || holdsAnswers(r)
}

func forgotten(r worker.Run, now time.Time) worker.Run {
	r = erase(r, now)
	r.Written, r.Domain = nil, ""
	if r.State == worker.Open || r.State == worker.Parked {
		r.State, r.Reason, r.Updated = worker.Gone, Forgotten, r.Erased
		r.Owner, r.LeaseUntil = "", time.Time{}
	}
	return r
}
