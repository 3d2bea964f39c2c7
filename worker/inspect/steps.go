package inspect

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
)

// Step is how one step of the run stands.
type Step struct {
	ID        string           `json:"id"`
	Uses      string           `json:"uses,omitempty"`  // if the pipeline is known
	Class     string           `json:"class,omitempty"` // likewise
	Waits     []string         `json:"waits_for,omitempty"`
	State     worker.StepState `json:"state"` // "" will be tried, or tried again
	Outcome   string           `json:"outcome,omitempty"`
	Condition *bool            `json:"if,omitempty"`
	Code      string           `json:"code,omitempty"`
	Kind      string           `json:"class_of_failure,omitempty"`
	Attempts  int              `json:"attempts"`
	At        time.Time        `json:"at,omitzero"`
	MS        int64            `json:"ms,omitempty"`
	Again     int              `json:"again,omitempty"`   // how often an operator wanted it done anew
	Settled   *Settled         `json:"settled,omitempty"` // somebody else than the worker said how it came out
	Result    Value            `json:"result"`
	Stranger  bool             `json:"not_in_pipeline,omitempty"` // the pipeline given has no such step
}

// Settled says who told how an open effect came out. Who is "" where that was no operator, but the other side, whose
// events are in no log of operators, or where the log was not asked.
type Settled struct {
	Who string `json:"who,omitempty"`
	Why string `json:"why,omitempty"`
}

// settledBy asks the operators' log who settled the steps that were settled: the last one about the step at about that
// time, by the clocks of the machines that wrote both.
func (i *Inspector) settledBy(ctx context.Context, d *Detail) error {
	const around = 10 * time.Minute
	for n := range d.Steps {
		s := &d.Steps[n]
		if s.Settled == nil || i.Audit == nil {
			continue
		}
		q := AuditQuery{Run: d.Key, Step: s.ID, Since: s.At.Add(-around), Until: s.At.Add(around)}
		_, err := Audit(ctx, i.Audit, q, func(e audit.Entry) error {
			if e.State != audit.Refused && e.State != audit.Failed {
				s.Settled.Who, s.Settled.Why = e.Who, e.Why
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stepsOf are the pipeline's steps in its order, then those of the run that it does not have, by name.
func stepsOf(r worker.Run, o *DetailOptions) []Step {
	left := maps.Clone(r.Steps)
	all := []Step{}
	if o.Pipeline != nil {
		for _, s := range o.Pipeline.Steps {
			step := stepOf(s.ID, left[s.ID], o.Show)
			step.Uses, step.Class = s.Uses, s.Class.String()
			step.Waits = notOver(r, s.Needs, step)
			all = append(all, step)
			delete(left, s.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		step := stepOf(id, left[id], o.Show)
		step.Stranger = o.Pipeline != nil && id != enrich.AttributesStep
		all = append(all, step)
	}
	return all
}

func stepOf(id string, s worker.StepRecord, show bool) Step {
	step := Step{ID: id, State: s.State, Outcome: s.Outcome, Condition: s.If, Code: s.Code, Kind: s.Kind, Attempts: s.Attempts, At: s.At,
		MS: s.Took, Again: s.Again, Result: result(id, s, show)}
	if s.Settled {
		step.Settled = &Settled{}
	}
	return step
}

// result is the stored answer. That of the attributes step is names of attributes, which are no values.
func result(id string, s worker.StepRecord, show bool) Value {
	return parsed(s.Output, show || id == enrich.AttributesStep)
}

// notOver are the needs that an open step waits for: those that are not over, and those that failed.
func notOver(r worker.Run, needs []string, s Step) []string {
	if s.State.Terminal() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(needs), func(id string) bool {
		state := r.Steps[id].State
		return state.Terminal() && state != worker.StepFailed
	})
}

// Effect is an open effect: a call that was sent, or about to be, and nobody knows whether it happened.
type Effect struct {
	Step     string    `json:"step"`
	Since    time.Time `json:"since,omitzero"`
	Code     string    `json:"code,omitempty"`
	Key      string    `json:"effect_key"` // what the other side was given, if it takes keys
	Commands []string  `json:"commands"`
}

func effectsOf(r worker.Run) (all []Effect) {
	for _, id := range r.OpenEffects() {
		s := r.Steps[id]
		since := s.First
		if since.IsZero() {
			since = s.At
		}
		all = append(all, Effect{Step: id, Since: since, Code: s.Code, Key: r.EffectKey(id), Commands: nextOfEffect(r.Key, id)})
	}
	return all
}

// written are the names that the last write of the run had.
func written(r worker.Run) []string {
	answer := parsed(r.Steps[enrich.AttributesStep].Output, true)
	if answer.None() {
		return nil
	}
	fields, _ := answer.held.any.(map[string]any)
	names, _ := fields["written"].(string)
	return strings.Fields(names)
}
