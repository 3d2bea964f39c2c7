package mailevents

import (
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// clocks is how much the clocks of SES and a worker may differ.
const clocks = 5 * time.Minute

// of tells which step of the run the event is about: Stale for an effect that an operator had done anew since.
func (e Event) of(r *worker.Run) (step string, refused Outcome) {
	if step, ok := r.StepOf(r.Key + "-" + e.Step); ok {
		return step, ""
	}
	if _, ok := r.Steps[e.Step]; ok {
		return e.Step, Stale
	}
	return e.Step, UnknownRun
}

// judge says what an event does to a run as the ledger has it: Sent and NotSent are still to be stored.
func (e Event) judge(r *worker.Run) Outcome {
	record := r.Steps[e.Step]
	switch {
	case e.stale(record):
		return Stale
	case !e.news(record):
		return Known
	case r.State == worker.Open:
		return Later
	case e.Kind.sent():
		return Sent
	}
	return NotSent
}

// news tells whether an event says something that the record does not.
func (e Event) news(s worker.StepRecord) bool {
	switch {
	case !s.State.Terminal(), s.State == worker.StepUnknown:
		return true
	case s.Settled:
		return e.Kind.sent() != (s.State == worker.StepDone) && e.Kind.weight() > weightOf(s.Code)
	}
	return s.State == worker.StepDone && s.Outcome == worker.OutcomeFound && !e.Kind.sent()
}

// stale tells whether an event is about a mail of an earlier try, before an operator reopened the run: the mail is older
// than the first intent by more than clocks differ. The clocks are SES's and the worker's.
func (e Event) stale(s worker.StepRecord) bool {
	began := s.First
	if began.IsZero() {
		began = s.At
	}
	return !s.Settled && e.At.Before(began.Add(-clocks))
}
