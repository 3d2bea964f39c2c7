package worker

import (
	"errors"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// ErrNoOpenEffect says that there is nothing to settle: the step's effect is known, or the run is open and a worker may
// be about to find out.
var ErrNoOpenEffect = errors.New("the step has no open effect")

// Settlement is what somebody found out about an effect that nobody knew: an operator who asked the other side, or the
// other side, which told later.
type Settlement struct {
	Sent bool   // the effect has happened
	Code string // how it is known, or why it did not happen: a stable code such as "ses_delivery"; "" only if Sent
}

// Settle writes down what became of a step's effect. It takes an open effect (OpenEffects), one that was settled before
// (who settles says which word is the better one), and, to say that it did not happen after all, one whose call was
// answered well: an accepted mail may be refused later. ErrNoOpenEffect for any other step and for the attributes, and r
// is as it was.
//
// Sent makes the step done, without an answer; not sent makes it failed, which a reopened run tries anew as if it had
// never been tried. The flag that says that the effect is open goes, and so does that of an earlier settlement; a failed
// one has its own, "step ID: CODE". Everything else stays: the run's state, and Updated, from which answers are kept.
//
// It changes r only, like Reopen: the caller stores it with the ledger's Amend, which takes the run from whoever holds
// it, and logs who said so.
func (r *Run) Settle(step string, s Settlement, now time.Time) error {
	record, ok := r.Steps[step]
	refusedLater := record.State == StepDone && record.Outcome == OutcomeFound && !s.Sent
	if !ok || step == enrich.AttributesStep || !r.openEffect(record) && !record.Settled && !refusedLater {
		return ErrNoOpenEffect
	}
	r.dropFlag("step " + step + ": unknown")
	if record.Settled {
		r.dropFlag("step " + step + ": " + record.Code)
	}
	record.Output, record.Code, record.At, record.Settled = nil, s.Code, at(now), true
	if s.Sent {
		record.State, record.Outcome = StepDone, OutcomeFound
	} else {
		record.State, record.Outcome, record.First = StepFailed, "", time.Time{} // nobody has seen the key
		r.Flag("step " + step + ": " + s.Code)
	}
	r.Steps[step] = record
	return nil
}

// openEffect tells whether nobody knows what became of a step of this run, and no worker will find out by itself.
func (r *Run) openEffect(s StepRecord) bool {
	return s.State == StepUnknown || s.State == StepIntent && r.State != Open
}

// dropFlag drops this one flag. Other copies of the run keep theirs.
func (r *Run) dropFlag(f string) {
	r.Flags = slices.DeleteFunc(slices.Clone(r.Flags), func(flag string) bool { return flag == f })
}
