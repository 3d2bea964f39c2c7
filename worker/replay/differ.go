package replay

import (
	"cmp"
	"slices"

	"github.com/postconfirm/postconfirm/enrich"
)

// The ways in which two pipeline files differ in a step.
const (
	Added   = "added"   // only the file of now has it: it will run, also for users of whom all else is finished
	Removed = "removed" // only the file of then has it: what is known of it stays, and nothing is done
	Changed = "changed" // both have it, and it says something else: finished ones are not done again for that
	Reclass = "class"   // changed, and a repetition means something else now
)

// Difference is one step in which the file of then and the file of now differ; the write of the attributes counts as one.
type Difference struct {
	Step string `json:"step"`
	What string `json:"what"`
	Then string `json:"then,omitempty"` // its class then
	Now  string `json:"now,omitempty"`  // its class now
}

// Config is a pipeline file that runs of a plan had, beside the file that the worker has now.
type Config struct {
	Hash        string       `json:"hash"` // "" is that of runs on which no file ever worked
	Runs        int          `json:"runs"`
	Same        bool         `json:"same,omitempty"` // it is the file of now
	Kept        bool         `json:"kept,omitempty"` // the file of then could be read; else the differences are those that the runs show
	Differences []Difference `json:"differences,omitempty"`
}

// differ compares two files, in the order of the steps' ids.
func differ(then, now *enrich.Pipeline) []Difference {
	var all []Difference
	for _, s := range now.Steps {
		before := stepOf(then, s.ID)
		switch {
		case before == nil:
			all = append(all, Difference{Step: s.ID, What: Added, Now: s.Class.String()})
		case before.Class != s.Class:
			all = append(all, Difference{Step: s.ID, What: Reclass, Then: before.Class.String(), Now: s.Class.String()})
		case before.Digest != s.Digest:
			all = append(all, Difference{Step: s.ID, What: Changed, Then: before.Class.String(), Now: s.Class.String()})
		}
	}
	for _, s := range then.Steps {
		if stepOf(now, s.ID) == nil {
			all = append(all, Difference{Step: s.ID, What: Removed, Then: s.Class.String()})
		}
	}
	if then.Writes != now.Writes {
		all = append(all, Difference{Step: enrich.AttributesStep, What: Changed})
	}
	slices.SortFunc(all, func(a, b Difference) int { return cmp.Compare(a.Step, b.Step) })
	return all
}

// surmise compares what runs remember with a file, when the file of then is not kept: a step that no run remembers may be
// new, or may never have been reached.
func surmise(remembered map[string]bool, now *enrich.Pipeline) []Difference {
	var all []Difference
	for id := range remembered {
		if id != enrich.AttributesStep && stepOf(now, id) == nil {
			all = append(all, Difference{Step: id, What: Removed})
		}
	}
	slices.SortFunc(all, func(a, b Difference) int { return cmp.Compare(a.Step, b.Step) })
	return all
}

func stepOf(p *enrich.Pipeline, id string) *enrich.Step {
	i := slices.IndexFunc(p.Steps, func(s enrich.Step) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Steps[i]
}
