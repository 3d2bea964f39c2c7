package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// view shows the demo: text for people, and with --json objects for machines beside it.
type view struct {
	people io.Writer
	json   *json.Encoder // nil without --json
	color  bool
}

func newView(std streams, o demoOptions) view {
	v := view{people: std.out}
	if o.json {
		v.people, v.json = std.err, json.NewEncoder(std.out)
	}
	v.color = terminal(v.people) && os.Getenv("NO_COLOR") == ""
	return v
}

// terminal tells whether somebody looks at w. The null device is a character device as well, and nobody looks at it.
func terminal(w io.Writer) bool {
	file, ok := w.(interface{ Stat() (os.FileInfo, error) })
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	nowhere, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, nowhere)
}

// paint colours a text for a terminal.
func (v view) paint(c text.Color, s string) string {
	if !v.color {
		return s
	}
	return c.EscapeSeq() + s + text.Reset.EscapeSeq()
}

func (v view) started(b *onebox.Box, s onebox.Scene) {
	fmt.Fprintf(v.people, "%s\n\n", v.paint(text.Bold, "postconfirm demo: sign up → trigger → queue → worker → attributes"))
	fmt.Fprintf(v.people, "  cloud     %s  (SQS and Cognito, region %s)\n", b.Endpoint, b.Region)
	fmt.Fprintf(v.people, "  trigger   a Lambda process, called by the pool %s\n", b.Pool.ID)
	fmt.Fprintf(v.people, "  worker    %s, %s, a SQLite ledger\n", count(len(b.Worker.Pipeline.Steps), "step"), count(len(b.Worker.Pipeline.Attributes), "attribute"))
	if s.Name == onebox.Quick {
		fmt.Fprintf(v.people, "  vendors   %s (pretend)\n\n", strings.Join(s.Vendors, ", "))
		return
	}
	fmt.Fprintf(v.people, "  scene     %s: %s\n", s.Name, s.About)
	fmt.Fprintf(v.people, "  pipeline  deploy/examples/%s/pipeline.yaml as it stands; the secrets are made up\n", s.Name)
	fmt.Fprintf(v.people, "  vendors   %s\n            (pretend, behind TLS on this machine; nothing else can be reached)\n\n", strings.Join(addressed(s, b.Region), ", "))
}

// addressed are the scene's vendors with their hosts.
func addressed(s onebox.Scene, region string) []string {
	all := slices.Clone(s.Vendors)
	for i, name := range all {
		all[i] = name + " " + onebox.Hosts(region)[name]
	}
	return all
}

func (v view) said(s string) { fmt.Fprintf(v.people, "%s\n", v.paint(text.FgYellow, "— "+s)) }

func (v view) confirmed(r *result) {
	fmt.Fprintf(v.people, "%s %s confirmed in %.0f ms\n", v.paint(text.FgCyan, "→"), r.User, r.ConfirmMS)
}

// retried says once for each user that a step failed and when it will be tried again.
func (v view) retried(r *result, f final) {
	fmt.Fprintf(v.people, "%s %s  %s; hidden for %.1f s, what is answered is kept\n", v.paint(text.FgYellow, "↻"), r.User, f.verdict.Reason, f.verdict.Hide.Seconds())
}

// enriched shows one user's way: the steps, and the attributes before and after.
func (v view) enriched(r *result) {
	mark := v.paint(text.FgGreen, "✓")
	if r.Outcome != "done" {
		mark = v.paint(text.FgRed, "✗")
	}
	fmt.Fprintf(v.people, "\n%s %s  %s %.0f ms after the confirmation, %s\n", mark, v.paint(text.Bold, r.User), outcome(r), r.EnrichedMS, count(r.Deliveries, "delivery"))
	for _, s := range r.Steps {
		fmt.Fprintf(v.people, "    %-11s %s\n", s.ID, stepLine(s))
	}
	for _, name := range slices.Sorted(maps.Keys(r.After)) {
		if before, had := r.Before[name]; !had {
			fmt.Fprintf(v.people, "    %s %-16s %s\n", v.paint(text.FgGreen, "+"), name, r.After[name])
		} else if before != r.After[name] {
			fmt.Fprintf(v.people, "    %s %-16s %s (was %s)\n", v.paint(text.FgYellow, "~"), name, r.After[name], before)
		}
	}
	v.encode(r)
}

func outcome(r *result) string {
	if r.Outcome == "done" {
		return "enriched"
	}
	return r.Outcome + " (" + r.Reason + ")"
}

func stepLine(s stepResult) string {
	if s.ID == enrich.AttributesStep {
		return "one AdminUpdateUserAttributes"
	}
	state := s.State
	switch {
	case s.Code == enrich.ErrNotFound.Code:
		state = "not found"
	case s.Code != "":
		state += " " + s.Code
	}
	if s.Calls == 0 && s.State == string(worker.StepDone) {
		return fmt.Sprintf("%-11s no call: remembered from somebody else's", state)
	}
	return fmt.Sprintf("%-11s %s, %.1f ms", state, count(s.Calls, "call"), s.MS)
}

// ended shows the totals, with each vendor's own count, and what the vendors of an example got.
func (v view) ended(s *performance) {
	twice, example := "asked twice for an answer", s.totals.Got != nil
	if example {
		twice = "effects asked for twice"
		v.got(s)
	}
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.AppendHeader(table.Row{"vendor", "answered", "refused while down", twice})
	w.SetColumnConfigs([]table.ColumnConfig{{Number: 4, Align: text.AlignRight}})
	for _, name := range s.scene.Vendors {
		c := s.totals.Vendors[name]
		row := table.Row{name, c.Answered, c.Refused, c.Repeated}
		if example && name == pretend.Company {
			row[3] = "only asked"
		}
		w.AppendRow(row)
	}
	t := s.totals
	fmt.Fprintf(v.people, "\n%s\n%d of %d users enriched; the slowest confirmation took %.0f ms, the trigger within.\n", w.Render(), t.Enriched, t.Users, t.SlowestConfirm)
	v.encode(map[string]totals{"totals": t})
}

func (v view) staying(b *onebox.Box) {
	fmt.Fprintln(v.people)
	where(v.people, b)
}

func (v view) encode(o any) {
	if v.json != nil {
		_ = v.json.Encode(o)
	}
}
