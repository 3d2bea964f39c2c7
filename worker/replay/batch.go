package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// batch deals with the next entries, at most ten: it reopens them one by one, at the pace, sends their messages together,
// and then moves the cursor. What is begun is finished even when ctx ends: a reopened run gets its message.
func (r *running) batch(ctx context.Context) error {
	var b batch
	failure := r.fill(ctx, &b)
	calm, cancel := afterwards(ctx)
	defer cancel()
	if err := r.send(calm, b.bodies); err != nil {
		return errors.Join(failure, err)
	}
	if err := r.advance(calm, b.found); err != nil {
		return errors.Join(failure, err)
	}
	return failure
}

// batch is a few entries whose messages are not sent yet.
type batch struct {
	found  []found // of the entries from the cursor on
	bodies [][]byte
	since  time.Time // when the first of them was reopened
}

func (r *running) fill(ctx context.Context, b *batch) error {
	for i := r.pos; i < min(r.plan.Entries, r.pos+batchSize); i++ {
		if r.options.Limit > 0 && r.result.Reopened >= r.options.Limit {
			r.result.End = AtLimit
			return nil
		}
		e, err := r.entry(ctx, i)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		run, f, err := r.find(e)
		if err == nil && (f == asPlanned || f == woken) {
			if len(b.bodies) > 0 && time.Since(b.since)+r.delay() > batchTime {
				return nil
			}
			if err = r.pace(ctx); err != nil || r.result.End != "" {
				return err
			}
			run, f, err = r.reopen(e, run, f)
		}
		if err != nil {
			return err
		}
		b.take(r, e, run, f)
	}
	return nil
}

// take notes what became of an entry.
func (b *batch) take(r *running, e Entry, run worker.Run, f found) {
	b.found = append(b.found, f)
	switch f {
	case reopened:
		r.result.Reopened++
	case woken:
		r.result.Woken++
	case over:
		r.result.Already++
		return
	default:
		return
	}
	if len(b.bodies) == 0 {
		b.since = time.Now()
	}
	b.bodies = append(b.bodies, r.message(e, run))
	r.watch.add(e, run, f == reopened)
}

// message wakes the worker up for a run.
func (r *running) message(e Entry, run worker.Run) []byte {
	m := run.Message()
	if r.plan.Original {
		m.Pipeline = e.Pipeline
	}
	return m.Encode()
}

// find reads an entry's run and says what it is by now.
func (r *running) find(e Entry) (worker.Run, found, error) {
	ctx, cancel := afterwards(context.Background())
	defer cancel()
	run, known, err := r.Ledger.Find(ctx, e.Identity)
	switch {
	case errors.Is(err, worker.ErrDamaged):
		return run, damaged, nil
	case err != nil:
		return run, 0, fmt.Errorf("replay: read run %s: %w", e.Key(), err)
	}
	return run, e.see(run, known, r.id), nil
}

// reopens is how often one entry is tried, if others change its run meanwhile or the ledger fails.
const reopens = 5

// reopen reopens a run that is as it was planned, over the version that was read. Whoever changed it meanwhile is heard:
// it is read again, and so it is when the ledger's answer was lost. It does not stop half-way when ctx ends.
func (r *running) reopen(e Entry, run worker.Run, f found) (worker.Run, found, error) {
	var failure error
	for range reopens {
		if f != asPlanned {
			return run, f, nil
		}
		now := r.now().UTC().Truncate(time.Millisecond) // as every ledger keeps it
		again := r.plan.rules(e.Pipeline).of(run, now, r.plan.Fresh)
		run.Reopen(now, worker.Reopening{Plan: r.id, Rerun: again})
		r.plan.Edit.apply(&run)
		ctx, cancel := afterwards(context.Background())
		failure = r.Ledger.Amend(ctx, run)
		cancel()
		if failure == nil {
			return run, reopened, nil
		}
		var err error
		if run, f, err = r.find(e); err != nil {
			return run, f, errors.Join(failure, err)
		}
		if f == woken && !errors.Is(failure, worker.ErrLeaseLost) {
			return run, reopened, nil // the answer was lost, not the change
		}
	}
	return run, f, fmt.Errorf("replay: reopen run %s: %w", e.Key(), failure)
}

// delay is how long the next run would have to wait for its turn.
func (r *running) delay() time.Duration {
	missing := 1 - r.limiter.Tokens()
	return time.Duration(max(0, missing) / float64(r.limiter.Limit()) * float64(time.Second))
}

// pace waits for the next run's turn. Every second it looks whether the plan was paused, and then there is no turn.
func (r *running) pace(ctx context.Context) error {
	reservation := r.limiter.Reserve()
	for until := time.Now().Add(reservation.Delay()); ; {
		left := time.Until(until)
		if left <= 0 {
			return ctx.Err()
		}
		err := sleep(ctx, min(left, tick))
		if err == nil && left > tick {
			err = r.look(ctx)
		}
		if err != nil || r.result.End != "" {
			reservation.Cancel()
			return err
		}
	}
}

// send sends messages until the queue has them all; five times, then the plan waits for another running.
func (r *running) send(ctx context.Context, bodies [][]byte) (err error) {
	pause := 200 * time.Millisecond
	for try := 0; len(bodies) > 0; try++ {
		var unsent []int
		if unsent, err = r.Queue.Send(ctx, bodies); len(unsent) == 0 && err == nil {
			return nil
		}
		left := make([][]byte, len(unsent))
		for i, n := range unsent {
			left[i] = bodies[n]
		}
		if bodies = left; try == 4 || sleep(ctx, pause) != nil {
			return fmt.Errorf("replay: send %d messages: %w", len(bodies), err)
		}
		pause *= 2
	}
	return nil
}

// advance moves the cursor behind entries that are dealt with, and counts them, in one change: each entry is counted
// once, also when two run the plan.
func (r *running) advance(ctx context.Context, all []found) error {
	if len(all) == 0 {
		return nil
	}
	first, behind := r.pos, r.pos+len(all)
	p, err := r.change(ctx, r.id, func(p *Plan) error {
		if p.Cursor >= behind {
			return nil // another running was faster, or the answer was lost
		}
		for _, f := range all[max(0, p.Cursor-first):] {
			p.Counts.of(f)
		}
		if p.Cursor = behind; p.Began.IsZero() {
			p.Began = r.now().UTC()
		}
		if p.Cursor == p.Entries && p.State != Cancelled {
			p.State, p.Reason, p.By = Sent, "", ""
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.pos = max(behind, p.Cursor)
	r.heed(p)
	return nil
}
