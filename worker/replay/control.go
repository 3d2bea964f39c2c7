package replay

import (
	"context"
	"errors"

	"github.com/postconfirm/postconfirm/worker/audit"
)

// ErrNoQueue says that runs wait for their message, and no queue was given.
var ErrNoQueue = errors.New("runs of the plan may be reopened without their message: the queue is needed")

// Pause stops a plan: whoever runs it sees that within a second. Pausing a paused plan changes nothing.
func (d *Desk) Pause(ctx context.Context, id string, by Operator) (Plan, error) {
	return d.pause(ctx, id, by, by.Who)
}

// pause is Pause; who is "" if the plan pauses itself.
func (d *Desk) pause(ctx context.Context, id string, by Operator, who string) (Plan, error) {
	p, err := d.change(ctx, id, func(p *Plan) error {
		switch p.State {
		case Ready:
			p.State, p.Reason, p.By = Paused, by.Why, who
		case Paused:
		default:
			return stopped(p.State)
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	return p, d.note(ctx, by, "replay pause", audit.Done, p, p.Counts.byName())
}

// stopped is why a plan can't be paused, or go on.
func stopped(s State) error {
	switch s {
	case Making:
		return ErrUnfinished
	case Cancelled:
		return ErrCancelled
	}
	return ErrOver
}

// Resume lets a paused plan be run again; it runs nothing. Resuming one that is not paused changes nothing.
func (d *Desk) Resume(ctx context.Context, id string, by Operator) (Plan, error) {
	p, err := d.change(ctx, id, func(p *Plan) error {
		switch p.State {
		case Paused:
			p.State, p.Reason, p.By = Ready, "", ""
		case Ready:
		default:
			return stopped(p.State)
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	return p, d.note(ctx, by, "replay resume", audit.Done, p, p.Counts.byName())
}

// Cancel ends a plan for good: what it has reopened stays reopened, and gets its message if a killed running left it
// without. One that was never finished is removed. woken is how many messages were sent; cancelling again sends them
// again, which is harmless.
func (d *Desk) Cancel(ctx context.Context, id string, by Operator) (p Plan, woken int, err error) {
	if p, err = d.Load(ctx, id); err != nil {
		return p, 0, err
	}
	switch p.State {
	case Sent:
		return p, 0, ErrOver
	case Making:
		if err := d.drop(ctx, id); err != nil {
			return p, 0, err
		}
		return p, 0, d.note(ctx, by, "replay cancel", audit.Done, p, nil)
	}
	if bodies, err := d.unsent(ctx, p); err != nil || len(bodies) > 0 && d.Queue == nil {
		return p, 0, errors.Join(err, noQueue(bodies))
	}
	p, err = d.change(ctx, id, func(p *Plan) error {
		switch p.State {
		case Ready, Paused:
			p.State, p.Reason, p.By = Cancelled, by.Why, by.Who
		case Cancelled:
		default:
			return stopped(p.State)
		}
		return nil
	})
	if err != nil {
		return p, 0, err
	}
	bodies, err := d.unsent(ctx, p) // by now nobody reopens any more, but for who is at it and sends what he reopens
	if err != nil {
		return p, 0, err
	}
	if len(bodies) > 0 && d.Queue == nil {
		return p, 0, ErrNoQueue
	}
	if len(bodies) > 0 {
		if err := (&running{Desk: d}).send(ctx, bodies); err != nil {
			return p, 0, err
		}
	}
	return p, len(bodies), d.note(ctx, by, "replay cancel", audit.Done, p, p.Counts.byName())
}

func noQueue(bodies [][]byte) error {
	if len(bodies) == 0 {
		return nil
	}
	return ErrNoQueue
}

// unsent are the messages of runs that the plan reopened and that a killed running may not have sent: they are among the
// entries of one batch behind the cursor.
func (d *Desk) unsent(ctx context.Context, p Plan) (bodies [][]byte, err error) {
	r := &running{Desk: d, id: p.ID, plan: p, chunkNo: -1}
	for i := p.Cursor; i < min(p.Entries, p.Cursor+batchSize); i++ {
		e, err := r.entry(ctx, i)
		if err != nil {
			return nil, err
		}
		run, f, err := r.find(e)
		if err != nil {
			return nil, err
		}
		if f == woken {
			bodies = append(bodies, r.message(e, run))
		}
	}
	return bodies, nil
}
