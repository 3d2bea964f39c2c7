package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/replay"
)

// replayControlCommand is pause, resume or cancel.
func replayControlCommand(std streams, verb, what string) *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     verb + " PLAN",
		Short:   what,
		Example: "  postconfirm replay " + verb + " p-20260301T120000Z-ab12cd",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.control(cmd.Context(), std, verb, args) },
	}
	cmd.Flags().SortFlags = false
	o.ledgerFlag(cmd)
	if verb == "cancel" {
		o.queueFlag(cmd)
	}
	o.whoFlags(cmd)
	o.jsonFlag(cmd)
	return cmd
}

func (o *operator) control(ctx context.Context, std streams, verb string, args []string) error {
	id, err := planID(args)
	if err != nil {
		return err
	}
	d, done, err := o.desk(ctx, o.open)
	if err != nil {
		return err
	}
	p, err := d.Load(ctx, id)
	if err == nil {
		err = o.sign(p)
	}
	if err == nil {
		err = o.turn(ctx, replayView{streams: std, json: o.json, cmd: o.cmd}, d, verb, id)
	}
	return errors.Join(replayProblem(id, err), done())
}

// turn does it.
func (o *operator) turn(ctx context.Context, view replayView, d *replay.Desk, verb, id string) (err error) {
	by, woken := replay.Operator{Who: o.who, Why: o.why}, 0
	var p replay.Plan
	switch verb {
	case "pause":
		p, err = d.Pause(ctx, id, by)
	case "resume":
		p, err = d.Resume(ctx, id, by)
	default:
		p, woken, err = d.Cancel(ctx, id, by)
	}
	if err != nil {
		return err
	}
	if o.json {
		encoded(view.out, masked(p))
	}
	fmt.Fprintf(view.people(), "plan %s: %s\n", id, planState(p))
	if woken > 0 {
		fmt.Fprintf(view.people(), "  woken     %d that a killed run had reopened: their message was sent\n", woken)
	}
	if verb == "resume" {
		fmt.Fprintf(view.people(), "next:  %s\n", following(o.cmd, "postconfirm replay run "+id))
	}
	return nil
}
