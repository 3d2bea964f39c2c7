package trigger

import (
	"context"
	"errors"
	"time"
)

const (
	margin   = 200 * time.Millisecond  // kept before the deadline of the context, for the way back
	firstTry = 1200 * time.Millisecond // at most; never more than half of the budget
	pause    = 100 * time.Millisecond  // at most, from the start of a try that was refused to the start of the next
	maxLine  = 100 * time.Millisecond  // at most, for a line of the log
	minLine  = 10 * time.Millisecond   // given to a line even when there is no time left
	maxGrace = 20 * time.Millisecond   // at most, for a Sender to notice that its context has ended
	maxOpen  = 128                     // sends that may be left behind before no new one is started
)

// The reasons of a send that failed.
const (
	enqueueFailed  = "enqueue_failed"  // both tries were refused or broke off
	enqueueTimeout = "enqueue_timeout" // no answer in time: the message may have arrived, or arrive yet
	enqueueDenied  = "enqueue_denied"  // the Sender says that it can't work: access, queue, key
)

// times divides one invocation's budget.
type times struct {
	sends       time.Time // by then the last try has ended or was left behind
	first       time.Duration
	pause       time.Duration
	grace, line time.Duration
}

// divide cuts the budget of an invocation that began then, and what its context leaves of it.
func divide(ctx context.Context, began time.Time, budget time.Duration) times {
	if deadline, ok := ctx.Deadline(); ok {
		budget = max(0, min(budget, deadline.Sub(began)-margin))
	}
	t := times{
		first: min(budget/2, firstTry), pause: min(budget/20, pause),
		grace: min(budget/50, maxGrace), line: max(minLine, min(budget/10, maxLine)),
	}
	t.sends = began.Add(budget - t.line)
	return t
}

// left is how long a try may take that starts now.
func (t times) left() time.Duration { return time.Until(t.sends) - t.grace }

var (
	errNoTime   = errors.New("trigger: send: no time is left")
	errBusy     = errors.New("trigger: send: too many sends have not returned")
	errLeftOpen = errors.New("trigger: send: left behind, it may end later")
)

// parcel is what both tries send.
type parcel struct {
	body  []byte
	group string // "": none
}

// send tries once, and once more after a failure that may pass; then it gives up.
func (h *Handler) send(ctx context.Context, p parcel, t times, r *result) {
	began := time.Now()
	err := h.try(ctx, p, min(t.first, t.left()), t.grace, r)
	if err != nil && !final(err) {
		wait(ctx, t.pause-time.Since(began))
		if again := h.try(ctx, p, t.left(), t.grace, r); !errors.Is(again, errNoTime) {
			err = again
		}
	}
	r.sent(err)
}

// try runs one send in a goroutine of its own and waits for it. A Sender that ignores its context is left behind with
// its goroutine: Lambda freezes both with the process, and with the next invocation they go on. A message that is
// sent so late has the same run key as any other of this user, so the worker takes it for the duplicate that it is.
func (h *Handler) try(ctx context.Context, p parcel, limit, grace time.Duration, r *result) error {
	if limit <= 0 || ctx.Err() != nil {
		return errNoTime
	}
	if h.open.Add(1) > maxOpen {
		h.open.Add(-1)
		return errBusy
	}
	r.tries++
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return within(limit+grace, func() error {
		defer h.open.Add(-1)
		return h.sender.Send(ctx, p.body, p.group)
	})
}

// wait lets d pass, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// final tells whether a second try is useless.
func final(err error) bool {
	var p interface{ Permanent() bool }
	var broke *panicked
	return errors.As(err, &broke) || errors.As(err, &p) && p.Permanent()
}

// sent writes the outcome of the send into the result.
func (r *result) sent(err error) {
	var broke *panicked
	var coded interface{ Code() string }
	switch {
	case errors.As(err, &coded):
		r.code = coded.Code()
	case errors.Is(err, errBusy):
		r.code = "too_many_open"
	}
	switch {
	case err == nil:
		r.outcome = Sent
	case errors.As(err, &broke):
		r.panicked(broke.where)
	case final(err):
		r.outcome, r.reason = sendFailed, enqueueDenied
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errLeftOpen) || errors.Is(err, errNoTime):
		r.outcome, r.reason = sendFailed, enqueueTimeout
	default:
		r.outcome, r.reason = sendFailed, enqueueFailed
	}
}
