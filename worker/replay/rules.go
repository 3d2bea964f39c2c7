package replay

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// Rules say which steps of a run are done anew although they are over. They are frozen with the plan, so that it does
// what it showed whichever file the worker has by then.
type Rules struct {
	Named   []string `json:"named,omitempty"`   // whatever their state
	Again   []string `json:"again,omitempty"`   // if they are over: what may be repeated, of FromStep and what depends on it
	Skipped []string `json:"skipped,omitempty"` // only if they were skipped: what of FromStep can't be repeated
	Reads   []string `json:"reads,omitempty"`   // questions: asked again if their answer is old, or erased
}

// What is wrong with the steps that an operator names.
var (
	ErrNoStep = errors.New("the pipeline has no such step")
	ErrUnsafe = errors.New("it can't be repeated safely")
)

// rulesOf are the rules of a plan for one pipeline file.
func rulesOf(p *enrich.Pipeline, r *Request) (Rules, error) {
	var rules Rules
	if err := checkNamed(p, r, &rules); err != nil {
		return rules, err
	}
	from, err := behind(p, r.FromStep)
	if err != nil {
		return rules, err
	}
	for _, s := range p.Steps {
		switch {
		case slices.Contains(rules.Named, s.ID):
		case from[s.ID] && s.Class >= enrich.Keyed:
			rules.Again = append(rules.Again, s.ID)
		case from[s.ID]:
			rules.Skipped = append(rules.Skipped, s.ID)
		case s.Class == enrich.Read:
			rules.Reads = append(rules.Reads, s.ID)
		}
	}
	return rules, nil
}

// checkNamed refuses steps that are not there, and those whose repetition nobody asked for twice.
func checkNamed(p *enrich.Pipeline, r *Request, rules *Rules) error {
	for _, id := range r.Rerun {
		i := slices.IndexFunc(p.Steps, func(s enrich.Step) bool { return s.ID == id })
		switch {
		case i < 0:
			return fmt.Errorf("step %q: %w", id, ErrNoStep)
		case p.Steps[i].Class < enrich.Keyed && !r.Unsafe:
			return fmt.Errorf("step %s is %s: %w", id, p.Steps[i].Class, ErrUnsafe)
		case !slices.Contains(rules.Named, id):
			rules.Named = append(rules.Named, id)
		}
	}
	return nil
}

// behind are a step and all that depend on it, be it through the attributes.
func behind(p *enrich.Pipeline, from string) (map[string]bool, error) {
	all := map[string]bool{}
	if from == "" {
		return all, nil
	}
	if from != enrich.AttributesStep && !slices.ContainsFunc(p.Steps, func(s enrich.Step) bool { return s.ID == from }) {
		return nil, fmt.Errorf("step %q: %w", from, ErrNoStep)
	}
	all[from] = true
	depends := func(needs []string) bool {
		return slices.ContainsFunc(needs, func(id string) bool { return all[id] })
	}
	for changed := true; changed; { // the attributes may stand between any two steps
		before := len(all)
		if depends(p.Sources()) {
			all[enrich.AttributesStep] = true
		}
		for _, s := range p.Steps {
			if depends(s.Needs) {
				all[s.ID] = true
			}
		}
		changed = len(all) > before
	}
	return all, nil
}

// of are the steps of one run that are done anew, sorted.
func (r Rules) of(run worker.Run, now time.Time, fresh time.Duration) []string {
	var all []string
	for id, s := range run.Steps {
		finished := s.State.Terminal() && s.State != worker.StepFailed && s.State != worker.StepUnknown
		old := s.State == worker.StepDone && (!run.Erased.IsZero() || now.Sub(s.At) > fresh)
		switch {
		case slices.Contains(r.Named, id),
			slices.Contains(r.Again, id) && finished,
			slices.Contains(r.Skipped, id) && s.State == worker.StepSkipped,
			slices.Contains(r.Reads, id) && old:
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}
