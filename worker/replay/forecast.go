package replay

import (
	"maps"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// Calls is what a plan will ask of one step, for one of its users each. Tries that fail and are repeated come on top.
type Calls struct {
	Step   string       `json:"step"`
	Vendor string       `json:"vendor"` // the outside system: enrich.Step.DependencyName
	Class  string       `json:"class"`
	Users  int          `json:"users"`           // at the most
	Maybe  int          `json:"maybe,omitempty"` // of these, users for whom a condition decides first
	Again  int          `json:"again,omitempty"` // of these, users for whom it was finished, and is done anew
	Price  enrich.Price `json:"price,omitzero"`  // of one call
}

// will is what a step will do in one run.
type will struct{ call, maybe, again bool }

// forecast plays a reopened run against a pipeline, without calling anybody: which steps will be called.
func forecast(run worker.Run, p *enrich.Pipeline, rerun []string, now time.Time) map[string]will {
	before := run.Steps
	run.Steps = maps.Clone(run.Steps)
	if run.Steps == nil {
		run.Steps = map[string]worker.StepRecord{}
	}
	run.Reopen(now, worker.Reopening{Rerun: rerun})
	all, barred := map[string]will{}, map[string]bool{}
	for _, s := range p.Steps { // each stands after those that it needs
		record := run.Steps[s.ID]
		switch {
		case record.State.Terminal():
			barred[s.ID] = record.State == worker.StepSkipped && record.Code != worker.CodeCondition
		case slices.ContainsFunc(s.Needs, func(id string) bool { return barred[id] }):
			barred[s.ID] = true
		default:
			all[s.ID] = will{call: true, maybe: s.If != nil && record.If == nil, again: before[s.ID].State.Terminal() && slices.Contains(rerun, s.ID)}
		}
	}
	return all
}

// tally adds up forecasts.
type tally struct {
	calls  map[string]*Calls // by step, vendor and class: files of then may differ in them
	order  []string
	writes int
}

func (t *tally) add(p *enrich.Pipeline, all map[string]will) {
	if len(p.Attributes) > 0 {
		t.writes++
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		w := all[s.ID]
		if !w.call {
			continue
		}
		c := t.of(s)
		c.Users++
		if w.maybe {
			c.Maybe++
		}
		if w.again {
			c.Again++
		}
	}
}

func (t *tally) of(s *enrich.Step) *Calls {
	key := s.ID + " " + s.DependencyName() + " " + s.Class.String() + " " + s.Price.String()
	if c := t.calls[key]; c != nil {
		return c
	}
	if t.calls == nil {
		t.calls = map[string]*Calls{}
	}
	c := &Calls{Step: s.ID, Vendor: s.DependencyName(), Class: s.Class.String(), Price: s.Price}
	t.calls[key], t.order = c, append(t.order, key)
	return c
}

// all are the calls in the order in which their steps were met.
func (t *tally) all() []Calls {
	out := make([]Calls, len(t.order))
	for i, key := range t.order {
		out[i] = *t.calls[key]
	}
	return out
}

// cost is the sum of what the calls cost at the most, for each currency; sorted.
func cost(all []Calls) []enrich.Price {
	sums := map[string]int64{}
	for _, c := range all {
		if c.Price.Nanos > 0 {
			sums[c.Price.Currency] += c.Price.Nanos * int64(c.Users)
		}
	}
	var out []enrich.Price
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, enrich.Price{Nanos: sums[currency], Currency: currency})
	}
	return out
}
