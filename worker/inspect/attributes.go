package inspect

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// Fate is what became of an attribute.
type Fate string

// The fates.
const (
	Written   Fate = "written"   // by the last write of this run
	Unchanged Fate = "unchanged" // it had the value already, or this run wrote it before
	Refused   Fate = "refused"   // left out and flagged; Why is the code
	Nothing   Fate = "nothing"   // no value was found, or its mode keeps what is there
	Waits     Fate = "waits"     // the write has not been made yet; On are the steps it waits for, Why the failure it had
	Never     Fate = "never"     // the run ended without the write
)

// Attribute is one attribute that the pipeline writes, or that the run has written. No value is known here: the ledger
// keeps digests only.
type Attribute struct {
	Name     string    `json:"name"`
	Fate     Fate      `json:"fate"`
	Why      string    `json:"why,omitempty"`
	On       []string  `json:"waits_for,omitempty"`
	From     []string  `json:"from,omitempty"`   // the steps it reads, if the pipeline is known
	Digest   string    `json:"digest,omitempty"` // of the value that was written, or was there
	Observed time.Time `json:"observed,omitzero"`
	Stranger bool      `json:"not_in_pipeline,omitempty"` // the pipeline given has no such attribute
}

// attributesOf are those of the pipeline in its order, then those that the run alone knows, by name.
func attributesOf(r worker.Run, p *enrich.Pipeline) []Attribute {
	w := writing{run: r, names: written(r), codes: refusals(r.Flags), on: waitsFor(r, p)}
	all, seen := []Attribute{}, map[string]bool{}
	if p != nil {
		for i := range p.Attributes {
			a := w.attribute(p.Attributes[i].Name)
			a.From = sources(&p.Attributes[i])
			all, seen[a.Name] = append(all, a), true
		}
	}
	known := slices.Concat(w.names, slices.Collect(maps.Keys(w.codes)), slices.Collect(maps.Keys(r.Written)))
	slices.Sort(known)
	for _, name := range slices.Compact(known) {
		if !seen[name] {
			a := w.attribute(name)
			a.Stranger = p != nil
			all = append(all, a)
		}
	}
	return all
}

// writing is what the run says about its write.
type writing struct {
	run   worker.Run
	names []string          // of the last write
	codes map[string]string // of refused attributes
	on    []string          // steps that the write waits for
}

func (w writing) attribute(name string) Attribute {
	a := Attribute{Name: name}
	before, had := w.run.Written[name]
	a.Digest, a.Observed = before.Digest, before.Observed
	step := w.run.Steps[enrich.AttributesStep]
	switch {
	case w.codes[name] != "":
		a.Fate, a.Why = Refused, w.codes[name]
	case slices.Contains(w.names, name):
		a.Fate = Written
	case step.State == worker.StepDone && had:
		a.Fate = Unchanged
	case step.State == worker.StepDone:
		a.Fate = Nothing
	case w.run.State == worker.Open:
		a.Fate, a.On, a.Why = Waits, w.on, step.Code
	default:
		a.Fate, a.On, a.Why = Never, w.on, step.Code
	}
	return a
}

// refusals reads the flags "attribute NAME: CODE".
func refusals(flags []string) map[string]string {
	codes := map[string]string{}
	for _, flag := range flags {
		rest, ok := strings.CutPrefix(flag, "attribute ")
		if i := strings.LastIndex(rest, ": "); ok && i > 0 {
			codes[rest[:i]] = rest[i+2:]
		}
	}
	return codes
}

// waitsFor are the steps whose answers the write needs and that are not over.
func waitsFor(r worker.Run, p *enrich.Pipeline) []string {
	if p == nil {
		return nil
	}
	return slices.DeleteFunc(p.Sources(), func(id string) bool { return r.Steps[id].State.Terminal() })
}

// sources are the steps that an attribute reads.
func sources(a *enrich.Attribute) (ids []string) {
	for _, path := range a.Value.Paths() {
		if len(path) > 1 && path[0] == "steps" && !slices.Contains(ids, path[1]) {
			ids = append(ids, path[1])
		}
	}
	return ids
}
