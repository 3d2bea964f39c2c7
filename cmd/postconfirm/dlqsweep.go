package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/deadletters"
)

type dlqSweepOptions struct {
	operator
	limit int
}

func dlqSweepCommand(std streams) *cobra.Command {
	var o dlqSweepOptions
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Remove letters of runs that are finished, or were reopened since",
		Long: "Asks the ledger about every letter. Those of runs that are done, gone or replaced are removed, and those that are older\n" +
			"than the last reopening of their run. Letters of parked and open runs stay, and so do those that the ledger does not\n" +
			"know or can't read. It goes through the queue until a whole pass finds nothing to remove. Without --write it only says\n" +
			"what it would remove.\n\n" +
			"It may be killed at any moment and run again.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use, 3 the queue is larger than one pass, 130 interrupted.",
		Example: "  postconfirm dlq sweep\n  postconfirm dlq sweep --write --why OPS-7",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.sweep(cmd.Context(), std) },
	}
	cmd.Flags().SortFlags = false
	o.ledgerFlag(cmd)
	o.dlqFlag(cmd)
	cmd.Flags().IntVar(&o.limit, "limit", deadletters.SweepLimit, "letters of one pass")
	o.writeFlags(cmd, "remove for real")
	o.jsonFlag(cmd)
	return cmd
}

func (o *dlqSweepOptions) sweep(ctx context.Context, std streams) error {
	if o.limit < 1 || o.limit > deadletters.SweepLimit {
		return &problem{err: fmt.Errorf("--limit is %d", o.limit), hint: fmt.Sprintf("want 1 to %d: SQS lets about 120000 be received at once", deadletters.SweepLimit), code: exitUsage}
	}
	if err := o.signedToWrite(); err != nil {
		return err
	}
	d, err := o.dlqDesk(ctx, o.openOrLook)
	if err != nil {
		return err
	}
	show := newMeter(std.err)
	s := &deadletters.Sweeper{Box: d.letters, Ledger: d.ledger, Limit: o.limit, Progress: func(s deadletters.Swept) {
		show.tell(fmt.Sprintf("sweep, pass %d", s.Passes), s.Seen, d.about.Messages, fmt.Sprintf(" letters looked at, %d removed", s.Removed))
	}}
	var did deadletters.Swept
	if o.write {
		err = o.audited(ctx, d.ledger, audit.Entry{Action: "dlq sweep"}, func(e *audit.Entry) error {
			did, err = s.Sweep(ctx)
			e.Counts = map[string]int{"removed": did.Removed, "kept": did.Seen - did.Removable}
			return err
		})
	} else {
		did, err = s.Look(ctx)
	}
	show.end()
	o.swept(std, did)
	if err == nil && did.Cut {
		err = &problem{err: fmt.Errorf("one pass sees %d letters, and there may be more", o.limit),
			hint: "what stays fills the pass: mend or export those letters, then sweep again", code: exitPartly}
	}
	return errors.Join(interruptedBy(err, "what was removed stays removed", sameCommand(o.cmd)), d.close())
}

// interruptedBy says what to do about an interruption.
func interruptedBy(err error, hint, next string) error {
	if errors.Is(err, context.Canceled) {
		return &problem{err: errors.New("interrupted"), hint: hint, next: next, code: exitInterrupted}
	}
	return err
}

func (o *dlqSweepOptions) swept(std streams, did deadletters.Swept) {
	w := o.people(std)
	if o.json {
		encoded(std.out, struct {
			Write     bool                     `json:"write"`
			Passes    int                      `json:"passes"`
			Removed   int                      `json:"removed"`
			Removable int                      `json:"removable"`
			Kept      map[deadletters.Fate]int `json:"kept"`
			Cut       bool                     `json:"cut,omitempty"`
		}{o.write, did.Passes, did.Removed, did.Removable, did.Kept, did.Cut})
	}
	if o.write {
		fmt.Fprintf(w, "%s removed in %s; %d kept\n", count(did.Removed, "letter"), countOf(did.Passes, "pass", "passes"), did.Seen-did.Removable)
	} else {
		fmt.Fprintf(w, "would remove %s and keep %d; nothing was changed, --write removes\n", count(did.Removable, "letter"), did.Seen-did.Removable)
	}
	keptText(w, did.Kept)
	if !o.write && did.Removable > 0 {
		fmt.Fprintf(w, "next:  %s\n", o.confirmed())
	}
}
