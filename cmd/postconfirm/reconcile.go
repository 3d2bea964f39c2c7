package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// reconcileRun is one call of reconcile.
type reconcileRun struct {
	poolWalk
	baseline string
}

func reconcileCommand(std streams) *cobra.Command {
	o := reconcileRun{poolWalk: poolWalk{std: std, action: "reconcile"}}
	cmd := &cobra.Command{
		Use:   "reconcile --pipeline FILE --ledger LEDGER",
		Short: "Find users of the pool who were never enriched, and enqueue them",
		Long: "Goes through the pool's list and finds the confirmed users of whom the ledger has no run: made by an administrator,\n" +
			"imported, signed in elsewhere, or lost on the way. Without --write it shows them as numbers, and what it would cost to\n" +
			"enrich them. With --write they are put on the worker's queue, a few in a second; nobody is enriched twice.\n\n" +
			"An existing pool is not swept in by accident: users who were created before the baseline are left out, and without a\n" +
			"baseline nothing is done. The worker records one at its first start with an empty ledger; --baseline records another.\n" +
			"Users who changed in the last minutes are left out too: their own message may be on its way.\n\n" +
			"ListUsers is used, never AdminGetUser, which would make users billable. It may be stopped or killed at any moment: the same\n" +
			"command goes on where it was. Two people at once share one walk. Needed are the permissions cognito-idp:ListUsers, and\n" +
			"sqs:SendMessage to send.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use or no baseline, 130 interrupted.",
		Example: "  postconfirm reconcile --baseline now --why OPS-12\n" +
			"  postconfirm reconcile --pipeline pipeline.yaml --ledger sqlite:./ledger.db\n" +
			"  postconfirm reconcile --pipeline pipeline.yaml --ledger dynamodb:ledger --since 7d --reads 10\n" +
			"  postconfirm reconcile --write --why OPS-13",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.baseline, "baseline", "", "record since when users count, now or a `time`, and do nothing else; wants --why")
	return cmd
}

func (o *reconcileRun) run(ctx context.Context) error {
	if o.baseline != "" {
		if err := o.signed(); err != nil {
			return err
		}
	}
	done, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	defer done()
	now := time.Now()
	if o.baseline != "" {
		return o.record(ctx, now)
	}
	s, err := o.scope(event.Onboarding, now)
	if err != nil {
		return err
	}
	b, ok, err := reconcile.ReadBaseline(ctx, o.store, o.pool)
	if err != nil {
		return err
	}
	if !ok {
		return &problem{err: fmt.Errorf("pool %s has no baseline: whoever was in it before postconfirm would be enriched too", o.pool),
			hint: "record since when users are to be enriched: now, or the time when the trigger was installed",
			next: "postconfirm reconcile --baseline TIME --pool " + o.pool + " --why TICKET", code: exitUsage}
	}
	if s.Since.Before(b.At) {
		s.Since = b.At
	}
	if !s.Until.IsZero() && !s.Since.Before(s.Until) {
		return &problem{err: fmt.Errorf("--until %s is not after the baseline %s (UTC)", rfc3339(s.Until), rfc3339(b.At)), code: exitUsage}
	}
	o.said("baseline %s, recorded by %s at %s", rfc3339(b.At), printable(b.By), rfc3339(b.Recorded))
	return o.walk(ctx, s)
}

// record writes the baseline down, and says which one it replaces.
func (o *reconcileRun) record(ctx context.Context, now time.Time) error {
	at := now
	if o.baseline != "now" {
		var err error
		if at, err = moment("--baseline", o.baseline, now); err != nil {
			return err
		}
	}
	if at.After(now) {
		return &problem{err: fmt.Errorf("--baseline %s is in the future", rfc3339(at)), hint: "times without a zone are UTC", code: exitUsage}
	}
	return o.audited(ctx, o.store, audit.Entry{Action: "reconcile baseline", Config: o.pipe.Hash}, func(*audit.Entry) error {
		before, err := reconcile.RecordBaseline(ctx, o.store, o.pool, reconcile.Baseline{At: at, Recorded: now, By: o.who}, true)
		if err != nil {
			return err
		}
		if !before.At.IsZero() {
			o.said("the baseline of pool %s was %s, recorded by %s", o.pool, rfc3339(before.At), printable(before.By))
		}
		o.said("the baseline of pool %s is %s", o.pool, rfc3339(at))
		return nil
	})
}
