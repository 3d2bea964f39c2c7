package worker

import (
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// MaxFailures is how many failures of a step the ledger keeps: the first two, since the first says how it began, and the
// last ones.
const MaxFailures = 8

// Failure is one delivery that called for a step in vain. It carries no value.
type Failure struct {
	At      time.Time `json:"at"`
	Code    string    `json:"code"`
	Kind    string    `json:"kind"`              // an enrich.FailureKind in a word
	Took    int64     `json:"ms,omitempty"`      // milliseconds, all calls of the delivery with the pauses between them
	Calls   int       `json:"calls,omitempty"`   // of the delivery
	Wait    int64     `json:"wait,omitempty"`    // seconds that the other side asked to wait
	Charged bool      `json:"charged,omitempty"` // it counts as an attempt
}

// failed notes the failure that n tells of, unless nobody was called.
func (s *StepRecord) failed(n StepNote, now time.Time) {
	s.Kind = n.Kind.String()
	if n.Tries == 0 {
		return
	}
	s.Took = n.Took.Milliseconds()
	s.Failures = append(slices.Clone(s.Failures), Failure{At: at(now), Code: n.Code, Kind: s.Kind, Took: s.Took, Calls: n.Tries,
		Wait: int64(n.RetryAfter.Seconds()), Charged: n.Charged})
	if len(s.Failures) > MaxFailures {
		s.Failures = slices.Delete(s.Failures, 2, 3)
	}
}

// Cause is why a run is not done: the step, the class of its failure and the code. Its parts are words of the program
// and of the pipeline file, never values. The zero Cause is that of a run without trouble.
type Cause struct {
	Step  string `json:"step,omitempty"`  // "attributes" for the write; "" if the run failed outside of its steps
	Class string `json:"class,omitempty"` // an enrich.FailureKind in a word, or "unknown" of an effect that nobody knows
	Code  string `json:"code"`
}

// ClassUnknown is the class of a cause that is an effect of which nobody knows whether it happened.
const ClassUnknown = "unknown"

// Cause says what a parked run waits for, what an open one failed with last, and which effect of a done one is open.
func (r *Run) Cause() Cause {
	switch r.State {
	case Parked:
		return r.parkedBy()
	case Open:
		return r.heldUpBy()
	case Done:
		if ids := r.OpenEffects(); len(ids) > 0 {
			return Cause{Step: ids[0], Class: ClassUnknown, Code: r.Steps[ids[0]].Code}
		}
	}
	return Cause{}
}

// parkedBy is the reason with the step that gave it: of two, the first by name.
func (r *Run) parkedBy() Cause {
	c := Cause{Class: enrich.Permanent.String(), Code: r.Reason}
	for id, s := range r.Steps {
		if s.State == StepFailed && s.Code == r.Reason && (c.Step == "" || id < c.Step) {
			c.Step = id
		}
	}
	if s := r.Steps[c.Step]; s.Kind != "" {
		c.Class = s.Kind
	}
	return c
}

// heldUpBy is the step that failed most and will be tried again.
func (r *Run) heldUpBy() (c Cause) {
	most := -1
	for id, s := range r.Steps {
		if s.State.Terminal() || s.Code == "" {
			continue
		}
		if s.Attempts > most || s.Attempts == most && id < c.Step {
			most, c = s.Attempts, Cause{Step: id, Class: s.Kind, Code: s.Code}
		}
	}
	return c
}

// Attempts is the charged attempts of the step that had most.
func (r *Run) Attempts() (most int) {
	for _, s := range r.Steps {
		most = max(most, s.Attempts)
	}
	return most
}
