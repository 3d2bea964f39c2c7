package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/replay"
)

// replayPlanOptions are the flags of replay plan.
type replayPlanOptions struct {
	operator
	filterOptions
	keysFile, config, fromStep string
	keys, rerun, edit          []string
	unsafe, foreign            bool
	fresh                      time.Duration
}

func replayPlanCommand(std streams) *cobra.Command {
	var o replayPlanOptions
	cmd := &cobra.Command{
		Use:   "plan --why TEXT [filters]",
		Short: "Choose runs and show what a replay would do; nothing is sent",
		Long: "Writes down which runs are chosen, and shows what reopening them would do: users, writes, calls of each step, what\n" +
			"they cost if the pipeline says so (price: 0.002 USD), how long it takes, what was left out and why, and how the\n" +
			"pipeline file of then differs from that of now. The plan never grows.\n\n" +
			"What failed is tried anew; what is done stays done. Answers of reading steps that are older than --fresh are asked\n" +
			"for again. --from-step S does S and all that depends on it anew, as far as that is safe; an unsafe or verifiable step\n" +
			"that is done is repeated only if --rerun names it and --rerun-unsafe is given.\n\n" +
			"--keys FILE has one run key in a line, or one JSON object with \"key\", or \"pool\" and \"sub\"; - is standard input.\n" +
			"Times are UTC. Exit codes: 0 done, 1 failed, 2 wrong use or refused.",
		Example: "  postconfirm replay plan --step crm --code http_422 --why OPS-7\n" +
			"  postconfirm replay plan --since 2h --from-step company --why \"wrong data until 14:00\"\n" +
			"  postconfirm replay plan --state done --rerun welcome --rerun-unsafe --keys lost-mails.txt --why OPS-8",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, std) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.pipelineFlag(cmd)
	o.whoFlags(cmd)
	o.filterOptions.flags(cmd, string(worker.Parked))
	o.spanFlags(cmd)
	f.StringArrayVar(&o.keys, "key", nil, "only this run; may be given again")
	f.StringVar(&o.keysFile, "keys", "", "only the runs that this `file` names; - is standard input")
	f.StringVar(&o.fromStep, "from-step", "", "do this step, and all that depends on it, anew")
	f.StringArrayVar(&o.rerun, "rerun", nil, "do this step anew whatever its state; may be given again")
	f.BoolVar(&o.unsafe, "rerun-unsafe", false, "--rerun may name steps whose repetition is a second effect")
	f.StringArrayVar(&o.edit, "edit", nil, "change what the message says: region=… or metadata.KEY=VALUE; may be given again")
	f.StringVar(&o.config, "config", "current", "with the pipeline file of now, or that each run had: current or original")
	f.DurationVar(&o.fresh, "fresh", replay.DefaultFresh, "how old an answer of a reading step may be that is used again")
	f.BoolVar(&o.foreign, "allow-foreign", false, "take runs of pools that the pipeline does not list")
	o.jsonFlag(cmd)
	return cmd
}

func (o *replayPlanOptions) run(cmd *cobra.Command, std streams) error {
	request, err := o.request(cmd.InOrStdin(), time.Now())
	if err != nil {
		return err
	}
	d, done, err := o.desk(cmd.Context(), o.open)
	if err != nil {
		return err
	}
	p, err := d.Make(cmd.Context(), request)
	view := replayView{streams: std, json: o.json, cmd: o.cmd}
	switch {
	case err == nil:
		view.planned(p)
	case errors.Is(err, replay.ErrNothing):
		view.nothing(p)
		err = nil
	}
	return errors.Join(planProblem(err), done())
}

// planProblem says what to do about a plan that was refused.
func planProblem(err error) error {
	p := &problem{err: err, code: exitUsage}
	switch {
	case errors.Is(err, replay.ErrUnsafe):
		p.hint = "a repetition is a second effect; with --rerun-unsafe it is made, and the audit log says so"
	case errors.Is(err, replay.ErrForeign):
		p.hint = "is this the ledger and the pipeline of one environment? --allow-foreign takes them, and the worker refuses them all the same (that of postconfirm local does not)"
	case errors.Is(err, replay.ErrNotKept):
		p.hint = "a worker keeps its file when it starts; --config current replays with the file of now"
	case errors.Is(err, replay.ErrNoStep), errors.Is(err, replay.ErrEdit):
	case errors.Is(err, replay.ErrTooMany):
		p.hint = "make several plans: --since and --until cut a selection into parts"
	default:
		return err
	}
	return p
}

// request reads the flags. Nothing is opened but a file of keys.
func (o *replayPlanOptions) request(stdin io.Reader, now time.Time) (r replay.Request, err error) {
	usage := func(err error, hint string) error { return &problem{err: err, hint: hint, code: exitUsage} }
	if o.pipeline == "" {
		return r, usage(errors.New("--pipeline is missing"), "the file that the worker has: --pipeline FILE, or POSTCONFIRM_PIPELINE")
	}
	if err := o.signed(); err != nil {
		return r, err
	}
	f, err := o.operator.chosen(&o.filterOptions, now)
	if err == nil && f.State == inspect.NoRun {
		err = usage(errors.New("--state no-run: what has no run can't be replayed"), "postconfirm dlq import sends letters whose runs the ledger does not know")
	}
	if err != nil {
		return r, err
	}
	if o.config != "current" && o.config != "original" {
		return r, usage(fmt.Errorf("--config %q is none", o.config), "current or original")
	}
	if o.fresh < 0 {
		return r, usage(errors.New("--fresh can't be negative"), "0 asks for every answer again")
	}
	r = replay.Request{Operator: replay.Operator{Who: o.who, Why: o.why}, Filter: f, FromStep: o.fromStep, Rerun: o.rerun,
		Unsafe: o.unsafe, Original: o.config == "original", Fresh: max(o.fresh, time.Millisecond), Foreign: o.foreign}
	if r.Edit, err = replay.ParseEdit(o.edit); err != nil {
		return r, usage(err, "--edit region=eu-west-1, --edit metadata.plan=pro")
	}
	if r.Keys, err = o.refs(stdin); err != nil {
		return r, usage(err, "one run key in a line, or one JSON object with \"key\"; nothing was planned")
	}
	r.Chosen = o.words(f, len(r.Keys))
	return r, nil
}

// refs are the runs that were named one by one; nil if none was.
func (o *replayPlanOptions) refs(stdin io.Reader) (all []replay.Ref, err error) {
	if o.keysFile != "" {
		if all, err = readKeys(o.keysFile, stdin); err != nil {
			return nil, err
		}
	}
	for _, text := range o.keys {
		ref, err := replay.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("--key %q: %w", text, err)
		}
		seen := false
		for _, r := range all {
			seen = seen || r.Key() == ref.Key()
		}
		if !seen {
			all = append(all, ref)
		}
	}
	return all, nil
}

func readKeys(path string, stdin io.Reader) ([]replay.Ref, error) {
	file, err := inFile(path, stdin)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if path == "-" {
		path = "standard input"
	}
	return replay.ReadKeys(path, file)
}

// words are the selection as people say it.
func (o *replayPlanOptions) words(f worker.Filter, keys int) string {
	parts := append([]string{cmp.Or(string(f.State), "any state")}, filterText(f)...)
	if keys > 0 {
		parts = append(parts, fmt.Sprintf("of %s by key", count(keys, "run")))
	}
	return strings.Join(parts, ", ")
}
