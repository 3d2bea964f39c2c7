package worker

import (
	"slices"

	"github.com/postconfirm/postconfirm/enrich"
)

// settleIntents settles the intents that an earlier delivery left open: nobody knows whether their calls arrived. What
// may be repeated is open again; what can be looked up stays an intent until it is; everything else is an open effect and
// flagged. It tells whether it changed any.
func (w *Worker) settleIntents(r *Run) (changed bool) {
	for id, s := range r.Steps {
		switch {
		case s.State != StepIntent, w.looksUp(id):
		case w.repeats(id):
			s.State = StepOpen
			r.Steps[id], changed = s, true
		default:
			r.leaveOpen(id, s)
			changed = true
		}
	}
	return changed
}

// leaveIntents makes open effects of all intents: for a run that ends, so that nobody will ever repeat them.
func (r *Run) leaveIntents() {
	for id, s := range r.Steps {
		if s.State == StepIntent {
			r.leaveOpen(id, s)
		}
	}
}

func (r *Run) leaveOpen(id string, s StepRecord) {
	s.State, s.Code = StepUnknown, "interrupted"
	r.Steps[id] = s
	r.Flag("step " + id + ": unknown")
}

// repeats tells whether a step is called again when nobody knows if its last call arrived. One that the pipeline does
// not have any more is not.
func (w *Worker) repeats(id string) bool {
	s := w.stepOf(id)
	return s != nil && (s.Class.Repeatable() || s.AtLeast)
}

// looksUp tells whether a step can find out if its last call arrived.
func (w *Worker) looksUp(id string) bool {
	s := w.stepOf(id)
	return s != nil && s.Class == enrich.Verifiable
}

func (w *Worker) stepOf(id string) *enrich.Step {
	i := slices.IndexFunc(w.pipeline.Steps, func(step enrich.Step) bool { return step.ID == id })
	if i < 0 {
		return nil
	}
	return &w.pipeline.Steps[i]
}
