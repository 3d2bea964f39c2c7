package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/retention"
)

func ledgerSweepCommand(std streams) *cobra.Command {
	var o operator
	var older time.Duration
	var write bool
	cmd := &cobra.Command{
		Use:   "sweep LEDGER",
		Short: "Erase the answers of runs that ended long ago",
		Long: "Erases what steps answered from runs that are done, gone or replaced since a while; marks of what was done and the\n" +
			"digests of what was written stay, so that nothing is repeated. A daemon does this by itself once a day\n" +
			"(worker --keep-answers); a Lambda function does not: run this on a schedule of yours. Of a table it reads all.\n" +
			"Without --write it only says how many runs that are.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use, 3 some runs are damaged and were left as they are.",
		Example: "  postconfirm ledger sweep dynamodb:postconfirm --older 720h --write",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.sweep(cmd.Context(), std, args[0], older, write)
		},
	}
	cmd.Flags().DurationVar(&older, "older", 30*24*time.Hour, "how long ago a run must have ended")
	cmd.Flags().BoolVar(&write, "write", false, "erase for real")
	o.whoFlags(cmd)
	return cmd
}

func (o *operator) sweep(ctx context.Context, std streams, place string, older time.Duration, write bool) error {
	if older < time.Hour {
		return &problem{err: fmt.Errorf("--older is %s", older), hint: "an hour is the least: a duplicate message may still be on its way", code: exitUsage}
	}
	if err := o.signedAs("answers older than " + older.String()); write && err != nil {
		return err
	}
	l, err := openToAmend(ctx, place)
	if err != nil {
		return err
	}
	n, did := 0, "would be erased; --write erases"
	if write {
		did = "erased"
		err = o.audited(ctx, l, audit.Entry{Action: "ledger sweep"}, func(e *audit.Entry) (err error) {
			n, err = retention.New(l, &retention.Options{Keep: older, Log: slog.New(slog.DiscardHandler)}).Sweep(ctx)
			e.Counts = map[string]int{"erased": n}
			return err
		})
	} else {
		n, err = countSweep(l.Unerased(ctx, time.Now().Add(-older)))
	}
	fmt.Fprintf(std.out, "the answers of %s %s\n", count(n, "run"), did)
	if errors.Is(err, worker.ErrDamaged) {
		err = &problem{err: err, hint: "what is damaged was left as it is", next: "postconfirm ledger verify " + place, code: exitPartly}
	}
	return errors.Join(err, l.Close())
}

// countSweep counts the runs that a sweep would erase; those that are damaged stand in the error.
func countSweep(runs iter.Seq2[worker.Run, error]) (n int, broken error) {
	for _, err := range runs {
		switch {
		case err == nil:
			n++
		case errors.Is(err, worker.ErrDamaged):
			broken = errors.Join(broken, err)
		default:
			return n, err
		}
	}
	return n, broken
}
