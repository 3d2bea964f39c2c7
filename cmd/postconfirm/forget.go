package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/retention"
)

// forgetOptions are the flags of forget.
type forgetOptions struct {
	operator
	pool  string
	write bool
}

func forgetCommand(std streams) *cobra.Command {
	var o forgetOptions
	cmd := &cobra.Command{
		Use:   "forget SUB --pool ID --ledger LEDGER",
		Short: "Erase what the ledger keeps of one person",
		Long: "Erases the answers of all steps and the digests of what was written, of all runs of a person. What remains are\n" +
			"marks of what was done, so that nothing is repeated. An open or parked run ends as gone; a worker that is at it\n" +
			"can't store anything any more. Without --write it only says what it would erase.\n\n" +
			"Delete the user in the pool first: a message that is still in the queue then finds nobody. Dead letters carry no\n" +
			"answers, but the message itself: see to the dead-letter queue too.\n\n" +
			"It may be repeated; killed half-way, the next call does the rest. Exit codes: 0 done, 1 failed, 2 wrong use,\n" +
			"3 some runs are damaged and can't be erased.",
		Example: "  postconfirm forget 6f9c4f9e-0a1b-4c2d-8e3f-000000000001 --pool eu-west-1_Ab12cd34E --ledger sqlite:./ledger.db --write",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return forget(cmd.Context(), std, args[0], o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.pool, "pool", "", "the user pool's `id`")
	o.ledgerFlag(cmd)
	f.BoolVar(&o.write, "write", false, "erase for real")
	o.whoFlags(cmd)
	return cmd
}

func forget(ctx context.Context, std streams, sub string, o forgetOptions) error {
	switch {
	case o.ledger == "":
		return &problem{err: errors.New("--ledger is missing"), next: "postconfirm forget SUB --pool ID --ledger sqlite:./ledger.db", code: exitUsage}
	case !strings.Contains(o.pool, "_"):
		return &problem{err: fmt.Errorf("--pool %q is no pool id", o.pool), hint: "one looks like eu-west-1_Ab12cd34E", code: exitUsage}
	}
	if o.write {
		return forgetNow(ctx, std, sub, o)
	}
	l, err := openLedger(ctx, o.ledger)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	runs, err := l.Person(ctx, o.pool, sub)
	if err != nil && !errors.Is(err, worker.ErrDamaged) {
		return err
	}
	wouldForget(std, runs)
	return notForgotten(err, o.ledger)
}

// wouldForget says what a forget with --write does.
func wouldForget(std streams, runs []worker.Run) {
	left := 0
	for _, r := range runs {
		if !retention.Remembers(r) {
			continue
		}
		left++
		ends := ""
		if r.State == worker.Open || r.State == worker.Parked {
			ends = ", and end it as gone"
		}
		fmt.Fprintf(std.out, "would erase %s (%s)%s\n", r.Key, r.State, ends)
	}
	switch {
	case len(runs) == 0:
		fmt.Fprintln(std.out, "the ledger knows no run of this person in this pool")
	case left == 0:
		fmt.Fprintf(std.out, "nothing is left to erase; %s of what was done\n", marks(len(runs)))
	default:
		fmt.Fprintln(std.out, "nothing was changed; --write erases")
	}
}

// marks says how many runs stay as marks.
func marks(n int) string {
	if n == 1 {
		return "1 mark stays"
	}
	return fmt.Sprintf("%d marks stay", n)
}

func forgetNow(ctx context.Context, std streams, sub string, o forgetOptions) error {
	if err := o.signedAs("a person is forgotten"); err != nil {
		return err
	}
	l, err := openToAmend(ctx, o.ledger)
	if err != nil {
		return err
	}
	n, run := 0, event.RunKey(o.pool, sub, event.Onboarding)
	err = o.audited(ctx, l, audit.Entry{Action: "forget", Run: run}, func(e *audit.Entry) (err error) {
		n, err = retention.Forget(ctx, l, o.pool, sub, time.Now())
		e.Counts = map[string]int{"erased": n}
		return err
	})
	fmt.Fprintf(std.out, "%s erased\n", count(n, "run"))
	return errors.Join(notForgotten(err, o.ledger), l.Close())
}

func notForgotten(err error, place string) error {
	if errors.Is(err, worker.ErrDamaged) {
		return &problem{err: err, hint: "what is damaged can't be erased: it still is in the ledger", next: "postconfirm ledger verify " + place, code: exitPartly}
	}
	return err
}
