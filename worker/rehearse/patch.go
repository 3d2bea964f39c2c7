package rehearse

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

// Change is what the write does to an attribute.
type Change string

// The changes.
const (
	Add     Change = "add"     // the user has none yet
	Replace Change = "replace" // the user has another value
	Stay    Change = "stay"    // nothing is written; Why says so
	Unclear Change = "unclear" // the write was not reached, or failed
)

// Attribute is one attribute of the pipeline: as the user has it, and as it would be.
type Attribute struct {
	Name, Mode string
	Change     Change
	Now, Would Value
	Why        string   // a code such as too_long, or: nothing_found, if_empty, if_unchanged, same_or_nothing
	Unknown    []string // steps that it reads and whose answer a rehearsal can't know: it may come out differently
}

// The values of Attribute.Why beside the codes of flags.
const (
	WhyNothing   = "nothing_found"   // the expressions found no value
	WhyEmpty     = "if_empty"        // its mode: the user has a value
	WhyUnchanged = "if_unchanged"    // its mode: a rehearsal doesn't know whether the value is still the worker's
	WhySame      = "same_or_nothing" // the value is the same, or none was found
)

// patch says what the write does to each attribute of the pipeline, in the order of the file.
func (s *stage) patch(p *enrich.Pipeline, run worker.Run) []Attribute {
	uncertain := s.uncertain(p)
	reached := run.Steps[enrich.AttributesStep].State == worker.StepDone
	all := make([]Attribute, len(p.Attributes))
	for i, a := range p.Attributes {
		out := Attribute{Name: a.Name, Mode: mode(a.Mode), Now: newValue(s.user.Attributes[a.Name])}
		for _, path := range a.Value.Paths() {
			if len(path) > 1 && path[0] == "steps" && uncertain[path[1]] && !slices.Contains(out.Unknown, path[1]) {
				out.Unknown = append(out.Unknown, path[1])
			}
		}
		out.Change, out.Would, out.Why = s.change(a, out.Now, reached, flagOf(a.Name, run.Flags))
		all[i] = out
	}
	return all
}

func (s *stage) change(a enrich.Attribute, now Value, reached bool, flag string) (c Change, would Value, why string) {
	i := slices.IndexFunc(s.values, func(v worker.Value) bool { return v.Name == a.Name })
	switch {
	case !reached && i >= 0:
		return Unclear, newValue(s.values[i].Text), flag
	case !reached:
		return Unclear, Value{}, flag
	case i >= 0 && now.None():
		return Add, newValue(s.values[i].Text), ""
	case i >= 0:
		return Replace, newValue(s.values[i].Text), ""
	case flag != "":
		return Stay, now, flag
	case now.None():
		return Stay, now, WhyNothing
	case a.Mode == enrich.IfEmpty:
		return Stay, now, WhyEmpty
	case a.Mode == enrich.IfUnchanged:
		return Stay, now, WhyUnchanged
	}
	return Stay, now, WhySame
}

func mode(m enrich.Mode) string {
	return [...]string{"overwrite", "if-empty", "if-unchanged"}[min(m, enrich.IfUnchanged)]
}

// Field is one value of an answer: where it is found below the step, and the value.
type Field struct {
	Path  string // "body.plan.name"; "" is the whole answer
	Value Value
}

// fields are what a stored answer has at the paths that expressions read. What is no string is its JSON. Only the paths
// of the file are named: the keys of an answer could be personal, too.
func fields(output json.RawMessage, paths []expr.Path) []Field {
	if len(output) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(output))
	d.UseNumber()
	var answer any
	if d.Decode(&answer) != nil {
		return nil
	}
	var all []Field
	for _, path := range paths {
		leaf, ok := find(answer, path)
		if !ok {
			continue
		}
		text, ok := leaf.(string)
		if !ok {
			raw, _ := json.Marshal(leaf)
			text = string(raw)
		}
		all = append(all, Field{strings.Join(path, "."), newValue(text)})
	}
	return all
}

func find(v any, path expr.Path) (any, bool) {
	for _, key := range path {
		m, _ := v.(map[string]any)
		inner, ok := m[key]
		if !ok {
			return nil, false
		}
		v = inner
	}
	return v, true
}
