package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

func auditCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "See what operators did, when and why",
		Args:  known,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(auditListCommand(std))
	return cmd
}

// auditOptions are the flags of audit list.
type auditOptions struct {
	operator
	query inspect.AuditQuery
}

func auditListCommand(std streams) *cobra.Command {
	var o auditOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the audit log, the oldest entry first",
		Long: "Every command that changes something writes an entry before it begins and one when it has ended; one that was killed\n" +
			"is seen as begun. The log is in the ledger. Times are UTC.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted, 141 nobody reads.",
		Example: "  postconfirm audit list --ledger sqlite:./ledger.db --since 7d\n" +
			"  postconfirm audit list --action \"replay run\" --who ada --json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return auditList(cmd.Context(), std, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.spanFlagsOf(cmd, "entries")
	f.StringVar(&o.query.Who, "who", "", "only of this operator")
	f.StringVar(&o.query.Action, "action", "", "only of this command, such as \"replay run\"")
	f.StringVar(&o.query.Plan, "plan", "", "only of the plan with this `id`")
	f.StringVar(&o.query.Run, "run", "", "only about the run with this `key`")
	f.StringVar(&o.query.After, "after", "", "only behind the entry with this `id`")
	f.IntVar(&o.query.Limit, "limit", 100, "at most so many; 0 is all")
	o.ledgerFlag(cmd)
	o.jsonFlag(cmd)
	return cmd
}

func auditList(ctx context.Context, std streams, o auditOptions) (err error) {
	if o.query.Since, o.query.Until, err = o.span(time.Now()); err != nil {
		return err
	}
	if o.query.Limit < 0 {
		return &problem{err: fmt.Errorf("--limit %d is less than none", o.query.Limit), hint: "0 is all", code: exitUsage}
	}
	l, err := o.look(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	return o.list(ctx, std, &audit.Log{Papers: l})
}

func (o auditOptions) list(ctx context.Context, std streams, log *audit.Log) error {
	people, show := std.out, entryTable(std.out)
	if o.json {
		encoder := json.NewEncoder(std.out)
		people, show = std.err, func(e audit.Entry) error { return encoder.Encode(e) }
	}
	n, last := 0, ""
	more, err := inspect.Audit(ctx, log, o.query, func(e audit.Entry) error {
		n, last = n+1, e.ID
		return show(e)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(people, "%s; times are UTC\n", count(n, "entry"))
	if more {
		fmt.Fprintf(people, "more: the same command with --after %s, or --limit 0\n", last)
		fmt.Fprintf(people, "next:  %s\n", sameCommand(o.cmd, "--after="+last))
	}
	return nil
}

// entryTable writes entries in columns of fixed widths.
func entryTable(w io.Writer) func(audit.Entry) error {
	const columns = "%-19s  %-12s  %-14s  %-7s  %-26s  %s\n"
	started := false
	return func(e audit.Entry) error {
		if !started {
			started = true
			fmt.Fprintf(w, columns, "WHEN", "WHO", "ACTION", "STATE", "ABOUT", "COUNTS AND WHY")
		}
		_, err := fmt.Fprintf(w, columns, utc(e.At), printable(e.Who), printable(e.Action), printable(e.State), about(e), countsAndWhy(e))
		return err
	}
}

// about is the plan or the run of an entry.
func about(e audit.Entry) string {
	text := cmp.Or(e.Plan, e.Run, "-")
	if e.Step != "" {
		text += " " + e.Step
	}
	return printable(text)
}

func countsAndWhy(e audit.Entry) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(e.Counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", printable(what), e.Counts[what]))
	}
	if e.Why != "" {
		parts = append(parts, printable(e.Why))
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}
