package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postconfirm/postconfirm/deploy/runbooks"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

// showView shows one run to people.
type showView struct {
	showOptions
	out io.Writer
}

// all writes everything at once.
func (v showView) all(d *inspect.Detail) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "run %s; times are UTC\n", printable(d.Key))
	v.head(w, d)
	for _, part := range []func(io.Writer, *inspect.Detail){v.timeline, v.steps, v.attributes, v.codes, v.effects, v.others, v.next} {
		_ = w.Flush()
		part(w, d)
	}
	_ = w.Flush()
	_, err := v.out.Write(b.Bytes())
	return err
}

// head is what is known of the run as a whole.
func (v showView) head(w io.Writer, d *inspect.Detail) {
	line := func(name, format string, values ...any) {
		fmt.Fprintf(w, "  %s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	line("state", "%s, saved last %s (%s ago); attempts %d, released %d, crashes %d, reopens %d", d.State, utc(d.Updated), age(time.Since(d.Updated)),
		d.Attempts, d.Releases, d.Crashes, d.Reopens)
	if d.Code != "" {
		line("cause", "%s", causeText(d.Cause))
	}
	if e := d.Explanation; e != nil && e.Meaning != "" {
		line("means", "%s", e.Meaning)
		line("do", "%s", e.Do)
	}
	if page := runbooks.Path(d.Code); page != "" {
		line("page", "%s", page)
	}
	if len(d.Flags) > 0 {
		line("flags", "%s", flagsText(d.Row))
	}
	line("person", "%s in %s, generation %s", printable(d.Sub), printable(d.Pool), printable(d.Generation))
	line("event", "%s", v.event(d.Event))
	if d.Event.Steps != nil {
		line("steps", "%s; the others are not run", named(d.Event.Steps))
	}
	line("pipeline", "%s", pipelineText(d.Config))
	if d.Config.Differs {
		line("given now", "%s", printable(d.Config.Current))
	}
	if d.Reopens > 0 {
		line("reopened", "last %s by %s", utc(d.Reopened), printable(cmp.Or(d.Plan, "an operator")))
	}
	if d.Lease != nil {
		line("lease", "%s", leaseText(d))
	}
	line("letter", "%s", v.letterText(d))
	if !d.Erased.IsZero() {
		line("erased", "answers were erased %s", utc(d.Erased))
	}
}

// event is what the first message said.
func (v showView) event(e inspect.Event) string {
	text := "from " + printable(e.Source)
	if !e.At.IsZero() {
		text = utc(e.At) + ", " + text
	}
	if e.Client != "" {
		text += ", client " + printable(e.Client)
	}
	if !e.User.None() {
		text += ", user " + printable(e.User.String())
	}
	var metadata []string
	for _, name := range slices.Sorted(maps.Keys(e.Metadata)) {
		metadata = append(metadata, printable(name)+": "+printable(e.Metadata[name].String()))
	}
	if len(metadata) > 0 {
		text += ", metadata {" + strings.Join(metadata, ", ") + "}"
	}
	return text
}

func pipelineText(c inspect.Config) string {
	switch {
	case c.Hash == "":
		return "no delivery has ended yet"
	case c.Differs:
		return printable(c.Hash) + ", which is not the file given now"
	case c.Current != "":
		return printable(c.Hash) + ", the file given now"
	}
	return printable(c.Hash)
}

func leaseText(d *inspect.Detail) string {
	if d.Lease.Held {
		return printable(d.Lease.Owner) + " is at it, until " + utc(d.Lease.Until)
	}
	return printable(d.Lease.Owner) + " had it until " + utc(d.Lease.Until) + " and did not give it back"
}

// letterText says what is known of the run's dead letters.
func (v showView) letterText(d *inspect.Detail) string {
	text := "not sent"
	if d.LetterSent {
		text = "sent"
	}
	switch looked := v.looked(d.Looked, d.Cut); {
	case looked == "":
		return text
	case d.Letters == nil:
		return text + "; none on the queue" + looked
	default:
		return fmt.Sprintf("%s; on the queue: %s, the oldest of %s%s", text, lettersText(d.Letters), utc(d.Letters.Oldest), looked)
	}
}

func (v showView) timeline(w io.Writer, d *inspect.Detail) {
	fmt.Fprintln(w, "\ntimeline")
	for _, m := range d.Timeline {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", m.At.UTC().Format("2006-01-02 15:04:05.000"), printable(m.Step), printable(m.Text))
	}
}

func (v showView) steps(w io.Writer, d *inspect.Detail) {
	for n, s := range d.Steps {
		if n == 0 {
			fmt.Fprintln(w, "\nsteps")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", printable(s.ID), usesText(s), stepState(s), v.resultOf(s))
	}
}

// usesText is the connector of a step and its class.
func usesText(s inspect.Step) string {
	switch {
	case s.Stranger:
		return "not in the file"
	case s.Uses == "":
		return ""
	}
	return fmt.Sprintf("%s (%s)", s.Uses, s.Class)
}

// stepState is how a step stands.
func stepState(s inspect.Step) string {
	text := cmp.Or(string(s.State), "open")
	if s.Outcome != "" && s.Outcome != string(s.State) {
		text += " " + s.Outcome
	}
	if s.Code != "" {
		text += " " + printable(s.Code)
	}
	if s.Attempts > 0 {
		text += ", " + count(s.Attempts, "attempt")
	}
	if s.Settled != nil {
		text += ", settled by " + settledText(*s.Settled)
	}
	if len(s.Waits) > 0 {
		text += ", waits for " + strings.Join(s.Waits, ", ")
	}
	return text
}

// settledText names who settled a step.
func settledText(s inspect.Settled) string {
	text := cmp.Or(printable(s.Who), "an event of the other side")
	if s.Why != "" {
		text += " (" + printable(s.Why) + ")"
	}
	return text
}

func (v showView) resultOf(s inspect.Step) string {
	if s.Result.None() {
		return ""
	}
	return printable(s.Result.String())
}

func (v showView) attributes(w io.Writer, d *inspect.Detail) {
	for n, a := range d.Attributes {
		if n == 0 {
			fmt.Fprintln(w, "\nattributes")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", printable(a.Name), fromText(a), fateText(a), digestText(a))
	}
}

// fromText names the steps that an attribute reads.
func fromText(a inspect.Attribute) string {
	if len(a.From) == 0 {
		return ""
	}
	return "from " + strings.Join(a.From, ", ")
}

// fateText says what became of an attribute.
func fateText(a inspect.Attribute) string {
	text := string(a.Fate)
	if a.Why != "" {
		text += ": " + printable(a.Why)
	}
	switch {
	case len(a.On) > 0 && a.Fate == inspect.Never:
		text = "not written, for want of " + strings.Join(a.On, ", ")
	case len(a.On) > 0:
		text += " for " + strings.Join(a.On, ", ")
	}
	if a.Stranger {
		text += " (not in the file)"
	}
	return text
}

// digestText is what is known of the value.
func digestText(a inspect.Attribute) string {
	if a.Digest == "" {
		return ""
	}
	return "digest " + printable(a.Digest) + ", answered " + utc(a.Observed)
}

// codes are what the codes above mean.
func (v showView) codes(w io.Writer, d *inspect.Detail) {
	for n, e := range d.Codes {
		if n == 0 {
			fmt.Fprintln(w, "\ncodes")
		}
		fmt.Fprintf(w, "  %s\t%s\n", printable(e.Code), printable(e.Meaning))
		if e.Do != "" {
			fmt.Fprintf(w, "  \t%s\n", printable(e.Do))
		}
	}
}

func (v showView) effects(w io.Writer, d *inspect.Detail) {
	for n, e := range d.Unknown {
		if n == 0 {
			fmt.Fprintln(w, "\nopen effects: nobody knows whether they happened; look at the other side, then say it")
		}
		fmt.Fprintf(w, "  %s\tsince %s\teffect key %s\n", printable(e.Step), utc(e.Since), printable(e.Key))
		for _, c := range e.Commands {
			fmt.Fprintf(w, "    %s\n", c)
		}
	}
}

func (v showView) others(w io.Writer, d *inspect.Detail) {
	for n, r := range d.Others {
		if n == 0 {
			fmt.Fprintln(w, "\nother runs of this person")
		}
		fmt.Fprintf(w, "  %s\tgeneration %s\t%s\t%s\n", printable(r.Key), printable(r.Generation), r.State, utc(r.Updated))
	}
}

func (v showView) next(w io.Writer, d *inspect.Detail) {
	for n, c := range d.Next {
		if n == 0 {
			fmt.Fprintln(w, "\nnext")
		}
		fmt.Fprintf(w, "  %s\n", c)
	}
}
