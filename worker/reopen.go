package worker

import (
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// Reopening says how a run is reopened. The zero value goes on with what failed.
type Reopening struct {
	Plan  string   // stored as Run.Plan
	Rerun []string // steps to do anew although they are over: their effects happen again, under a new effect key
}

// Reopen makes a run that is over one that the worker goes on with: what failed is tried anew, with all its attempts and
// a fresh age; what is done stays done, and an open effect stays open, unless they are on the list; what differs of the
// attributes by then is written. It changes r only: the caller stores it with the ledger's Amend, which takes the run
// from whoever holds it, and sends r.Message, which carries r.Reopens.
func (r *Run) Reopen(now time.Time, how Reopening) {
	r.State, r.Reason, r.LetterSent = Open, "", false
	r.Owner, r.LeaseUntil, r.Crashes, r.Erased = "", time.Time{}, 0, time.Time{}
	r.Reopens, r.Reopened, r.Updated, r.Plan = r.Reopens+1, now, now, how.Plan
	for id, s := range r.Steps {
		if slices.Contains(how.Rerun, id) {
			r.alsoChosen(id)
			r.Steps[id] = StepRecord{Again: s.Again + 1, Failures: s.Failures}
			r.dropFlags("step " + id + ": ")
			continue
		}
		if !s.State.Terminal() || s.State == StepFailed {
			if s.State == StepFailed {
				if s.Settled {
					r.dropFlag("step " + id + ": " + s.Code)
				}
				s.State, s.Outcome = StepOpen, ""
				s.Settled = false
			}
			s.Attempts = 0
			r.Steps[id] = s
		}
	}
	delete(r.Steps, enrich.AttributesStep) // what failed may have something to write now
	r.dropFlags("attribute ")
}

// alsoChosen adds a step that an operator wants to the run's choice.
func (r *Run) alsoChosen(id string) {
	if !r.chosen(id) {
		r.Origin.Steps = append(slices.Clone(r.Origin.Steps), id)
	}
}

// dropFlags takes the flags back that begin so.
func (r *Run) dropFlags(prefix string) {
	r.Flags = slices.DeleteFunc(slices.Clone(r.Flags), func(f string) bool { return strings.HasPrefix(f, prefix) })
}
