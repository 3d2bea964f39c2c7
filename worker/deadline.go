package worker

import (
	"context"
	"errors"
	"time"
)

// The last seconds before a delivery's deadline, as a Lambda invocation has one.
const (
	settling  = 1500 * time.Millisecond // no call goes on in it: the run is saved and the message hidden
	lastWaits = 2 * settling            // nobody waits any more, for a token, a pace or another try
	answering = 500 * time.Millisecond  // not even the ledger is called: what is left belongs to the caller
)

// errDeadline says that the program is stopped before the call could have ended.
var errDeadline = errors.New("deadline")

// fits tells whether a call that starts now and may last so long ends before the settling.
func (d Delivery) fits(now time.Time, call time.Duration) bool {
	return d.Deadline.IsZero() || !now.Add(call).After(d.Deadline.Add(-settling))
}

// capped is t, or the deadline if that is earlier: a lease must not outlive the program that could give it back.
func (d Delivery) capped(t time.Time) time.Time {
	if d.Deadline.IsZero() || t.Before(d.Deadline) {
		return t
	}
	return d.Deadline
}

// within is ctx, ended so long before the deadline, if there is one, and with d.Last.
func (d Delivery) within(ctx context.Context, before time.Duration) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if d.Deadline.IsZero() {
		ctx, cancel = context.WithCancel(ctx)
	} else {
		ctx, cancel = context.WithDeadlineCause(ctx, d.Deadline.Add(-before), errDeadline)
	}
	if d.Last == nil {
		return ctx, cancel
	}
	stop := context.AfterFunc(d.Last, cancel)
	return ctx, func() { stop(); cancel() }
}
