package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/replay"
)

func replayCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Reopen chosen runs: plan first, look, then run the plan",
		Long: "A plan is a frozen selection of runs. Making one sends nothing and changes no run; running it reopens each run that\n" +
			"still is as it was planned, at most once, and wakes the worker up. What is finished is not done again, unless the\n" +
			"plan names it. A plan may be run again after a kill, and by two people: nobody is reopened twice.",
		Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(replayPlanCommand(std), replayRunCommand(std), replayListCommand(std), replayShowCommand(std),
		replayControlCommand(std, "pause", "Stop a plan: whoever runs it stops within a second"),
		replayControlCommand(std, "resume", "Let a paused plan be run again; it runs nothing"),
		replayControlCommand(std, "cancel", "End a plan for good; what it reopened stays reopened"))
	return cmd
}

// desk opens what a command of replay needs; the pipeline is read if its flag is set. Call done at the end.
func (o *operator) desk(ctx context.Context, open func(context.Context) (operated, error)) (d *replay.Desk, done func() error, err error) {
	client := connect.NewClient(&connect.Options{AllowLoopback: true}) // nobody is called: it only lets the file be read
	ledger, err := open(ctx)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	done = func() error {
		client.Close()
		return ledger.Close()
	}
	d = &replay.Desk{Ledger: ledger, Kept: func(ctx context.Context, hash string) (*enrich.Pipeline, error) {
		return app.KeptPipeline(ctx, ledger, hash, client)
	}}
	if o.pipeline != "" {
		d.Pipeline, err = app.Fetch(ctx, o.pipeline, client)
	}
	if err == nil && o.queue != "" {
		d.Queue, err = o.sender(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return d, done, nil
}

// sender is the worker's queue.
func (o *operator) sender(ctx context.Context) (*amazon.Sender, error) {
	clients, err := connectTo(ctx, "--queue", o.queue)
	if err != nil {
		return nil, err
	}
	return amazon.NewSender(clients.SQS, o.queue), nil
}

// replayProblem says what to do about an error of package replay.
func replayProblem(id string, err error) error {
	p := &problem{err: err, code: exitFailed}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, replay.ErrNoPlan):
		p.next, p.code = "postconfirm replay list", exitUsage
	case errors.Is(err, replay.ErrUnfinished):
		p.hint, p.next = "nothing was done with it", "postconfirm replay cancel "+id
	case errors.Is(err, replay.ErrPaused):
		p.next = "postconfirm replay resume " + id
	case errors.Is(err, replay.ErrCancelled), errors.Is(err, replay.ErrOver):
		p.next = "postconfirm replay show " + id
	case errors.Is(err, replay.ErrNoQueue):
		return missing("--queue")
	case errors.Is(err, replay.ErrPlanDamaged):
		p.hint = "what it reopened stays reopened; make a new plan for the rest"
	default:
		return err
	}
	return p
}

// planID reads the one argument.
func planID(args []string) (string, error) {
	if len(args) != 1 {
		return "", &problem{err: fmt.Errorf("want one plan, and there are %d", len(args)), hint: "its id begins with p-",
			next: "postconfirm replay list", code: exitUsage}
	}
	return oneLine(args[0]), nil
}
