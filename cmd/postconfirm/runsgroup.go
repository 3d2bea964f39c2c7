package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/deploy/runbooks"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

// groupOptions are the flags of runs group.
type groupOptions struct {
	lookOptions
	filterOptions
	parts int
	each  string
}

func runsGroupCommand(std streams) *cobra.Command {
	var o groupOptions
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Count the runs in trouble by state and cause",
		Long: "Counts the runs that have a cause, the largest group first: how many, when the first and the last were saved, a trend,\n" +
			"one of them, and the command that comes next. The trend has --parts parts of --each, the last one ending now; a run\n" +
			"counts where it was saved last. Under a trend, \" \" is nothing and \"#\" the most of its line.\n\n" +
			"Exit codes: 0 done, 2 wrong use, 3 some runs are damaged and were left out, 130 interrupted, 141 nobody reads.",
		Example: "  postconfirm runs group --ledger sqlite:./ledger.db\n" +
			"  postconfirm runs group --state parked --since 2d --parts 24 --each 2h --json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runsGroup(cmd.Context(), std, o)
		},
	}
	cmd.Flags().SortFlags = false
	o.filterOptions.flags(cmd)
	o.spanFlags(cmd)
	cmd.Flags().IntVar(&o.parts, "parts", 12, "parts of the trend")
	cmd.Flags().StringVar(&o.each, "each", "1h", "`duration` of a part: 10m, 1h, 1d")
	o.lookOptions.flags(cmd)
	return cmd
}

// The longest trend: in parts, and in time.
const (
	maxParts     = 200
	longestTrend = 36_500 * 24 * time.Hour
)

func runsGroup(ctx context.Context, std streams, o groupOptions) error {
	now := time.Now()
	f, err := o.chosen(&o.filterOptions, now)
	if err != nil {
		return err
	}
	each, ok := longAgo(o.each)
	switch {
	case !ok || each <= 0:
		return &problem{err: fmt.Errorf("--each %q is no duration", o.each), hint: "one looks like 10m, 1h, 1d", code: exitUsage}
	case o.parts < 1 || o.parts > maxParts:
		return &problem{err: fmt.Errorf("--parts %d is none", o.parts), hint: fmt.Sprintf("1 to %d", maxParts), code: exitUsage}
	}
	if each > longestTrend/time.Duration(o.parts) {
		return &problem{err: fmt.Errorf("--parts %d of --each %s are too long a time", o.parts, o.each), hint: "100 years at the most", code: exitUsage}
	}
	i, end, err := o.inspector(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	return o.group(ctx, std, i, inspect.Query{Filter: f, MaxLetters: o.maxLetters}, worker.Trend{End: now, Each: each, Parts: o.parts})
}

func (o groupOptions) group(ctx context.Context, std streams, i *inspect.Inspector, q inspect.Query, t worker.Trend) error {
	g, err := i.Groups(ctx, q, t)
	if err != nil {
		return err
	}
	people, show := std.out, o.table
	if o.json {
		people, show = std.err, o.encode
	}
	if err := show(std, g); err != nil {
		return err
	}
	fmt.Fprintf(people, "%s in %s%s%s; the trend is the last %d × %s; times are UTC\n", count(g.Runs, "run"), count(len(g.Groups), "group"), window(q.Filter),
		o.looked(g.Letters, g.Cut), o.parts, o.each)
	return o.leftOut(g.Damaged, g.Why)
}

func (o groupOptions) encode(std streams, g inspect.Grouped) error {
	encoder := json.NewEncoder(std.out)
	for _, group := range g.Groups {
		if group.Next != "" {
			group.Next += o.suffix()
		}
		if err := encoder.Encode(group); err != nil {
			return err
		}
	}
	return nil
}

func (o groupOptions) table(std streams, g inspect.Grouped) error {
	if len(g.Groups) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUNS\tSHARE\tSTATE\tCAUSE\tFIRST\tLAST\tTREND\tEXAMPLE")
	for _, group := range g.Groups {
		fmt.Fprintf(w, "%d\t%.0f%%\t%s\t%s\t%s\t%s\t[%s]\t%s\n", group.Runs, 100*group.Share, group.State, causeText(group.Cause),
			utc(group.First), utc(group.Last), inspect.Spark(group.Trend), printable(group.Example))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(std.out)
	for _, group := range g.Groups {
		if _, err := fmt.Fprintf(std.out, "%s\n", causeText(group.Cause)); err != nil {
			return err
		}
		if group.Meaning != "" {
			fmt.Fprintf(std.out, "  means  %s\n", group.Meaning)
			if page := runbooks.Path(group.Cause.Code); page != "" {
				fmt.Fprintf(std.out, "  page   %s\n", page)
			}
		}
		fmt.Fprintf(std.out, "  next   %s%s\n", group.Next, o.suffix())
	}
	fmt.Fprintln(std.out)
	return nil
}
