package rehearse

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// Report is what happened on the stage. Personal values in it are Values; everything else may be printed.
type Report struct {
	Run        string // run key; "" if the message was none
	Wrote      bool   // Options.Write: effects and write were made
	Outcome    string // of the run, as worker.Outcome says it: done, parked, retry, released, gone, poison
	Reason     string // stable code; "" when all is well
	Steps      []Step // in the order in which they can run, the attributes step among them
	Attributes []Attribute
	Flags      []string // why the run would not be perfect
}

// Done tells whether the run ended done, perhaps with flags.
func (r *Report) Done() bool { return r.Outcome == worker.Completed.String() }

// Did is what became of a step on the stage.
type Did string

// What a step did.
const (
	Asked   Did = "asked"   // its outside system was called
	Named   Did = "named"   // it would be called now, and was only named
	Nothing Did = "nothing" // there was nothing to do: an empty patch
	Skipped Did = "skipped" // Code says why
	Failed  Did = "failed"  // before any call: its condition
	Waits   Did = "waits"   // it could not start; Behind says for which steps
)

// Step is one step on the stage.
type Step struct {
	ID, Uses string
	Class    string // "" for the attributes step
	At       string // the outside system if it has a name: a host
	Did      Did
	Outcome  string   // found, not-found, default, skipped, failed, unknown; "" if it isn't over
	Code     string   // of the failure, or why it was skipped
	Again    bool     // the worker would try it again later
	Behind   []string // the needed steps that are not over, or failed
	Calls    int
	Took     time.Duration
	Answer   []Field // what expressions read of it
	Writes   int     // of the attributes step: attributes in the patch
}

// report puts everything together once the worker has spoken.
func (s *stage) report(p *enrich.Pipeline, v worker.Verdict) *Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.page.stored()
	r := &Report{Run: v.Run, Wrote: s.write, Outcome: v.Outcome.String(), Reason: v.Reason, Flags: run.Flags}
	if v.Outcome == worker.Vanished || v.Outcome == worker.Poison || run.Steps == nil {
		return r // no step had its turn
	}
	var before, after []Step
	for i := range p.Steps {
		if step := s.step(&p.Steps[i], run); p.AfterWrite(step.ID) {
			after = append(after, step)
		} else {
			before = append(before, step)
		}
	}
	r.Steps = before
	if len(p.Attributes) > 0 {
		r.Steps = append(r.Steps, s.attributesStep(p, run))
	}
	r.Steps = append(r.Steps, after...)
	r.Attributes = s.patch(p, run)
	return r
}

func (s *stage) step(step *enrich.Step, run worker.Run) Step {
	record := run.Steps[step.ID]
	out := Step{ID: step.ID, Uses: step.Uses, Class: step.Class.String(), Calls: s.called[step.ID], Took: s.notes[step.ID].Took,
		Answer: fields(record.Output, step.Fields), Code: record.Code, Outcome: outcome(record)}
	if named, ok := step.Connector.(enrich.Dependent); ok {
		out.At = named.Dependency()
	}
	switch {
	case s.named[step.ID]:
		out.Did, out.Outcome = Named, ""
	case out.Calls > 0:
		out.Did, out.Again = Asked, !record.State.Terminal()
	case record.State == worker.StepSkipped:
		out.Did = Skipped
	case record.State.Terminal():
		out.Did = Failed
	default:
		out.Did, out.Behind = Waits, behind(step.Needs, run)
	}
	return out
}

// outcome is what expressions would see as steps.ID.outcome.
func outcome(r worker.StepRecord) string {
	if !r.State.Terminal() {
		return ""
	}
	return cmp.Or(r.Outcome, string(r.State))
}

// behind are the steps that keep another one waiting.
func behind(needs []string, run worker.Run) []string {
	return slices.DeleteFunc(slices.Clone(needs), func(id string) bool {
		state := run.Steps[id].State
		return state.Terminal() && state != worker.StepFailed
	})
}

// attributesStep is the built-in step.
func (s *stage) attributesStep(p *enrich.Pipeline, run worker.Run) Step {
	record := run.Steps[enrich.AttributesStep]
	out := Step{ID: enrich.AttributesStep, Uses: enrich.AttributesStep, Code: record.Code, Outcome: outcome(record), Writes: len(s.values)}
	switch {
	case record.State == worker.StepDone && len(s.values) == 0:
		out.Did = Nothing
	case record.State == worker.StepDone && !s.write:
		out.Did, out.Outcome = Named, ""
	case record.State.Terminal(), record.Code != "":
		out.Did, out.Again = Asked, !record.State.Terminal()
	default:
		out.Did = Waits
		out.Behind = slices.DeleteFunc(p.Sources(), func(id string) bool { return run.Steps[id].State.Terminal() })
	}
	return out
}

// uncertain are the steps whose answer a rehearsal can't know: those that were named only, and whatever needs them.
func (s *stage) uncertain(p *enrich.Pipeline) map[string]bool {
	all := map[string]bool{}
	for _, step := range p.Steps { // every step stands after those that it needs
		all[step.ID] = s.named[step.ID] || slices.ContainsFunc(step.Needs, func(id string) bool { return all[id] })
	}
	return all
}

// flagOf is the code of a flag about an attribute, "" if there is none.
func flagOf(name string, flags []string) string {
	for _, f := range flags {
		if code, ok := strings.CutPrefix(f, "attribute "+name+": "); ok {
			return code
		}
	}
	return ""
}
