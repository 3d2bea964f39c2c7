package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// Claim takes the lease on a run, as worker.Ledger says. A run that is new, as most are, costs one write, and one query
// for the person's other runs. If ctx ends first, its error is returned, and the claim may have been taken all the same;
// so it is after a failure whose enrich.Error is Unknown.
//
// The query comes after the write. Of two that claim runs of one person at the same moment at least one sees the other
// then, and gives its claim back; both may: nobody holds the person after that, and neither is charged.
func (l *Ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if owner == "" {
		return worker.Run{}, errors.New("dynamo: claim: an owner is needed")
	}
	fresh := worker.Run{Identity: id, Key: id.Key(), State: worker.Open, Owner: owner, Fence: 1, LeaseUntil: until,
		FirstSeen: now, Updated: now}
	v, err := rowOf(fresh, l.token())
	others := false
	if err == nil {
		v, others, err = l.claim(ctx, v, now)
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
	run.Others = others
	return run, nil
}

// claim takes the run, then makes sure that the person is free; if not, or if that can't be told, it gives the run back.
func (l *Ledger) claim(ctx context.Context, fresh row, now time.Time) (v row, others bool, err error) {
	v, was, err := l.take(ctx, fresh, now)
	if err != nil || v.state != string(worker.Open) {
		return v, false, err
	}
	if others, err = l.free(ctx, v, now); err != nil {
		var busy *worker.Busy
		if again := l.giveBack(ctx, v, was); again != nil && errors.As(err, &busy) {
			err = again
		}
		return row{}, false, err
	}
	return v, others, nil
}

// take stores fresh, or takes over what stands there. Each round that fails was won by somebody else's write. was is
// the version that was taken over; nil if there was none.
func (l *Ledger) take(ctx context.Context, fresh row, now time.Time) (next row, was *row, err error) {
	next = fresh
	for {
		var met outcome
		if was == nil {
			met, err = l.create(ctx, next)
		} else {
			met, err = l.lease(ctx, next, was.sum)
		}
		if err != nil || met.done {
			return next, was, err
		}
		was, next = met.found, fresh
		if was == nil {
			continue
		}
		if was.state != string(worker.Open) {
			return *was, nil, nil
		}
		if next, err = was.claimed(fresh, now); err != nil {
			return row{}, nil, err
		}
	}
}

// free makes sure that nobody works on another run of the same person: *worker.Busy if somebody does. A run that is
// damaged counts as free: whoever holds it can't save it any more.
func (l *Ledger) free(ctx context.Context, v row, now time.Time) (others bool, err error) {
	held := int64(0)
	err = l.person(ctx, v.person, func(other row, err error) {
		if other.key == v.key {
			return
		}
		others = true
		if err == nil && other.owner != "" && other.lease > record.Nanoseconds(now) {
			held = max(held, other.lease)
		}
	})
	if err == nil && held > 0 {
		err = &worker.Busy{Until: record.Instant(held)}
	}
	return others, err
}

// giveBack makes the run what it was before it was taken: an owner that had crashed is counted by the next claim, not
// by this one. It has a token of its own, so no late copy of the claim can meet its old version again. Whoever took
// the run over meanwhile keeps it. The caller may have gone: this is done all the same.
func (l *Ledger) giveBack(ctx context.Context, v row, was *row) error {
	back := v
	back.owner, back.lease = "", 0
	if was != nil {
		back = *was
	}
	back.token = l.token()
	back.sum = back.checksum()
	_, err := l.lease(context.WithoutCancel(ctx), back, v.sum)
	return err
}

// claimed is the row after a claim by the owner of fresh.
func (v row) claimed(fresh row, now time.Time) (row, error) {
	switch {
	case v.owner != "" && v.owner != fresh.owner && v.lease > record.Nanoseconds(now):
		return row{}, &worker.Busy{Until: record.Instant(v.lease)}
	case v.owner != "" && v.owner != fresh.owner:
		v.crashes++
	}
	v.owner, v.lease, v.fence, v.token = fresh.owner, fresh.lease, v.fence+1, fresh.token
	v.sum = v.checksum()
	return v, nil
}
