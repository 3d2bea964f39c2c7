package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/replay"
)

// replayView shows plans: text for people, objects for machines with --json, when the text goes beside them.
type replayView struct {
	streams
	json bool
	cmd  *cobra.Command
}

func (v replayView) people() io.Writer {
	if v.json {
		return v.err
	}
	return v.out
}

// masked is a plan for machines, without the values of its edits.
func masked(p replay.Plan) replay.Plan {
	p.Edit.Metadata = maps.Clone(p.Edit.Metadata)
	for key := range p.Edit.Metadata {
		p.Edit.Metadata[key] = "…"
	}
	p.Rules = nil
	return p
}

func (v replayView) planned(p replay.Plan) {
	if v.json {
		encoded(v.out, masked(p))
	}
	fmt.Fprintf(v.people(), "plan %s: %s, nothing was sent\n", p.ID, count(p.Preview.Users, "user"))
	v.about(p)
	v.preview(p)
	fmt.Fprintf(v.people(), "\nnext:  %s\n", following(v.cmd, "postconfirm replay run "+p.ID))
}

func (v replayView) nothing(p replay.Plan) {
	p.ID, p.State = "", ""
	if v.json {
		encoded(v.out, masked(p))
	}
	fmt.Fprintf(v.people(), "no run is to be replayed; no plan was made\n")
	fmt.Fprintf(v.people(), "  chosen    %s\n", p.Chosen)
	v.excluded(p.Preview.Excluded)
	if p.Preview.Excluded[string(worker.Done)] > 0 {
		fmt.Fprintf(v.people(), "hint:  what is done is done anew only with --state done, and --from-step STEP or --rerun STEP\n")
	}
}

// about says who wants what.
func (v replayView) about(p replay.Plan) {
	w := v.people()
	fmt.Fprintf(w, "  chosen    %s\n  why       %s (%s, %s)\n", p.Chosen, printable(p.Why), printable(p.Who), rfc3339(p.At))
	if p.FromStep != "" {
		fmt.Fprintf(w, "  from      %s and all that depends on it, as far as that is safe\n", printable(p.FromStep))
	}
	if len(p.Rerun) > 0 {
		fmt.Fprintf(w, "  rerun     %s%s\n", printable(strings.Join(p.Rerun, ", ")), map[bool]string{true: ", unsafe ones too"}[p.Unsafe])
	}
	var edits []string
	if p.Edit.Region != "" {
		edits = append(edits, "region="+printable(p.Edit.Region))
	}
	for _, key := range slices.Sorted(maps.Keys(p.Edit.Metadata)) {
		edits = append(edits, "metadata."+printable(key)+"=…")
	}
	if len(edits) > 0 {
		fmt.Fprintf(w, "  edit      %s\n", strings.Join(edits, ", "))
	}
	fmt.Fprintf(w, "  config    %s\n", map[bool]string{true: "the file that each run had", false: "the file of now, " + short(p.Pipeline)}[p.Original])
}

// short is the beginning of a hash.
func short(hash string) string { return hash[:min(8, len(hash))] }

func (v replayView) preview(p replay.Plan) {
	w := v.people()
	fmt.Fprintf(w, "  writes    %d at the most, one for each user\n", p.Preview.Writes)
	fmt.Fprintf(w, "  time      %s at %g/s, half of the write budget\n", nearly(time.Duration(p.Preview.Minutes*float64(time.Minute))), replay.DefaultRate(p.Limit))
	for _, price := range p.Preview.Cost {
		fmt.Fprintf(w, "  cost      %s at the most\n", price)
	}
	v.excluded(p.Preview.Excluded)
	v.calls(p.Preview.Calls)
	v.configs(p.Preview.Configs)
}

func (v replayView) excluded(by map[string]int) {
	words := map[string]string{"other": "not what the filters want", "unknown": "not in the ledger", "done": "done already"}
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(v.people(), "  left out  %d %s\n", by[reason], cmp.Or(words[reason], reason))
	}
}

func (v replayView) calls(all []replay.Calls) {
	w := tabwriter.NewWriter(v.people(), 0, 0, 2, ' ', 0)
	if len(all) > 0 {
		fmt.Fprintln(w, "\n  STEP\tVENDOR\tCLASS\tUSERS\tNOTE")
	}
	for _, c := range all {
		var notes []string
		if c.Again > 0 {
			notes = append(notes, fmt.Sprintf("%d finished, done anew", c.Again))
		}
		if c.Maybe > 0 {
			notes = append(notes, fmt.Sprintf("a condition decides for %d", c.Maybe))
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%d\t%s\n", c.Step, c.Vendor, c.Class, c.Users, strings.Join(notes, "; "))
	}
	_ = w.Flush()
}

// configs shows how the files of then differ from that of now.
func (v replayView) configs(all []replay.Config) {
	for _, c := range all {
		if c.Same {
			continue
		}
		kept := ""
		if !c.Kept {
			kept = "; that file is not kept, so only what the runs remember can be compared"
		}
		fmt.Fprintf(v.people(), "\n  %s had the pipeline file %s%s\n", count(c.Runs, "run"), cmp.Or(short(c.Hash), "of nobody"), kept)
		for _, d := range c.Differences {
			fmt.Fprintf(v.people(), "    %s\n", difference(d))
		}
	}
}

func difference(d replay.Difference) string {
	switch d.What {
	case replay.Added:
		return fmt.Sprintf("+ %s (%s): will run", d.Step, d.Now)
	case replay.Removed:
		return fmt.Sprintf("- %s: what is known of it stays, nothing is done", d.Step)
	case replay.Reclass:
		return fmt.Sprintf("~ %s: was %s, is %s", d.Step, d.Then, d.Now)
	}
	return fmt.Sprintf("~ %s: says something else now", d.Step)
}

// counts says what was found when the turns came.
func (v replayView) counts(p replay.Plan) {
	w := v.people()
	fmt.Fprintf(w, "  reopened  %d of %d\n", p.Counts.Reopened, p.Entries)
	for _, c := range []struct {
		n    int
		what string
	}{{p.Counts.Enriched, "were done by then"}, {p.Counts.Moved, "had been reopened by somebody else"}, {p.Counts.Gone, "were gone or forgotten"},
		{p.Counts.Unknown, "were not in the ledger any more"}, {p.Counts.Damaged, "are damaged in the ledger"}} {
		if c.n > 0 {
			fmt.Fprintf(w, "  left      %d that %s\n", c.n, c.what)
		}
	}
}

// report says how the runs stand.
func (v replayView) report(id string, r replay.Report) {
	w := v.people()
	fmt.Fprintf(w, "  enriched  %d\n", r.Enriched)
	for _, c := range []struct {
		name string
		n    int
		what string
	}{{"open", r.Open, "the worker is at them"}, {"failed", r.Again, "failed again"}, {"gone", r.Gone, "nobody is there any more"}, {"to come", r.Left, "not reached yet"}} {
		if c.n > 0 {
			fmt.Fprintf(w, "  %-8s  %d (%s)\n", c.name, c.n, c.what)
		}
	}
	for _, g := range r.Failing {
		what := "failed again"
		if g.State == worker.Open {
			what = "still fails"
		}
		fmt.Fprintf(w, "    %s: %s, e.g. %s\n", what, cause(g), g.Example)
	}
	if len(r.Failing) > 0 {
		fmt.Fprintf(w, "see:   %s\n", following(v.cmd, "postconfirm runs list --plan "+id+" --state parked"))
	}
}

func cause(g worker.Group) string {
	text := g.Code
	if g.Step != "" {
		text = g.Step + " " + text
	}
	return fmt.Sprintf("%d × %s (%s)", g.Runs, text, g.Class)
}
