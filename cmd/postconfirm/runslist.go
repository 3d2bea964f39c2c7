package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/inspect"
)

// listOptions are the flags of runs list.
type listOptions struct {
	lookOptions
	filterOptions
	limit int
	after string
}

func runsListCommand(std streams) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs: key, state, age, attempts, reopens, cause, flags",
		Long: "Lists runs in the order of their keys, page by page: memory stays flat however many there are. All conditions must\n" +
			"hold. Dead letters whose run the ledger does not know, or that are no message, come at the end, in the state no-run.\n" +
			"Looking at them raises their receive counts, and hides them from others for the moment.\n\n" +
			"Exit codes: 0 done, 2 wrong use, 3 some runs are damaged and were left out, 130 interrupted, 141 nobody reads.",
		Example: "  postconfirm runs list --ledger sqlite:./ledger.db --state parked --older 1d\n" +
			"  postconfirm runs list --step crm --code http_503 --since 2026-01-02T00:00:00Z --limit 0 --json\n" +
			"  postconfirm runs list --domain example.com --with-dlq",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runsList(cmd.Context(), std, o)
		},
	}
	cmd.Flags().SortFlags = false
	o.filterOptions.flags(cmd, "")
	o.spanFlags(cmd)
	cmd.Flags().IntVar(&o.limit, "limit", 100, "at most so many; 0 is all")
	cmd.Flags().StringVar(&o.after, "after", "", "only keys behind this `key`: the last one of the page before")
	o.lookOptions.flags(cmd)
	return cmd
}

func runsList(ctx context.Context, std streams, o listOptions) error {
	f, err := o.chosen(&o.filterOptions, time.Now())
	if err != nil {
		return err
	}
	if o.limit < 0 {
		return &problem{err: fmt.Errorf("--limit %d is less than none", o.limit), hint: "0 is all", code: exitUsage}
	}
	f.Limit, f.After = o.limit, o.after
	i, end, err := o.inspector(ctx, f)
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	return o.list(ctx, std, i, inspect.Query{Filter: f, MaxLetters: o.maxLetters})
}

// list writes the rows as they are read.
func (o listOptions) list(ctx context.Context, std streams, i *inspect.Inspector, q inspect.Query) error {
	people, show := std.out, o.table(std.out, i.Letters != nil)
	one := ""
	if o.json {
		encoder := json.NewEncoder(std.out)
		people, show = std.err, func(r inspect.Row) error { return encoder.Encode(r) }
	}
	listed, err := i.Each(ctx, q, func(r inspect.Row) error {
		if one == "" && r.State != inspect.NoRun {
			one = r.Key
		}
		return show(r)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(people, "%s%s%s\n", count(listed.Rows, "row"), window(q.Filter), o.looked(listed.Letters, listed.Cut))
	if listed.More {
		fmt.Fprintf(people, "more: the same command with --after %s, or --limit 0\n", listed.Last)
		fmt.Fprintf(people, "next:  %s\n", sameCommand(o.cmd, "--after="+listed.Last))
	}
	if one != "" && !o.json {
		fmt.Fprintf(people, "one:   %s\n", following(o.cmd, "postconfirm runs show "+one))
	}
	return o.leftOut(listed.Damaged, listed.Why)
}

// table writes rows in columns of fixed widths, since nobody knows what comes: memory stays flat.
func (o listOptions) table(w io.Writer, letters bool) func(inspect.Row) error {
	const columns = "%-26s  %-8s  %4s  %8s  %7s  %s%s\n"
	started := false
	return func(r inspect.Row) error {
		if !started {
			started = true
			if _, err := fmt.Fprintf(w, columns, "KEY", "STATE", "AGE", "ATTEMPTS", "REOPENS", lettersColumn("LETTERS", letters), "CAUSE; FLAGS"); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, columns, keyText(r), r.State, age(time.Since(r.FirstSeen)), strconv.Itoa(r.Attempts), strconv.Itoa(r.Reopens),
			lettersColumn(lettersText(r.Letters), letters), causeAndFlags(r))
		return err
	}
}

func lettersColumn(text string, letters bool) string {
	if !letters {
		return ""
	}
	return fmt.Sprintf("%-9s  ", text)
}

// lettersText is how many letters there are, and how many of them SQS moved itself.
func lettersText(c *inspect.LetterCount) string {
	switch {
	case c == nil:
		return "-"
	case c.Native > 0:
		return fmt.Sprintf("%d (%d sqs)", c.Copies, c.Native)
	}
	return strconv.Itoa(c.Copies)
}

// keyText is the key of a row, or what there is in its place.
func keyText(r inspect.Row) string {
	if r.Key == "" {
		return "(no message)"
	}
	return printable(r.Key)
}

// causeAndFlags are behind the last column: most runs have no flags.
func causeAndFlags(r inspect.Row) string {
	text := causeText(r.Cause)
	if flags := flagsText(r); flags != "-" {
		text += "; " + flags
	}
	return text
}

// flagsText are a run's flags, its open effects, and whether somebody is at it.
func flagsText(r inspect.Row) string {
	flags := make([]string, 0, len(r.Flags)+1)
	for _, f := range r.Flags {
		flags = append(flags, printable(f))
	}
	if r.Held {
		flags = append(flags, "held")
	}
	if len(flags) == 0 {
		return "-"
	}
	return strings.Join(flags, "; ")
}
