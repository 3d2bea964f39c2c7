package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// How says what Find does with an earlier walk of the same pool and generation.
type How int

// The ways. A walk that is being sent is never thrown away but by Afresh.
const (
	Plan   How = iota // go on with one that was left in the middle; else walk anew
	Reuse             // take what an earlier one found too, if it is young enough
	Afresh            // walk anew in any case
)

// ErrOther says that there is a walk of this pool and generation that is about something else.
var ErrOther = errors.New("another walk of this pool is under way, which asks for something else")

// How much is read before it is written down.
const (
	stretchPages = 25
	stretchTime  = 5 * time.Second
)

// maxRestarts is how often a walk begins anew because the pool has forgotten its place.
const maxRestarts = 10

// Find walks until it has seen the whole list, and gives the walk: Found, or Sending if that was begun. When ctx ends, what
// was read is kept. ErrOther, if a walk that asks for something else is in the way.
func (w *Walker) Find(ctx context.Context, s Scope, how How) (Walk, error) {
	if err := s.Check(); err != nil {
		return Walk{}, fmt.Errorf("reconcile: %w", err)
	}
	k, err := w.begin(ctx, s, how)
	for err == nil && k.Phase == Walking {
		if err = w.stretch(ctx, &k); errors.Is(err, worker.ErrPaperMoved) {
			err = w.follow(ctx, &k, s, Walking)
		}
	}
	return k.Walk, err
}

// begin finds the walk to go on with, or stores the beginning of a new one.
func (w *Walker) begin(ctx context.Context, s Scope, how How) (kept, error) {
	k, ok, err := w.load(ctx, s)
	if err != nil {
		return k, err
	}
	old := w.o.Now().Sub(k.Updated) > w.o.Keep
	switch {
	case !ok || how == Afresh || k.Phase == Sent:
	case k.Phase == Found && (how == Plan || old || !k.Scope.same(s)):
	case !k.Scope.same(s):
		return k, ErrOther
	default:
		return k, nil
	}
	before, next := k.ID, fresh(s, w.o.Now())
	next.Earlier = k.Earlier + k.Messages
	if err := w.save(ctx, &k, next); errors.Is(err, worker.ErrPaperMoved) {
		return k, w.follow(ctx, &k, s, Walking)
	} else if err != nil || before == "" {
		return k, err
	}
	return k, w.clear(ctx, before)
}

// stretch reads some pages and writes down what came of them.
func (w *Walker) stretch(ctx context.Context, k *kept) error {
	next, users, err := w.read(ctx, k.Walk)
	if errors.Is(err, worker.ErrPlace) {
		return w.restart(ctx, k)
	}
	if next.Pages == k.Pages {
		return err
	}
	ctx, cancel := saving(ctx)
	defer cancel()
	head, failed := w.stack(ctx, k.ID, k.Head, users)
	if failed == nil {
		next.Head = head
		failed = w.save(ctx, k, next)
	}
	return errors.Join(failed, err)
}

// restart begins the walk anew: whoever was found is found again.
func (w *Walker) restart(ctx context.Context, k *kept) error {
	if k.Restarts >= maxRestarts {
		return fmt.Errorf("reconcile: begun anew %d times: %w", k.Restarts, worker.ErrPlace)
	}
	before, next := k.ID, fresh(k.Scope, w.o.Now())
	next.Restarts, next.Earlier = k.Restarts+1, k.Earlier
	if err := w.save(ctx, k, next); err != nil {
		return err
	}
	return w.clear(ctx, before)
}

// read reads the next pages. Beside an error stands what was read before it.
func (w *Walker) read(ctx context.Context, from Walk) (next Walk, users []found, err error) {
	next, began := from, w.o.Now()
	for range stretchPages {
		page, more, err := w.page(ctx, next)
		if err != nil {
			return next, users, err
		}
		next = more
		users = append(users, page...)
		w.o.Progress(next)
		if next.Phase != Walking || w.o.Now().Sub(began) >= stretchTime {
			break
		}
	}
	return next, users, nil
}

// page reads one page and asks the ledger about it.
func (w *Walker) page(ctx context.Context, from Walk) (users []found, next Walk, err error) {
	next = from
	var members []worker.Member
	err = patiently(ctx, func() (err error) {
		if err := w.reads.Wait(ctx); err != nil {
			return err
		}
		members, next.Place, err = w.ports.Roll.Page(ctx, from.Scope.Pool, from.Scope.Filter, from.Place)
		return err
	})
	if err != nil {
		return nil, from, wrap("read pool", err)
	}
	next.Pages++
	now := w.o.Now()
	wanted := members[:0]
	for _, m := range members {
		if from.Scope.wants(m, now, &next.Counts) {
			wanted = append(wanted, m)
		}
	}
	known, err := w.known(ctx, from.Scope, wanted)
	if err != nil {
		return nil, from, err
	}
	next.Phase = Walking
	if next.Place == "" {
		next.Phase = Found
	}
	for i, m := range wanted {
		if known[i] {
			next.Counts.Known++
			continue
		}
		if s := from.Scope; s.Limit > 0 && next.Counts.Found >= s.Limit {
			next.Counts.Listed -= len(wanted) - i // who stands behind the last one was not looked at
			next.Phase = Found
			break
		}
		next.Counts.Found++
		users = append(users, userOf(m))
	}
	return users, next, nil
}

func userOf(m worker.Member) found {
	if m.Username == m.Sub {
		return found{Sub: m.Sub}
	}
	return found{Sub: m.Sub, Name: m.Username}
}

// known asks the ledger about members.
func (w *Walker) known(ctx context.Context, s Scope, members []worker.Member) ([]bool, error) {
	ids := make([]worker.Identity, len(members))
	for i, m := range members {
		ids[i] = s.identity(m.Sub)
	}
	var known []bool
	err := patiently(ctx, func() (err error) {
		if many, ok := w.ports.Runs.(Knower); ok {
			known, err = many.Known(ctx, ids)
			return err
		}
		known, err = w.oneByOne(ctx, ids)
		return err
	})
	return known, wrap("ask ledger", err)
}

func (w *Walker) oneByOne(ctx context.Context, ids []worker.Identity) ([]bool, error) {
	known := make([]bool, len(ids))
	for i, id := range ids {
		_, ok, err := w.ports.Runs.Find(ctx, id)
		if err != nil && !errors.Is(err, worker.ErrDamaged) {
			return nil, err
		}
		known[i] = ok || err != nil
	}
	return known, nil
}
