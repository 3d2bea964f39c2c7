package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// backfillRun is one call of backfill.
type backfillRun struct {
	poolWalk
	name, filter  string
	steps, unsafe []string
	limit         int
	chosen        bool // --steps was given
}

func backfillCommand(std streams) *cobra.Command {
	o := backfillRun{poolWalk: poolWalk{std: std, action: "backfill"}}
	cmd := &cobra.Command{
		Use:   "backfill --name NAME --pipeline FILE --ledger LEDGER",
		Short: "Take the users of the pool through the pipeline a second time, on purpose",
		Long: "For a new attribute rule: every confirmed user of the pool, old ones too, gets one run more, in a generation of its own that has\n" +
			"a name. Steps whose class is unsafe, such as a mail, are off unless --unsafe names them; --steps chooses fewer. The choice\n" +
			"goes with the message, and holds for retries and replays; what needs a step that was not chosen sees null. Attributes are\n" +
			"written by their modes, as ever. Workers of an older version than the choice leave such messages alone.\n\n" +
			"Without --write it shows how many users it is about and what it would cost. A name may be used again: users who have a run of it\n" +
			"are left out. It may be stopped or killed at any moment: the same command goes on where it was.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.",
		Example: "  postconfirm backfill --name plan-2026 --steps company --pipeline pipeline.yaml --ledger sqlite:./ledger.db\n" +
			"  postconfirm backfill --name plan-2026 --steps company --limit 100 --write --why OPS-14\n" +
			"  postconfirm backfill --name welcome-again --steps '' --unsafe welcome --filter 'email ^= \"test\"' --write --why OPS-15",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.chosen = cmd.Flags().Changed("steps")
			return o.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&o.name, "name", "", "`name` of the generation (required)")
	o.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&o.steps, "steps", nil, "only these `steps`, by id; '' is none (default: all that are not unsafe)")
	f.StringSliceVar(&o.unsafe, "unsafe", nil, "these unsafe `steps` too, by id: their effect happens again")
	f.StringVar(&o.filter, "filter", "", "a `filter` of ListUsers, such as 'email ^= \"test\"'")
	f.IntVar(&o.limit, "limit", 0, "at most so many users; 0 is all")
	return cmd
}

func (o *backfillRun) run(ctx context.Context) error {
	switch {
	case o.name == "":
		return &problem{err: errors.New("--name is missing"), hint: "a backfill has a name of its own, such as plan-2026", code: exitUsage}
	case o.name == event.Onboarding:
		return &problem{err: fmt.Errorf("--name %s is the onboarding itself", o.name), hint: "postconfirm reconcile finds users who miss it", code: exitUsage}
	case o.limit < 0:
		return &problem{err: fmt.Errorf("--limit is %d", o.limit), code: exitUsage}
	}
	done, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	defer done()
	s, err := o.scope(o.name, time.Now())
	if err != nil {
		return err
	}
	s.Filter, s.Limit = o.filter, o.limit
	if s.Steps, err = o.choice(o.pipe); err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return &problem{err: err, code: exitUsage}
	}
	if err := o.usedBefore(ctx, &s); err != nil {
		return err
	}
	o.said("generation %s, steps: %s", s.Generation, named(s.Steps))
	for _, blind := range blindSteps(o.pipe, s.Steps) {
		o.said("%s", blind)
	}
	return o.walk(ctx, s)
}

// choice is which steps are run. It is always said, so that a step that is new by the time a worker gets the message is not run.
func (o *backfillRun) choice(p *enrich.Pipeline) ([]string, error) {
	class := map[string]enrich.Class{}
	var ids []string
	for _, s := range p.Steps {
		class[s.ID] = s.Class
		ids = append(ids, s.ID)
	}
	steps := slices.DeleteFunc(slices.Clone(o.steps), func(id string) bool { return id == "" })
	for _, id := range slices.Concat(steps, o.unsafe) {
		is, ok := class[id]
		switch {
		case id == enrich.AttributesStep:
			return nil, &problem{err: fmt.Errorf("%q is not chosen: attributes are always written, by their modes", id), code: exitUsage}
		case !ok:
			return nil, &problem{err: fmt.Errorf("the pipeline has no step %q", id), hint: "steps: " + strings.Join(ids, ", "), code: exitUsage}
		case is == enrich.Unsafe && !slices.Contains(o.unsafe, id):
			return nil, &problem{err: fmt.Errorf("step %s is unsafe: its effect would happen again", id), hint: "--unsafe " + id + " if that is wanted", code: exitUsage}
		}
	}
	if !o.chosen {
		return reconcile.Safe(p, o.unsafe), nil
	}
	chosen := []string{}
	for _, id := range ids {
		if slices.Contains(steps, id) || slices.Contains(o.unsafe, id) {
			chosen = append(chosen, id)
		}
	}
	return chosen, nil
}

// usedBefore says that a name was used, and refuses it for another choice of steps: half of the users would have had the one,
// and half the other.
func (o *backfillRun) usedBefore(ctx context.Context, s *reconcile.Scope) error {
	last, ok, err := o.walker().Last(ctx, *s)
	if err != nil || !ok || last.Earlier+last.Messages == 0 {
		return err
	}
	if !o.chosen && len(o.unsafe) == 0 {
		s.Steps = last.Scope.Steps
	}
	if !last.Scope.SameSteps(s.Steps) {
		return &problem{err: fmt.Errorf("the name %s was used with other steps: %s", o.name, named(last.Scope.Steps)),
			hint: "take another name; or leave --steps and --unsafe out to go on with those", code: exitUsage}
	}
	o.said("the name %s was used before, the last time at %s: %s sent; who has a run of it is left out", o.name,
		rfc3339(last.Updated), count(last.Earlier+last.Messages, "user"))
	return nil
}

func named(steps []string) string {
	if len(steps) == 0 {
		return "none"
	}
	return printable(strings.Join(steps, ", "))
}

// blindSteps says which chosen steps need one that is not.
func blindSteps(p *enrich.Pipeline, chosen []string) (lines []string) {
	for _, s := range p.Steps {
		if !slices.Contains(chosen, s.ID) {
			continue
		}
		for _, need := range s.Needs {
			if need != enrich.AttributesStep && !slices.Contains(chosen, need) {
				lines = append(lines, fmt.Sprintf("note: step %s needs %s, which is not chosen: it sees null", s.ID, need))
			}
		}
	}
	return lines
}
