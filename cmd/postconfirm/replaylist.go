package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/replay"
)

func replayListCommand(std streams) *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List plans: state, how far they have come, who and why",
		Example: "  postconfirm replay list --ledger sqlite:./ledger.db",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.listPlans(cmd.Context(), std) },
	}
	cmd.Flags().SortFlags = false
	o.ledgerFlag(cmd)
	o.jsonFlag(cmd)
	return cmd
}

func (o *operator) listPlans(ctx context.Context, std streams) error {
	d, done, err := o.desk(ctx, o.look)
	if err != nil {
		return err
	}
	view := replayView{streams: std, json: o.json, cmd: o.cmd}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	after, n := "", 0
	for {
		plans, err := d.List(ctx, after, 100)
		for _, p := range plans {
			if n++; o.json {
				encoded(view.out, masked(p))
				continue
			}
			if n == 1 {
				fmt.Fprintln(w, "PLAN\tSTATE\tDONE\tOF\tWHO\tWHY")
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", p.ID, p.State, p.Cursor, p.Entries, printable(p.Who), printable(p.Why))
		}
		if err != nil || len(plans) < 100 {
			if n == 0 && !o.json {
				fmt.Fprintln(w, "there is no plan")
			}
			return errors.Join(replayProblem("", err), w.Flush(), done())
		}
		after = plans[len(plans)-1].ID
	}
}

func replayShowCommand(std streams) *cobra.Command {
	var o operator
	cmd := &cobra.Command{
		Use:   "show PLAN",
		Short: "Show a plan, and how its runs stand now",
		Long: "Shows what was planned, how far it has come, and how the runs that it reopened stand in the ledger now: it reads\n" +
			"each of them. Nothing is changed.",
		Example: "  postconfirm replay show p-20260301T120000Z-ab12cd",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.showPlan(cmd.Context(), std, args) },
	}
	cmd.Flags().SortFlags = false
	o.ledgerFlag(cmd)
	o.jsonFlag(cmd)
	return cmd
}

func (o *operator) showPlan(ctx context.Context, std streams, args []string) error {
	id, err := planID(args)
	if err != nil {
		return err
	}
	d, done, err := o.desk(ctx, o.look)
	if err != nil {
		return err
	}
	p, err := d.Load(ctx, id)
	if err == nil {
		err = o.show(ctx, replayView{streams: std, json: o.json, cmd: o.cmd}, d, p)
	}
	return errors.Join(replayProblem(id, err), done())
}

func (o *operator) show(ctx context.Context, view replayView, d *replay.Desk, p replay.Plan) error {
	report, err := d.Report(ctx, p)
	if err != nil {
		return err
	}
	if p.Report = &report; o.json {
		encoded(view.out, masked(p))
	}
	w := view.people()
	fmt.Fprintf(w, "plan %s: %s\n", p.ID, planState(p))
	view.about(p)
	if p.State == replay.Making {
		return nil
	}
	if p.Cursor == 0 {
		view.preview(p)
	} else {
		view.counts(p)
		view.report(p.ID, report)
	}
	switch p.State {
	case replay.Ready:
		fmt.Fprintf(w, "next:  %s\n", following(o.cmd, "postconfirm replay run "+p.ID))
	case replay.Paused:
		fmt.Fprintf(w, "next:  %s\n", following(o.cmd, "postconfirm replay resume "+p.ID))
	}
	return nil
}

// planState is a plan's state in words.
func planState(p replay.Plan) string {
	who := ""
	if p.By != "" {
		who = " by " + printable(p.By)
	}
	switch p.State {
	case replay.Making:
		return "it was never finished, and can't be run"
	case replay.Ready:
		return fmt.Sprintf("%d of %d dealt with", p.Cursor, p.Entries)
	case replay.Sent:
		return fmt.Sprintf("run to its end, %s", count(p.Entries, "run"))
	}
	return fmt.Sprintf("%s%s: %s; %d of %d dealt with", p.State, who, printable(p.Reason), p.Cursor, p.Entries)
}
