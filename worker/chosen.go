package worker

import "slices"

// codeNotChosen is why a step was skipped that the run's message did not choose: a backfill that is about some steps only.
// What needs it goes on, and sees null, as behind a condition that was false.
const codeNotChosen = "not_chosen"

// choose keeps the choice of steps that a run's first message made. A later message can't widen it, and one that chooses
// narrows a run that was about all steps: in doubt a step is left out, not run.
func (r *Run) choose(steps []string) {
	if r.Origin.Steps == nil {
		r.Origin.Steps = slices.Clone(steps)
	}
}

// chosen tells whether a step is one of those that this run is about.
func (r *Run) chosen(id string) bool {
	return r.Origin.Steps == nil || slices.Contains(r.Origin.Steps, id)
}

// leaveOut skips every step that was not chosen and that nothing was begun of. The next save makes it durable; until then
// the message says the same.
func (e *execution) leaveOut(r *Run) {
	for _, s := range e.pipeline.Steps {
		if record := r.Steps[s.ID]; !r.chosen(s.ID) && record.State == StepOpen {
			r.Steps[s.ID] = StepRecord{State: StepSkipped, Outcome: OutcomeSkipped, Code: codeNotChosen, Failures: record.Failures, Again: record.Again}
		}
	}
}

// passable tells whether what needs a skipped step goes on, and sees null.
func passable(code string) bool { return code == CodeCondition || code == codeNotChosen }
