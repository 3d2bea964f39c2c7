package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

func ledgerListCommand(std streams) *cobra.Command {
	var state string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list LEDGER",
		Short: "List runs: key, state, reason, age, attempts",
		Long: "Lists the runs of a ledger in the order of their keys. No personal value is shown. Of a table, open and parked runs\n" +
			"are found by an index; any other list reads the whole table.\n\n" +
			"Exit codes: 0 done, 2 wrong use, 3 some runs are damaged and were left out.",
		Example: "  postconfirm ledger list sqlite:./ledger.db --state parked",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return listRuns(cmd.Context(), std, args[0], worker.RunState(state), asJSON)
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only runs that are open, done, parked, gone or replaced")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object for each run")
	return cmd
}

// line is a run as list shows it.
type line struct {
	Key       string          `json:"key"`
	State     worker.RunState `json:"state"`
	Reason    string          `json:"reason,omitempty"`
	FirstSeen time.Time       `json:"first_seen"`
	Updated   time.Time       `json:"updated"`
	Attempts  int             `json:"attempts"` // charged, of the step that had most
}

func lineOf(r worker.Run) line {
	l := line{Key: r.Key, State: r.State, Reason: r.Reason, FirstSeen: r.FirstSeen, Updated: r.Updated}
	for _, s := range r.Steps {
		l.Attempts = max(l.Attempts, s.Attempts)
	}
	return l
}

func listRuns(ctx context.Context, std streams, place string, state worker.RunState, asJSON bool) error {
	if state != "" && !record.Known(state) {
		return &problem{err: fmt.Errorf("--state %q is none", state), hint: "states are open, done, parked, gone, replaced", code: exitUsage}
	}
	l, err := openLedger(ctx, place)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	show, end := showText(std)
	if asJSON {
		encoder := json.NewEncoder(std.out)
		show, end = func(l line) { _ = encoder.Encode(l) }, func() {}
	}
	err = eachRun(ctx, l, place, state, show)
	end()
	if errors.Is(err, worker.ErrDamaged) {
		return &problem{err: err, hint: "damaged runs were left out", next: "postconfirm ledger verify " + place, code: exitPartly}
	}
	return err
}

// eachRun goes through all pages. Each page of a table may read all of it, so they are large there.
func eachRun(ctx context.Context, l reader, place string, state worker.RunState, show func(line)) (broken error) {
	f := worker.Filter{State: state, Limit: 1000}
	if strings.HasPrefix(place, tablePrefix) {
		f.Limit = 100_000
	}
	for {
		page, err := l.List(ctx, f)
		if err != nil && !errors.Is(err, worker.ErrDamaged) {
			return err
		}
		broken = errors.Join(broken, err)
		for _, r := range page {
			show(lineOf(r))
			f.After = r.Key
		}
		if len(page) == 0 {
			return broken
		}
	}
}

// showText aligns columns; end writes them.
func showText(std streams) (show func(line), end func()) {
	w, any := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0), false
	return func(l line) {
			if !any {
				fmt.Fprintln(w, "KEY\tSTATE\tAGE\tATTEMPTS\tREASON")
			}
			any = true
			fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", l.Key, l.State, age(time.Since(l.FirstSeen)), l.Attempts, cmp.Or(l.Reason, "-"))
		}, func() {
			if !any {
				fmt.Fprintln(w, "no runs")
			}
			_ = w.Flush()
		}
}
