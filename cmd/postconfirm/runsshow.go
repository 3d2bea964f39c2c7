package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

// showOptions are the flags of runs show.
type showOptions struct {
	lookOptions
	pool, sub, generation string
	show                  bool
}

func runsShowCommand(std streams) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show KEY | show --pool ID --sub SUB",
		Short: "Tell all that is known of one run: timeline, steps, attributes, open effects",
		Long: "Shows the event, every attempt that the ledger keeps, what steps answered, what became of each attribute, open effects\n" +
			"and how to settle them, the pipeline file's hash, who holds the run, its dead letters, and the person's other runs.\n" +
			"Answers, user name and metadata show as lengths without --show. With --pipeline, steps and attributes are those of the\n" +
			"file. In a table, a run is found by KEY with a scan; --pool and --sub are one read.\n\n" +
			"Exit codes: 0 done, 1 there is no such run or it is damaged, 2 wrong use, 130 interrupted, 141 nobody reads.",
		Example: "  postconfirm runs show 9ueem0dtfcgb1knfocrr0044cs --ledger sqlite:./ledger.db --pipeline pipeline.yaml\n" +
			"  postconfirm runs show --pool eu-west-1_Ab12cd34E --sub 6f9c4f9e-0a1b-4c2d-8e3f-000000000001 --show",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runsShow(cmd.Context(), std, strings.Join(args, ""), o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.pool, "pool", "", "the user pool's `id`, with --sub")
	f.StringVar(&o.sub, "sub", "", "the `sub` of the person")
	f.StringVar(&o.generation, "generation", "0", "the generation; 0 is the onboarding")
	f.StringVar(&o.pipeline, "pipeline", pipelineHere(), "the pipeline `file` of the worker (POSTCONFIRM_PIPELINE, if it is a file)")
	f.BoolVar(&o.show, "show", false, "show values")
	o.lookOptions.flags(cmd)
	return cmd
}

// pipelineHere is the worker's pipeline if it is a file.
func pipelineHere() string {
	path := os.Getenv("POSTCONFIRM_PIPELINE")
	if strings.HasPrefix(path, "s3:") || strings.HasPrefix(path, "ssm:") {
		return ""
	}
	return path
}

// who says which run is meant, by its key or by its identity.
func (o showOptions) who(key string) (worker.Identity, error) {
	const usage = "postconfirm runs show --help"
	switch {
	case key != "" && (o.sub != "" || o.pool != ""):
		return worker.Identity{}, &problem{err: errors.New("a run is named by its key or by --pool and --sub, not by both"), next: usage, code: exitUsage}
	case key != "" && (len(key) != 26 || strings.Trim(key, "0123456789abcdefghijklmnopqrstuv") != ""):
		return worker.Identity{}, &problem{err: fmt.Errorf("%q is no run key", key), hint: "one has 26 characters of 0-9 and a-v", next: usage, code: exitUsage}
	case key != "":
		return worker.Identity{}, nil
	case o.sub == "" || !strings.Contains(o.pool, "_"):
		return worker.Identity{}, &problem{err: errors.New("which run? a key, or --pool and --sub, are missing"), hint: "a pool id looks like eu-west-1_Ab12cd34E", next: usage, code: exitUsage}
	}
	return worker.Identity{Pool: o.pool, Sub: o.sub, Generation: o.generation}, nil
}

func runsShow(ctx context.Context, std streams, key string, o showOptions) error {
	id, err := o.who(key)
	if err != nil {
		return err
	}
	var p *enrich.Pipeline
	if o.pipeline != "" {
		client := connect.NewClient(&connect.Options{AllowLoopback: true}) // nobody is called
		defer client.Close()
		if p, err = app.Load(o.pipeline, client); err != nil {
			return err
		}
	}
	i, end, err := o.inspector(ctx, worker.Filter{})
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	return o.tell(ctx, std, i, key, id, p)
}

// tell reads the run and shows it.
func (o showOptions) tell(ctx context.Context, std streams, i *inspect.Inspector, key string, id worker.Identity, p *enrich.Pipeline) error {
	d, err := i.Detail(ctx, key, id, &inspect.DetailOptions{Pipeline: p, Show: o.show, MaxLetters: o.maxLetters})
	switch {
	case errors.Is(err, inspect.ErrNoRun):
		return &problem{err: err, hint: "the message may be on the queue still, or a dead letter without a run",
			next: "postconfirm runs list --state no-run --with-dlq", code: exitFailed}
	case errors.Is(err, worker.ErrDamaged):
		return &problem{err: err, hint: "the ledger's record of this run can't be trusted", next: "postconfirm ledger verify " + o.ledger, code: exitFailed}
	case err != nil:
		return err
	}
	for n := range d.Next {
		d.Next[n] = following(o.cmd, d.Next[n])
	}
	for _, effect := range d.Unknown {
		for n := range effect.Commands {
			effect.Commands[n] = following(o.cmd, effect.Commands[n])
		}
	}
	if o.json {
		return json.NewEncoder(std.out).Encode(d)
	}
	return showView{o, std.out}.all(d)
}
