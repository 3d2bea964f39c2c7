package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/rehearse"
)

// tryView shows a rehearsal: text for people, and with --json one object for machines beside it.
type tryView struct {
	tryOptions
	people io.Writer
	out    io.Writer // of the JSON object; nil without --json
}

func newTryView(std streams, o tryOptions) tryView {
	if o.json {
		return tryView{o, std.err, std.out}
	}
	return tryView{o, std.out, nil}
}

// opened says who it is about and what is done, before anything is done.
func (v tryView) opened(m event.Message) {
	fmt.Fprintf(v.people, "%s in %s\n", printable(m.Sub), printable(m.Pool))
	if v.write {
		fmt.Fprintln(v.people, "With --write: effects are made and attributes written, for real. The worker's ledger does not learn of it.")
		return
	}
	fmt.Fprintln(v.people, "Steps that only read are asked; nothing is written, and nobody else is called.")
}

// ended shows what happened.
func (v tryView) ended(m event.Message, r *rehearse.Report) error {
	for i, s := range r.Steps {
		if i == 0 {
			fmt.Fprintln(v.people, "\nsteps")
		}
		fmt.Fprintf(v.people, "  %-12s %s\n", s.ID, v.stepText(s))
		for _, f := range s.Answer {
			fmt.Fprintf(v.people, "  %-12s   %s = %s\n", "", f.Path, v.text(f.Value))
		}
	}
	for i, a := range r.Attributes {
		if i == 0 {
			fmt.Fprintln(v.people, "\nattributes")
		}
		fmt.Fprintf(v.people, "  %s %-18s %s\n", mark(a.Change), a.Name, v.attributeText(a))
	}
	for i, f := range r.Flags {
		if i == 0 {
			fmt.Fprintln(v.people, "\nflags")
		}
		fmt.Fprintf(v.people, "  %s\n", f)
	}
	fmt.Fprintf(v.people, "\noutcome\n  %s\n", strings.TrimSpace(r.Outcome+" "+r.Reason))
	if v.out == nil {
		return nil
	}
	return json.NewEncoder(v.out).Encode(v.object(m, r))
}

// stepText says what became of a step.
func (v tryView) stepText(s rehearse.Step) string {
	if s.ID == enrich.AttributesStep {
		return writeText(s)
	}
	what := fmt.Sprintf("%s (%s)", s.Uses, s.Class)
	if s.At != "" {
		what += " at " + s.At
	}
	switch s.Did {
	case rehearse.Named:
		return "would call " + what
	case rehearse.Asked:
		return fmt.Sprintf("called %s: %s, %s, %.0f ms", what, resultText(s), count(s.Calls, "call"), milliseconds(s.Took))
	}
	return idleText(s)
}

// writeText says what became of the attributes step.
func writeText(s rehearse.Step) string {
	switch s.Did {
	case rehearse.Named:
		return "would write " + count(s.Writes, "attribute") + " with one AdminUpdateUserAttributes"
	case rehearse.Nothing:
		return "nothing to write"
	case rehearse.Asked:
		if s.Code == "" {
			return "wrote " + count(s.Writes, "attribute") + " with one AdminUpdateUserAttributes"
		}
		return "not written: " + resultText(s)
	}
	return idleText(s)
}

// resultText is the outcome of a call, or why it has none yet.
func resultText(s rehearse.Step) string {
	switch {
	case s.Again:
		return s.Code + ", the worker would try again later"
	case s.Code != "" && s.Outcome != "not-found":
		return s.Outcome + " " + s.Code
	}
	return s.Outcome
}

// idleText says why nobody was called.
func idleText(s rehearse.Step) string {
	switch {
	case s.Did == rehearse.Skipped && s.Code == "condition":
		return "skipped: its condition is false"
	case s.Did != rehearse.Waits:
		return string(s.Did) + ": " + s.Code
	case len(s.Behind) == 0:
		return "was not reached"
	}
	return "waits for " + strings.Join(s.Behind, ", ")
}

func mark(c rehearse.Change) string {
	return map[rehearse.Change]string{rehearse.Add: "+", rehearse.Replace: "~", rehearse.Stay: "=", rehearse.Unclear: "?"}[c]
}

// attributeText is one line of the diff.
func (v tryView) attributeText(a rehearse.Attribute) string {
	text := v.text(a.Now) + " → " + v.text(a.Would)
	switch {
	case a.Change == rehearse.Stay:
		text = v.text(a.Now) + ": " + whyText(a.Why)
	case a.Change == rehearse.Unclear && a.Would.None():
		text = v.text(a.Now) + ": the write was not reached"
	case a.Change == rehearse.Unclear:
		text += ": not written"
	}
	if len(a.Unknown) > 0 {
		text += "; depends on " + strings.Join(a.Unknown, ", ") + ", whose answer is not known"
	}
	return text
}

// whyText says why an attribute stays as it is.
func whyText(why string) string {
	switch why {
	case rehearse.WhyNothing:
		return "no value was found"
	case rehearse.WhyEmpty:
		return "stays, its mode is if-empty"
	case rehearse.WhyUnchanged:
		return "stays, its mode is if-unchanged and only the worker's ledger knows who wrote it"
	case rehearse.WhySame:
		return "stays, the same or no value was found"
	}
	return "left out, " + why
}

// text is a value for people: its length, or with --show itself.
func (v tryView) text(value rehearse.Value) string {
	if v.show && !value.None() {
		return printable(value.Reveal())
	}
	return value.String()
}

// outcomeHint says what an outcome that is not done means.
func outcomeHint(r *rehearse.Report) string {
	switch {
	case r.Reason == "user_gone":
		return "the pool has no such user any more"
	case r.Reason == "user_replaced":
		return "the user name belongs to another sub now: nothing is ever written to them"
	case r.Outcome == "parked":
		return "the worker would park it and send a dead letter with this reason; try sends none"
	case r.Outcome == "retry":
		return "the worker would count an attempt and try the step again later"
	case r.Outcome == "released":
		return "the worker would try again later, without counting an attempt"
	}
	return ""
}
