package worker

import (
	"context"
	"errors"
	"math/bits"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
)

// handleRun is Handle once the message is understood: lease, limits, work, outcome. A run that can't be worked on at all
// is parked with the reason; "" is none.
func (w *Worker) handleRun(ctx context.Context, d Delivery, m event.Message, unworkable string) (v Verdict) {
	now := w.options.Now()
	id := Identity{Pool: m.Pool, Sub: m.Sub, Generation: m.Generation, Source: m.Source, Client: m.Client}
	v.Run = id.Key()
	until := d.capped(now.Add(w.options.Lease))
	run, err := w.claim(ctx, d, id, now, until)
	if err == nil {
		w.unclaimed.Store(0)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return w.distrusted(ctx, d, v.Run, err)
	case err != nil:
		return w.notClaimed(v, err)
	case run.State == Parked && m.Reopens < run.Reopens:
		return Verdict{Delete: true, Outcome: Duplicate, Reason: "parked", Run: v.Run} // older than the reopening
	case run.State == Parked:
		return w.finishParking(ctx, d, &run)
	case run.State != Open:
		return Verdict{Delete: true, Outcome: Duplicate, Run: v.Run}
	}
	if run.Origin.At.IsZero() && len(run.Origin.Metadata) == 0 {
		run.Origin = originOf(m)
	}
	ctx, lost := context.WithCancelCause(ctx)
	h := &hold{worker: w, delivery: d, mu: make(turn, 1), run: &run, owner: run.Owner, until: until, lost: lost}
	var beat sync.WaitGroup
	beat.Go(func() { h.keep(ctx) })
	defer func() {
		lost(nil)
		beat.Wait()
	}()
	switch {
	case unworkable != "":
		return w.park(ctx, h, unworkable, "")
	case run.Crashes >= w.options.Crashes:
		return w.park(ctx, h, "crash_loop", "")
	case now.Sub(run.since()) > w.options.MaxAge, w.expires(d):
		return w.park(ctx, h, "too_old", "")
	}
	return w.work(ctx, h, m)
}

// lastDay is how long before the queue drops a message unseen its run is parked, whatever was tried: a dead letter and
// the ledger outlive the message.
const lastDay = 24 * time.Hour

func (w *Worker) expires(d Delivery) bool {
	return !d.Sent.IsZero() && w.options.Now().Sub(d.Sent) > w.options.Retention-lastDay
}

// claim takes the lease. It goes on when ctx ends: a lease that is taken but not heard of would count as a crash.
func (w *Worker) claim(ctx context.Context, d Delivery, id Identity, now, until time.Time) (Run, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	ctx, stop := d.within(ctx, answering)
	defer stop()
	owner := w.owner(id.Key())
	run, err := w.ports.Ledger.Claim(ctx, id, owner, now, until)
	var busy *Busy
	if err != nil && !errors.As(err, &busy) {
		w.left.remember(id.Key(), owner)
	}
	return run, err
}

// notClaimed keeps the message: another worker has the run, or the ledger is not there. Neither is charged. The longer
// the ledger is away, the longer its messages are hidden: there is no run yet that could count, and a backlog that is
// received over and over would reach the queue's own limit of receives.
func (w *Worker) notClaimed(v Verdict, err error) Verdict {
	v.Outcome = Released
	var busy *Busy
	if errors.As(err, &busy) {
		wait := max(0, busy.Until.Sub(w.options.Now()))
		v.Reason, v.Hide = "busy", min(wait, w.pause(3, 0))
		return v
	}
	w.options.Log.Error("worker: claim", "run", v.Run, "error", err.Error())
	v.Reason, v.Hide = "ledger_unavailable", w.pause(max(4, bits.Len64(w.unclaimed.Add(1))), 0)
	return v
}

// work reads the user, runs the steps, and settles what became of the run.
func (w *Worker) work(ctx context.Context, h *hold, m event.Message) Verdict {
	waits, stop := draining(ctx, h.delivery)
	defer stop()
	crashes := 0
	h.read(func(r *Run) { crashes = r.Crashes })
	leave, err := w.isolate(waits, crashes)
	if err != nil {
		return w.release(ctx, h, err)
	}
	defer leave()
	user, err := w.person(ctx, waits, h, m)
	switch {
	case errors.Is(err, ErrNoUser):
		return w.finish(ctx, h, Gone, Verdict{Outcome: Vanished, Reason: "user_gone"})
	case err != nil:
		return w.release(ctx, h, err)
	case user.Sub != m.Sub:
		return w.finish(ctx, h, Replaced, Verdict{Outcome: Vanished, Reason: "user_replaced"})
	}
	h.read(func(r *Run) { r.Domain = DomainHash(domainOf(user.Attributes["email"])) })
	e := newExecution(w, h, m, user)
	switch err := e.run(ctx, waits); {
	case errors.Is(err, errPanic):
		return w.panicked(h.run.Key)
	case err != nil:
		return w.release(ctx, h, err)
	}
	return e.settle(ctx)
}

// person reads the user; a user who is not there is looked for once more, since nothing is documented about how soon
// after the confirmation a read sees it.
func (w *Worker) person(ctx, waits context.Context, h *hold, m event.Message) (user User, err error) {
	read := func() error {
		_, err := w.outside[poolReads].call(waits, h.run.Key, func() (_ enrich.Result, err error) {
			user, err = w.ports.Directory.User(ctx, m.Pool, m.User)
			return nil, err
		})
		return err
	}
	until := w.options.Now().Add(w.patience(h))
	_, err = w.repeat(waits, until, w.outside[poolReads], read)
	if !errors.Is(err, ErrNoUser) {
		return user, err
	}
	timer := time.NewTimer(w.options.TryBase)
	defer timer.Stop()
	select {
	case <-waits.Done():
		return User{}, context.Cause(waits)
	case <-timer.C:
	}
	_, err = w.repeat(waits, until, w.outside[poolReads], read)
	return user, err
}

// patience is how long all tries of one call may take: a third of the lease that is left.
func (w *Worker) patience(h *hold) time.Duration {
	return min(maxTrying, h.end().Sub(w.options.Now())/3)
}

// finish stores a final state and lets the message go.
func (w *Worker) finish(ctx context.Context, h *hold, state RunState, v Verdict) Verdict {
	v.Run = h.run.Key
	err := h.save(ctx, func(r *Run) {
		r.leaveIntents()
		r.State, r.Owner, r.Pipeline = state, "", w.pipeline.Hash
	})
	if err != nil {
		return w.unsaved(h, err)
	}
	v.Delete = true
	return v
}

// unsaved keeps the message when the ledger did not take what we know: without its word nothing is final.
func (w *Worker) unsaved(h *hold, err error) Verdict {
	reason := "ledger_unavailable"
	if errors.Is(err, ErrLeaseLost) {
		reason = "lease_lost"
	}
	if reason != "lease_lost" {
		w.left.remember(h.run.Key, h.owner)
	}
	w.options.Log.Error("worker: save", "run", h.run.Key, "error", err.Error())
	return Verdict{Outcome: Released, Reason: reason, Hide: w.pause(1, 0), Run: h.run.Key}
}
