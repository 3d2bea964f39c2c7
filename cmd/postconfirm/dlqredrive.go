package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/deadletters"
)

type dlqRedriveOptions struct {
	operator
	sample         int
	rate           perSecond
	status, cancel bool
}

func dlqRedriveCommand(std streams) *cobra.Command {
	var o dlqRedriveOptions
	cmd := &cobra.Command{
		Use:   "redrive",
		Short: "Let SQS move all letters back to the worker's queue by itself (StartMessageMoveTask)",
		Long: "AWS's own redrive: all letters, no filter, one task at a time, up to 500 messages a second for up to 36 hours. It runs at\n" +
			"AWS, not here; --status shows the last ten tasks, --cancel --write stops one that is running. What was moved can't be\n" +
			"moved back.\n\n" +
			"It is seldom what you want: the worker drops letters of parked runs, since the run waits for a replay and its letter is\n" +
			"old, and those of finished ones. So it brings back what the ledger does not know, and open runs, and clears the rest\n" +
			"out of the queue. Before anything else, --sample letters are looked at, to say what would become of them.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use.",
		Example: "  postconfirm dlq redrive\n  postconfirm dlq redrive --write --why OPS-9 --rate 20\n  postconfirm dlq redrive --status",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), std) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.dlqFlag(cmd)
	o.queueFlag(cmd)
	o.rate = 10
	f.Var(&o.rate, "rate", "messages per second, such as 5/s; 1 to 500")
	f.IntVar(&o.sample, "sample", 1000, "look at this many letters at most beforehand, up to 10000")
	f.BoolVar(&o.status, "status", false, "show the tasks of this queue; start none")
	f.BoolVar(&o.cancel, "cancel", false, "stop the running task")
	o.writeFlags(cmd, "start, or stop, for real")
	o.jsonFlag(cmd)
	return cmd
}

func (o *dlqRedriveOptions) check() error {
	switch {
	case o.status && (o.cancel || o.write):
		return &problem{err: errors.New("--status changes nothing: leave the other flags away"), code: exitUsage}
	case !(o.rate >= 1) || o.rate != perSecond(math.Trunc(float64(o.rate))):
		return &problem{err: fmt.Errorf("--rate is %s", &o.rate), hint: "want a whole number from 1/s to 500/s", code: exitUsage}
	case o.sample < 1 || o.sample > 10_000:
		return &problem{err: fmt.Errorf("--sample is %d", o.sample), hint: "want 1 to 10000", code: exitUsage}
	case o.write:
		return o.signed()
	}
	return nil
}

func (o *dlqRedriveOptions) run(ctx context.Context, std streams) error {
	if err := o.check(); err != nil {
		return err
	}
	var open func(context.Context) (operated, error)
	switch {
	case o.write:
		open = o.open
	case !o.status && !o.cancel:
		open = o.look
	}
	d, err := o.dlqDesk(ctx, open)
	if err != nil {
		return err
	}
	tasks := amazon.NewMoveTasks(d.clients.SQS, d.about.ARN)
	switch {
	case o.status:
		err = o.show(ctx, std, tasks)
	case o.cancel:
		err = o.stop(ctx, std, d, tasks)
	default:
		err = o.start(ctx, std, d, tasks)
	}
	return errors.Join(err, d.close())
}

// show tells the last tasks.
func (o *dlqRedriveOptions) show(ctx context.Context, std streams, tasks *amazon.MoveTasks) error {
	all, err := tasks.List(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if o.json {
			encoded(std.out, t)
		}
		fmt.Fprintf(o.people(std), "%s  %-10s moved %d of %d%s\n", utc(t.Started), printable(t.Status), t.Moved, t.ToMove, taskText(t))
	}
	if len(all) == 0 {
		fmt.Fprintln(o.people(std), "there is no task")
	}
	return nil
}

func taskText(t amazon.MoveTask) string {
	text := ""
	if t.Rate > 0 {
		text += fmt.Sprintf(", %d/s", t.Rate)
	}
	if t.To != "" {
		text += ", to " + printable(t.To)
	}
	if t.Reason != "" {
		text += ", because of " + printable(t.Reason)
	}
	return text
}

// stop cancels the task that runs.
func (o *dlqRedriveOptions) stop(ctx context.Context, std streams, d *dlqDesk, tasks *amazon.MoveTasks) error {
	all, err := tasks.List(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, amazon.MoveTask.Running)
	if i < 0 {
		fmt.Fprintln(o.people(std), "no task is running")
		return nil
	}
	if !o.write {
		fmt.Fprintf(o.people(std), "would stop the task that moved %d of %d; nothing was changed, --write stops it\n", all[i].Moved, all[i].ToMove)
		fmt.Fprintf(o.people(std), "next:  %s\n", o.confirmed())
		return nil
	}
	return o.audited(ctx, d.ledger, audit.Entry{Action: "dlq redrive cancel"}, func(e *audit.Entry) error {
		moved, err := tasks.Cancel(ctx, all[i])
		if err != nil {
			return err
		}
		e.Counts = map[string]int{"moved": moved}
		fmt.Fprintf(o.people(std), "stopped; about %s moved already\n", are(moved, "letter"))
		return nil
	})
}

// start looks at a sample, says what would become of it, and starts a task.
func (o *dlqRedriveOptions) start(ctx context.Context, std streams, d *dlqDesk, tasks *amazon.MoveTasks) error {
	if _, err := connectTo(ctx, "--queue", o.queue); err != nil {
		return err
	}
	to, err := amazon.DescribeQueue(ctx, d.clients.SQS, o.queue)
	if err != nil {
		return err
	}
	if err := alone(ctx, tasks); err != nil { // before the look, which would hide letters from a task that runs
		return err
	}
	s := &deadletters.Sweeper{Box: d.letters, Ledger: d.ledger, Limit: o.sample}
	seen, err := s.Look(ctx)
	if err != nil {
		return interruptedBy(err, "nothing was started", "")
	}
	if o.rate > amazon.MaxMoveRate {
		o.rate = amazon.MaxMoveRate
		fmt.Fprintf(std.err, "note: SQS moves %d messages a second at most\n", amazon.MaxMoveRate)
	}
	o.outlook(std, d, seen)
	if !o.write {
		fmt.Fprintf(o.people(std), "nothing was started; --write moves all letters to %s at %s\n", printable(to.Name), &o.rate)
		if seen.Kept[deadletters.Open]+seen.Kept[deadletters.Unknown] > 0 {
			fmt.Fprintf(o.people(std), "next:  %s\n", o.confirmed())
		}
		return nil
	}
	return o.audited(ctx, d.ledger, audit.Entry{Action: "dlq redrive"}, func(e *audit.Entry) error {
		e.Counts = map[string]int{"letters": d.about.Messages}
		if err := tasks.Start(ctx, to.ARN, int(o.rate)); err != nil {
			return err
		}
		fmt.Fprintf(o.people(std), "started: about %s to %s at %s, about %s\nnext:  %s\n",
			count(d.about.Messages, "letter"), printable(to.Name), &o.rate, lasting(d.about.Messages, float64(o.rate)), following(o.cmd, "postconfirm dlq redrive --status"))
		return nil
	})
}

// alone refuses to begin while a task runs.
func alone(ctx context.Context, tasks *amazon.MoveTasks) error {
	all, err := tasks.List(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(all, amazon.MoveTask.Running); i >= 0 {
		return &problem{err: fmt.Errorf("a task is running: it moved %d of %d", all[i].Moved, all[i].ToMove), next: "postconfirm dlq redrive --status", code: exitFailed}
	}
	return nil
}

// outlook says what the worker would do with the letters.
func (o *dlqRedriveOptions) outlook(std streams, d *dlqDesk, s deadletters.Swept) {
	back := s.Kept[deadletters.Open] + s.Kept[deadletters.Unknown]
	parked := s.Kept[deadletters.Parked] + s.Kept[deadletters.Newer]
	again := s.Kept[deadletters.Alien] + s.Kept[deadletters.Damaged]
	if o.json {
		encoded(std.out, struct {
			Letters  int `json:"letters"`
			Seen     int `json:"seen"`
			Back     int `json:"worked_on"`
			Parked   int `json:"parked_dropped"`
			Finished int `json:"finished_dropped"`
			Again    int `json:"dead_again"`
		}{d.about.Messages, s.Seen, back, parked, s.Removable, again})
	}
	w := o.people(std)
	fmt.Fprintf(w, "%s; of %s looked at, the worker would\n", queueText(d.about), count(s.Seen, "letter"))
	for _, part := range []struct {
		n    int
		text string
	}{{back, "work on: open, or not known to the ledger"}, {parked, "drop, and do nothing: parked; use replay to try them again"},
		{s.Removable, "drop: finished, or reopened since; sweep removes these without the way around"}, {again, "make dead letters of once more: it can't read them, or the ledger can't"}} {
		writeCount(w, part.n, part.text)
	}
}
