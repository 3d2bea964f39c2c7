package worker

import (
	"cmp"
	"slices"
	"time"
)

// Trend says into which equal parts of time Groups counts: Parts parts of length Each, the last one ending at End.
type Trend struct {
	End   time.Time
	Each  time.Duration
	Parts int
}

// Part is the index of the part that t falls into; ok is false if it falls into none.
func (t Trend) Part(at time.Time) (i int, ok bool) {
	before := t.End.Sub(at)
	if before < 0 || t.Each <= 0 || before >= t.Each*time.Duration(t.Parts) {
		return 0, false
	}
	return t.Parts - 1 - int(before/t.Each), true
}

// Group is the runs that share state and cause.
type Group struct {
	State RunState `json:"state"`
	Cause
	Runs    int       `json:"runs"`
	First   time.Time `json:"first"`             // when the first of them was last saved
	Last    time.Time `json:"last"`              // when the last of them was last saved
	Trend   []int     `json:"trend,omitempty"`   // how many were last saved in each part of the Trend, the oldest first
	Example string    `json:"example,omitempty"` // the key of one of them, the one saved last
}

// Groups collects groups. Its zero value is empty. It keeps one Group for each state and cause, and no run.
type Groups struct {
	all map[groupKey]*Group
}

type groupKey struct {
	state RunState
	cause Cause
}

// Add counts one run, last saved at updated.
func (g *Groups) Add(state RunState, cause Cause, updated time.Time, key string, t Trend) {
	if g.all == nil {
		g.all = map[groupKey]*Group{}
	}
	of := g.all[groupKey{state, cause}]
	if of == nil {
		of = &Group{State: state, Cause: cause, First: updated, Last: updated, Example: key, Trend: make([]int, max(0, t.Parts))}
		g.all[groupKey{state, cause}] = of
	}
	of.Runs++
	if updated.Before(of.First) {
		of.First = updated
	}
	if updated.After(of.Last) {
		of.Last, of.Example = updated, key
	}
	if i, ok := t.Part(updated); ok {
		of.Trend[i]++
	}
}

// Sorted gives the groups, the largest first; of equal ones in the order of state, step, class and code.
func (g *Groups) Sorted() []Group {
	all := make([]Group, 0, len(g.all))
	for _, of := range g.all {
		all = append(all, *of)
	}
	return SortGroups(all)
}

// SortGroups sorts groups as Sorted gives them, in place.
func SortGroups(all []Group) []Group {
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.State, b.State), cmp.Compare(a.Step, b.Step),
			cmp.Compare(a.Class, b.Class), cmp.Compare(a.Code, b.Code))
	})
	return all
}
