package worker

import (
	"context"
	"time"
)

// margin is how much earlier a lease ends than the message comes back: nobody else may start before we have stopped.
const margin = 5 * time.Second

// hold is our right to work on a run: the message's visibility and the ledger's lease, extended together, visibility
// first. Safety never depends on comparing two machines' clocks: what counts is our own time since the last extension.
type hold struct {
	worker   *Worker
	delivery Delivery
	mu       turn // guards run and until, and orders the saves
	run      *Run
	owner    string // of the claim: run.Owner is empty once the lease is given back
	until    time.Time
	lost     context.CancelCauseFunc
}

// turn is a mutex that may be held while a save takes its time. It is a channel, so that in a bubble of testing/synctest
// those who wait for it let the virtual time go on.
type turn chan struct{}

// Lock waits for the turn.
func (t turn) Lock() { t <- struct{}{} }

// Unlock passes it on.
func (t turn) Unlock() { <-t }

// saveTimeout bounds one save or claim; a ledger's own patience with a locked file is shorter. Both go on when ctx has
// ended: what happened must be written down.
const saveTimeout = 15 * time.Second

// save changes the run and stores it. When it can't, everything that works under this hold is cut.
func (h *hold) save(ctx context.Context, change func(*Run)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	ctx, stop := h.delivery.within(ctx, answering)
	defer stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	change(h.run)
	h.run.Updated = h.worker.options.Now()
	err := h.worker.ports.Ledger.Save(ctx, *h.run)
	if err != nil {
		h.lost(err)
	}
	return err
}

// read looks at the run.
func (h *hold) read(look func(*Run)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	look(h.run)
}

// end is when the lease ends, as far as it is extended now.
func (h *hold) end() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until
}

// ensure makes room for a call that may last so long: before the delivery's deadline, or not at all; within the lease,
// which is extended if less than the call and a margin is left of it.
func (h *hold) ensure(ctx context.Context, call time.Duration) error {
	now, need := h.worker.options.Now(), call+margin
	if !h.delivery.fits(now, call) {
		return errDeadline
	}
	if !h.end().Before(h.delivery.capped(now.Add(need))) {
		return nil
	}
	return h.extend(ctx, max(h.worker.options.Lease, need+margin))
}

func (h *hold) extend(ctx context.Context, d time.Duration) error {
	now := h.worker.options.Now()
	if now.Add(d).Sub(h.delivery.ReceivedAt) > maxHidden {
		return ErrLeaseLost
	}
	asked, cancel := context.WithTimeout(ctx, margin/2) // longer would be too late to stop in time
	defer cancel()
	if err := h.worker.ports.Queue.Hide(asked, h.delivery, d+margin); err != nil {
		return err
	}
	return h.save(ctx, func(r *Run) {
		h.until = h.delivery.capped(now.Add(d))
		r.LeaseUntil = h.until
	})
}

// keep extends the hold while the work goes on, until ctx ends. A failed extension is tried again at the next beat, and
// once more at the lease's own end; when that fails too, the work is cut, before the message comes back to anybody.
func (h *hold) keep(ctx context.Context) {
	for {
		beat := time.NewTimer(max(0, min(h.worker.options.Lease/3, h.end().Sub(h.worker.options.Now()))))
		select {
		case <-ctx.Done():
			beat.Stop()
			return
		case <-beat.C:
		}
		_ = h.extend(ctx, h.worker.options.Lease) // what counts is whether the lease goes on
		if !h.worker.options.Now().Before(h.end()) {
			h.lost(ErrLeaseLost)
			return
		}
	}
}
