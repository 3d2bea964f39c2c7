package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Claim takes the lease on a run, as worker.Ledger says. A run that is new, as most are, costs one write. If ctx ends
// first, its error is returned, and the claim may have been taken all the same; so it is after a failure whose
// enrich.Error is Unknown.
func (l *Ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if owner == "" {
		return worker.Run{}, errors.New("dynamo: claim: an owner is needed")
	}
	fresh := worker.Run{Identity: id, Key: id.Key(), State: worker.Open, Owner: owner, Fence: 1, LeaseUntil: until,
		FirstSeen: now, Updated: now}
	v, err := rowOf(fresh, l.token())
	if err == nil {
		v, err = l.claim(ctx, v, now)
	}
	var busy *worker.Busy
	if errors.As(err, &busy) {
		return worker.Run{}, busy
	}
	var run worker.Run
	if err == nil {
		run, err = v.run()
	}
	if err != nil {
		return worker.Run{}, fmt.Errorf("dynamo: claim: %w", err)
	}
	return run, nil
}

// claim stores fresh, or takes over what stands there. Each round that fails was won by somebody else's write.
func (l *Ledger) claim(ctx context.Context, fresh row, now time.Time) (row, error) {
	next, was := fresh, (*row)(nil)
	for {
		var met outcome
		var err error
		if was == nil {
			met, err = l.create(ctx, next)
		} else {
			met, err = l.lease(ctx, next, was.sum)
		}
		if err != nil || met.done {
			return next, err
		}
		was, next = met.found, fresh
		if was == nil {
			continue
		}
		if was.state != string(worker.Open) {
			return *was, nil
		}
		if next, err = was.claimed(fresh, now); err != nil {
			return row{}, err
		}
	}
}

// claimed is the row after a claim by the owner of fresh.
func (v row) claimed(fresh row, now time.Time) (row, error) {
	switch {
	case v.owner != "" && v.owner != fresh.owner && v.lease > nanoseconds(now):
		return row{}, &worker.Busy{Until: instant(v.lease)}
	case v.owner != "" && v.owner != fresh.owner:
		v.crashes++
	}
	v.owner, v.lease, v.fence, v.token = fresh.owner, fresh.lease, v.fence+1, fresh.token
	v.sum = v.checksum()
	return v, nil
}
