package worker

import (
	"cmp"
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"
)

// DependencyState is one outside system as this process thinks of it now.
type DependencyState struct {
	Name string // enrich.Step.DependencyName, or "cognito:read" or "cognito:write"
	Open bool   // its breaker is not closed: at most one call at a time tries it
}

// Dependencies are the outside systems of the pipeline, the pool's reads and writes among them, sorted by name. It is safe for
// concurrent use.
func (w *Worker) Dependencies() []DependencyState {
	all := make([]DependencyState, 0, len(w.outside))
	for name, d := range w.outside {
		all = append(all, DependencyState{Name: name, Open: d.breaker.State() != gobreaker.StateClosed})
	}
	slices.SortFunc(all, func(a, b DependencyState) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// WriteRate is how many Cognito writes per second the budget gives now. It is safe for concurrent use.
func (w *Worker) WriteRate() float64 { return w.options.Budget.Rate() }

// InFlight is how many messages are worked on now. It is safe for concurrent use.
func (d *Daemon) InFlight() int { return len(d.slots) }

// Hidden is how many messages this daemon hid that have not come back yet. It is safe for concurrent use.
func (d *Daemon) Hidden() int { return d.hidden.count(time.Now()) }

// Full tells whether the daemon receives nothing on purpose: every slot is taken, or as many messages are hidden as may
// be. It is safe for concurrent use.
func (d *Daemon) Full() bool {
	if len(d.slots) == cap(d.slots) {
		return true
	}
	n := d.Hidden()
	return n >= maxHiddenEver || n >= d.hidden.most && d.sick()
}
