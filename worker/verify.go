package worker

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// untilVerifiable is how long it takes until the call of a recorded intent can no longer be under way: before that, not
// to find its effect would mean nothing.
func (e *execution) untilVerifiable(s *enrich.Step, record StepRecord) time.Duration {
	return record.At.Add(s.Timeout + margin).Sub(e.options.Now())
}

// verified looks whether a call happened of which only the intent is known. It is false if it did not, and may be made
// again; else the step is over for this delivery: done with what was found, or to be looked at later.
func (e *execution) verified(ctx, waits context.Context, s *enrich.Step, record StepRecord, call enrich.Call) bool {
	if wait := e.untilVerifiable(s, record); wait > 0 {
		e.postpone("effect_under_way", 0, wait)
		return true
	}
	looks := s.Connector.(enrich.Verifier) // ClassOf gives the class to no other
	a := e.ask(ctx, waits, s, func(ctx context.Context) (enrich.Result, error) { return looks.Verify(ctx, call) })
	if a.err == nil {
		a.err = e.keep(s, &record, a.result)
	}
	f := enrich.Failure(a.err)
	switch {
	case a.err == nil:
		e.succeed(ctx, s, record, a.note)
	case f.Kind == enrich.NotFound:
		return false
	default:
		record.Code, a.note.Attempt = f.Code, record.Attempts
		e.unverified(ctx, s, &record, f)
		e.settled(ctx, s, record, a.note, f)
	}
	return true
}

// unverified keeps the intent of an effect that may have happened, to be looked at by a later delivery. What can't be
// found out, ever or in as many attempts as a step has, stays open.
func (e *execution) unverified(ctx context.Context, s *enrich.Step, record *StepRecord, f *enrich.Error) {
	record.State = StepIntent
	if f.Kind == enrich.Permanent || e.tryLater(ctx, e.outside[s.DependencyName()], record, f) {
		e.leaveOpen(s, record)
	}
}

// keyExpired tells whether a keyed call that may have arrived can no longer be repeated: by now the other side has
// forgotten its key, and would take the repeat for a second effect.
func (e *execution) keyExpired(s *enrich.Step, record StepRecord) bool {
	return s.Class == enrich.Keyed && !s.AtLeast && !record.First.IsZero() &&
		e.options.Now().Sub(record.First) > enrich.KeyLife(s.Connector)-s.Timeout
}
