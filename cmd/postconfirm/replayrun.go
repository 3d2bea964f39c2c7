package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/replay"
)

// replayRunOptions are the flags of replay run.
type replayRunOptions struct {
	operator
	rate          string
	limit, window int
	wait          time.Duration
	otherConfig   bool
}

func replayRunCommand(std streams) *cobra.Command {
	var o replayRunOptions
	cmd := &cobra.Command{
		Use:   "run PLAN",
		Short: "Run a plan: reopen its runs at a pace, and wake the worker up",
		Long: "Reopens every run of the plan that still is as it was planned, and sends its message. It may be stopped or killed at\n" +
			"any moment and run again, and by two people at once: nobody is reopened twice. It does not run ahead of the worker:\n" +
			"at most --window reopened runs are unfinished. When more than half of the last runs fail again for one cause, it\n" +
			"pauses the plan and says so.\n\n" +
			"Exit codes: 0 done, or there was nothing to do; 1 failed; 2 wrong use; 3 paused, cancelled, or some failed again;\n" +
			"130 interrupted.",
		Example: "  postconfirm replay run p-20260301T120000Z-ab12cd\n" +
			"  postconfirm replay run p-20260301T120000Z-ab12cd --rate 2/s --limit 50",
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), std, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.queueFlag(cmd)
	o.pipelineFlag(cmd)
	f.StringVar(&o.rate, "rate", "", "runs per second, such as 5/s; at most the pipeline's cognito-writes (default: half of it, so that sign-ups keep their part)")
	f.IntVar(&o.limit, "limit", 0, "stop after so many runs were reopened; another run goes on")
	f.IntVar(&o.window, "window", replay.DefaultWindow, "how many reopened runs may be unfinished at once")
	f.DurationVar(&o.wait, "wait", time.Minute, "how long to wait for the last runs before the report")
	f.BoolVar(&o.otherConfig, "other-config", false, "run it although the pipeline file is not that of the plan any more")
	o.whoFlags(cmd)
	o.jsonFlag(cmd)
	return cmd
}

func (o *replayRunOptions) run(ctx context.Context, std streams, args []string) error {
	id, err := planID(args)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return err
	}
	d, done, err := o.desk(ctx, o.open)
	if err != nil {
		return err
	}
	result, err := o.play(ctx, std, d, id)
	return errors.Join(o.ended(std, id, result, err), done())
}

func (o *replayRunOptions) check() error {
	switch {
	case o.queue == "":
		return missing("--queue")
	case o.limit < 0 || o.window < 1:
		return &problem{err: errors.New("--limit can't be negative, and --window is at least 1"), code: exitUsage}
	}
	return nil
}

// play runs the plan, with its progress.
func (o *replayRunOptions) play(ctx context.Context, std streams, d *replay.Desk, id string) (replay.Result, error) {
	p, err := d.Load(ctx, id)
	if err != nil {
		return replay.Result{}, err
	}
	if err := o.sign(p); err != nil {
		return replay.Result{}, err
	}
	if d.Pipeline != nil && d.Pipeline.Hash != p.Pipeline && !o.otherConfig {
		return replay.Result{}, &problem{err: fmt.Errorf("the pipeline file is %s, and the plan was made with %s", short(d.Pipeline.Hash), short(p.Pipeline)),
			hint: "what the plan showed may not be what would happen: make a new one, or give --other-config", code: exitUsage}
	}
	rate, err := pace(std, o.rate, p.Limit, "the pipeline's cognito-writes")
	if err != nil {
		return replay.Result{}, err
	}
	show := newMeter(std.err)
	defer show.end()
	return d.Run(ctx, id, replay.RunOptions{Operator: replay.Operator{Who: o.who, Why: o.why}, Rate: rate, Limit: o.limit,
		Window: o.window, Wait: o.wait, Tell: func(now replay.Progress) { tellReplay(show, now, rate) }})
}

// tellReplay shows how far a plan has come.
func tellReplay(show *meter, now replay.Progress, rate float64) {
	more := fmt.Sprintf("; %d unfinished; about %s to go", now.Unfinished, lasting(now.Total-now.Done, rate))
	if now.Waiting != "" {
		more += "; waiting: " + now.Waiting
	}
	show.tell("replay", now.Done, now.Total, more)
}

// sign takes the plan's reason where no other one is given.
func (o *operator) sign(p replay.Plan) error {
	if o.why == "" {
		o.why = p.Why
	}
	return o.signed()
}

// ended says what a running came to.
func (o *replayRunOptions) ended(std streams, id string, r replay.Result, err error) error {
	view := replayView{streams: std, json: o.json, cmd: o.cmd}
	switch {
	case errors.Is(err, context.Canceled):
		return interruptedReplay(id)
	case err != nil:
		return replayProblem(id, err)
	}
	if o.json {
		encoded(view.out, struct {
			End      replay.End  `json:"end"`
			Reopened int         `json:"reopened_now"`
			Woken    int         `json:"woken_again,omitempty"`
			Plan     replay.Plan `json:"plan"`
		}{r.End, r.Reopened, r.Woken, masked(r.Plan)})
	}
	view.ran(r)
	again := r.Plan.Report != nil && r.Plan.Report.Again > 0
	switch {
	case r.End == replay.Interrupted:
		return interruptedReplay(id)
	case r.End == replay.Sick, r.End == replay.WasPaused:
		return &problem{err: fmt.Errorf("the plan is paused: %s", printable(r.Plan.Reason)), hint: "when that is mended, let it go on",
			next: "postconfirm replay resume " + id, code: exitPartly}
	case r.End == replay.WasCanceled:
		return &problem{err: fmt.Errorf("the plan was cancelled by %s", printable(r.Plan.By)), code: exitPartly}
	case r.End == replay.AtEnd && again:
		return &problem{err: fmt.Errorf("%s failed again", count(r.Plan.Report.Again, "run")), hint: "the causes, and what comes next for each:", next: "postconfirm runs group --plan " + id, code: exitPartly}
	}
	return nil
}

func interruptedReplay(id string) error {
	return &problem{err: errors.New("interrupted; what was reopened has its message"), next: "postconfirm replay run " + id, code: exitInterrupted}
}

// ran tells the end of a running.
func (v replayView) ran(r replay.Result) {
	w := v.people()
	switch r.End {
	case replay.Nothing:
		fmt.Fprintf(w, "plan %s was run to its end before: nothing was done\n", r.Plan.ID)
	case replay.AtEnd:
		fmt.Fprintf(w, "plan %s is run to its end: %s reopened now\n", r.Plan.ID, count(r.Reopened, "run"))
	case replay.AtLimit:
		fmt.Fprintf(w, "plan %s: %s reopened, as --limit wants; run it again to go on\n", r.Plan.ID, count(r.Reopened, "run"))
	default:
		fmt.Fprintf(w, "plan %s: %s reopened now\n", r.Plan.ID, count(r.Reopened, "run"))
	}
	if r.Woken > 0 {
		fmt.Fprintf(w, "  woken     %d that were reopened before and are not over: their message was sent again\n", r.Woken)
	}
	v.counts(r.Plan)
	if r.Plan.Report != nil && r.End != replay.Interrupted {
		v.report(r.Plan.ID, *r.Plan.Report)
	}
}
