package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/resolve"
)

type resolveOptions struct {
	operator
	pool, sub, generation, step string
	sent, notSent, resend       bool
}

func resolveCommand(std streams) *cobra.Command {
	var o resolveOptions
	cmd := &cobra.Command{
		Use:   "resolve RUN --step ID --sent|--not-sent|--resend --why TEXT",
		Short: "Say whether an effect happened, where nobody knows",
		Long: "A call whose answer got lost leaves an open effect: nobody knows whether the mail went out, and it is not repeated.\n" +
			"Ask the other side (runs show says under which effect key), then say what became of it. RUN is a run key, or give\n" +
			"--pool and --sub. Without --write it only says what would change.\n\n" +
			"  --sent      it happened: the step is done, without an answer\n" +
			"  --not-sent  it did not: the step is failed and flagged, and nothing is repeated, until a replay\n" +
			"  --resend    do it once more, whatever happened: the run is reopened, and the step has a new effect key. If it did\n" +
			"              happen, it happens twice. Other steps that had failed are tried anew, too. Refused while the run is open\n\n" +
			"A run that changed meanwhile is left as it is; look again. Killed between the reopening and the message, the same\n" +
			"command sends the message.\n\n" +
			"Exit codes: 0 done, 1 failed or refused, 2 wrong use.",
		Example: "  postconfirm resolve a52pp684obmd36t84i4d0i2p5k --step welcome --sent --why \"OPS-11: it is in the mail log\" --write\n" +
			"  postconfirm resolve --pool eu-west-1_Ab12cd34E --sub 6f9c4f9e-0a1b-4c2d-8e3f-000000000001 --step welcome --resend --why OPS-11 --write",
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), std, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.queueFlag(cmd)
	f.StringVar(&o.pool, "pool", "", "the user pool's `id`, in place of RUN")
	f.StringVar(&o.sub, "sub", "", "the person, in place of RUN")
	f.StringVar(&o.generation, "generation", event.Onboarding, "of the run, with --pool and --sub")
	f.StringVar(&o.step, "step", "", "the `id` of the step")
	f.BoolVar(&o.sent, "sent", false, "it happened")
	f.BoolVar(&o.notSent, "not-sent", false, "it did not happen")
	f.BoolVar(&o.resend, "resend", false, "do it once more; needs --queue")
	o.writeFlags(cmd, "change it for real")
	o.jsonFlag(cmd)
	return cmd
}

// question reads the flags.
func (o *resolveOptions) question(args []string) (q resolve.Question, err error) {
	usage := func(text, hint string) error {
		return &problem{err: errors.New(text), hint: hint, next: "postconfirm resolve --help", code: exitUsage}
	}
	words := map[resolve.Word]bool{resolve.Sent: o.sent, resolve.NotSent: o.notSent, resolve.Resend: o.resend}
	said := 0
	for word, is := range words {
		if is {
			said++
			q.Word = word
		}
	}
	person := o.pool != "" || o.sub != ""
	switch {
	case len(args) > 1:
		return q, usage(fmt.Sprintf("want one run, and there are %d", len(args)), "")
	case (len(args) == 1) == person:
		return q, usage("say which run: its key, or --pool and --sub", "")
	case person && (o.sub == "" || !strings.Contains(o.pool, "_")):
		return q, usage("--pool and --sub go together", "a pool id looks like eu-west-1_Ab12cd34E")
	case o.step == "":
		return q, usage("--step is missing", "runs show lists the open effects of a run")
	case said != 1:
		return q, usage("say one of --sent, --not-sent, --resend", "")
	case o.resend && o.queue == "":
		return q, usage("--queue is missing", "the worker is told by a message; POSTCONFIRM_QUEUE_URL may name it")
	}
	q.Step, q.ID = o.step, worker.Identity{Pool: o.pool, Sub: o.sub, Generation: o.generation}
	if len(args) == 1 {
		q.Key = args[0]
	}
	return q, o.signed()
}

func (o *resolveOptions) run(ctx context.Context, std streams, args []string) (err error) {
	q, err := o.question(args)
	if err != nil {
		return err
	}
	s := &resolve.Resolver{}
	if o.resend {
		clients, err := connectTo(ctx, "--queue", o.queue)
		if err != nil {
			return err
		}
		s.Sender = amazon.NewSender(clients.SQS, o.queue)
	}
	ledger, err := o.openOrLook(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	s.Ledger = ledger
	a, err := s.Look(ctx, q)
	if err != nil {
		return resolveProblem(a, err)
	}
	o.say(std, a)
	if !o.write {
		return nil
	}
	entry := audit.Entry{Action: "resolve " + string(a.Word), Run: a.Run.Key, Step: a.Step, Config: a.Run.Pipeline}
	err = o.audited(ctx, ledger, entry, func(*audit.Entry) error {
		return resolveProblem(a, s.Do(context.WithoutCancel(ctx), a))
	})
	if err == nil {
		o.changed(std, a)
	}
	return err
}

// changed says what comes next.
func (o *resolveOptions) changed(std streams, a resolve.Answer) {
	w, next := o.people(std), "postconfirm runs show "+inspect.Quote(a.Run.Key)
	if a.Word == resolve.NotSent && a.Run.State != worker.Open {
		next = "postconfirm replay plan --key " + inspect.Quote(a.Run.Key) + " --state any --from-step " + inspect.Quote(a.Step) + " --why TICKET"
	}
	fmt.Fprintf(w, "done\nnext:  %s\n", following(o.cmd, next))
}

// say tells what changes.
func (o *resolveOptions) say(std streams, a resolve.Answer) {
	if o.json {
		encoded(std.out, struct {
			Write bool             `json:"write"`
			Run   string           `json:"run"`
			State worker.RunState  `json:"state"`
			Step  string           `json:"step"`
			Was   worker.StepState `json:"was"`
			Word  resolve.Word     `json:"word"`
			Again bool             `json:"message_only,omitempty"`
			Anew  []string         `json:"anew,omitempty"`
		}{o.write, a.Run.Key, a.Run.State, a.Step, a.Was, a.Word, a.Again, a.Anew})
	}
	w, step := o.people(std), printable(a.Step)
	fmt.Fprintf(w, "run %s is %s; what became of step %s is %s\n", printable(a.Run.Key), a.Run.State, step, map[bool]string{true: "not known", false: "said already, otherwise"}[!a.Run.Steps[a.Step].Settled])
	switch {
	case a.Again:
		fmt.Fprintln(w, "  it was reopened for this before and is not over: its message is sent again")
	case a.Word == resolve.Sent:
		fmt.Fprintf(w, "  %s becomes done; nothing is called\n", step)
	case a.Word == resolve.NotSent:
		fmt.Fprintf(w, "  %s becomes failed (%s), with a flag; nothing is called\n", step, resolve.CodeNotSent)
	default:
		fmt.Fprintf(w, "  the run is reopened, and %s is done anew, under a new effect key: if it did happen, it happens twice\n", step)
		for _, other := range a.Anew {
			fmt.Fprintf(w, "  %s had failed and is tried anew, too\n", printable(other))
		}
	}
	if !o.write {
		fmt.Fprintln(w, "nothing was changed; --write changes it")
		fmt.Fprintf(w, "next:  %s\n", o.confirmed())
	}
}

// resolveProblem says what to do about a refusal.
func resolveProblem(a resolve.Answer, err error) error {
	p := &problem{err: err, code: exitFailed}
	key := printable(a.Run.Key)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, resolve.ErrUnknownRun):
		p.next = "postconfirm runs list"
	case errors.Is(err, worker.ErrNoOpenEffect):
		p.hint = "the run has no open effects"
		if ids := a.Run.OpenEffects(); len(ids) > 0 {
			p.hint = "its open effects are " + printable(strings.Join(ids, ", "))
		}
		p.next = "postconfirm runs show " + key
	case errors.Is(err, resolve.ErrOpen):
		p.hint, p.next = "wait until it is over, or say --sent or --not-sent", "postconfirm runs show "+key
	case errors.Is(err, resolve.ErrErased):
		p.hint, p.next = "a replay asks for them anew", "postconfirm replay plan --key "+key+" --state any --from-step STEP --why TICKET"
	case errors.Is(err, resolve.ErrChanged):
		p.hint = "nothing was changed; run it again to look again"
	case errors.Is(err, resolve.ErrGone):
	default:
		return err
	}
	return p
}
