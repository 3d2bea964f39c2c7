package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/record"
)

// filterOptions are the flags that choose runs.
type filterOptions struct {
	state, step, class, code, pool, source, generation, client, domain, hash, older string
	plan                                                                            string
	troubled                                                                        bool
	attempts                                                                        int
}

// flags are the same wherever runs are chosen; state is the default of --state.
func (o *filterOptions) flags(cmd *cobra.Command, state string) {
	f := cmd.Flags()
	f.StringVar(&o.state, "state", state, "only open, done, parked, gone or replaced, or any; no-run: dead letters without a run")
	f.StringVar(&o.step, "step", "", "only runs that this step keeps; \"attributes\" is the write")
	f.StringVar(&o.class, "class", "", "only this class of failure: "+strings.Join(classes(), ", "))
	f.StringVar(&o.code, "code", "", "only this reason code")
	f.BoolVar(&o.troubled, "troubled", false, "only runs that have a cause: parked, failing, or with an open effect")
	f.StringVar(&o.pool, "pool", "", "only of the user pool with this `id`")
	f.StringVar(&o.source, "source", "", "only from signup, reconcile or backfill")
	f.StringVar(&o.generation, "generation", "", "only of this generation; 0 is the onboarding")
	f.StringVar(&o.client, "client", "", "only of the app client with this `id`")
	f.StringVar(&o.domain, "domain", "", "only of this e-mail `domain`, or of its hash as the ledger has it")
	f.StringVar(&o.hash, "pipeline-hash", "", "only runs that a pipeline file worked on last whose hash begins so")
	f.StringVar(&o.plan, "plan", "", "only runs that the replay plan with this `id` reopened last")
	f.StringVar(&o.older, "older", "", "only runs first seen longer ago than this `duration`: 90m, 12h, 3d")
	f.IntVar(&o.attempts, "attempts", 0, "only with at least so many charged attempts of a step")
}

// anyState is the --state of all runs.
const anyState = "any"

// classes are the classes of failures that a cause can have.
func classes() []string {
	return []string{"temporary", "throttled", "permanent", "denied", worker.ClassUnknown}
}

// chosen reads the flags that choose runs.
func (o *operator) chosen(f *filterOptions, now time.Time) (worker.Filter, error) {
	since, until, err := o.span(now)
	if err != nil {
		return worker.Filter{}, err
	}
	return f.filter(now, since, until)
}

// filter reads the flags, with the times between which runs were first seen.
func (o *filterOptions) filter(now, since, until time.Time) (f worker.Filter, err error) {
	f = worker.Filter{State: worker.RunState(o.state), Cause: worker.Cause{Step: o.step, Class: o.class, Code: o.code}, Troubled: o.troubled,
		Pool: o.pool, Source: o.source, Generation: o.generation, Client: o.client, Pipeline: o.hash, Plan: o.plan, Attempts: o.attempts}
	if o.state == anyState {
		f.State = ""
	}
	switch {
	case f.State != "" && f.State != inspect.NoRun && !record.Known(f.State):
		return f, &problem{err: fmt.Errorf("--state %q is none", o.state), hint: "states are open, done, parked, gone, replaced, no-run, and any", code: exitUsage}
	case o.class != "" && !slices.Contains(classes(), o.class):
		return f, &problem{err: fmt.Errorf("--class %q is none", o.class), hint: "classes are " + strings.Join(classes(), ", "), code: exitUsage}
	case o.attempts < 0:
		return f, &problem{err: fmt.Errorf("--attempts %d is less than none", o.attempts), code: exitUsage}
	}
	if f.Domain, err = domainHash(o.domain); err != nil {
		return f, &problem{err: err, code: exitUsage}
	}
	f.Since = since
	f.Until, err = o.end(now, since, until)
	return f, err
}

// end is the earlier of --until and what --older says.
func (o *filterOptions) end(now, since, until time.Time) (time.Time, error) {
	if o.older == "" {
		return until, nil
	}
	age, ok := longAgo(o.older)
	at := now.Add(-age).UTC()
	switch {
	case !ok:
		return until, &problem{err: fmt.Errorf("--older %q is no duration", o.older), hint: "one looks like 90m, 12h, 3d", code: exitUsage}
	case !since.IsZero() && !since.Before(at):
		return until, &problem{err: fmt.Errorf("nothing is older than %s and was first seen since %s", o.older, rfc3339(since)), hint: "times are UTC", code: exitUsage}
	case until.IsZero() || at.Before(until):
		return at, nil
	}
	return until, nil
}

// domainHash is how the ledger knows a domain; a text of eight hex digits is that already.
func domainHash(domain string) (string, error) {
	switch {
	case strings.Contains(domain, "@"):
		return "", errors.New("--domain wants what stands behind the @ only")
	case len(domain) == 8 && strings.Trim(domain, "0123456789abcdef") == "":
		return domain, nil
	}
	return worker.DomainHash(domain), nil
}

// filterText is a filter in words, but for its state.
func filterText(f worker.Filter) (parts []string) {
	for _, part := range []struct{ name, value string }{{"step", f.Cause.Step}, {"class", f.Cause.Class}, {"code", f.Cause.Code}, {"pool", f.Pool},
		{"source", f.Source}, {"generation", f.Generation}, {"client", f.Client}, {"domain", f.Domain}, {"pipeline", f.Pipeline}, {"plan", f.Plan},
		{"since", rfc3339(f.Since)}, {"until", rfc3339(f.Until)}} {
		if part.value != "" {
			parts = append(parts, part.name+" "+printable(part.value))
		}
	}
	if f.Troubled {
		parts = append(parts, "troubled")
	}
	if f.Attempts > 0 {
		parts = append(parts, fmt.Sprintf("attempts ≥ %d", f.Attempts))
	}
	return parts
}

// window says between which times runs were looked for.
func window(f worker.Filter) string {
	var text string
	if !f.Since.IsZero() {
		text = " since " + utc(f.Since)
	}
	if !f.Until.IsZero() {
		text += " until " + utc(f.Until)
	}
	if text == "" {
		return ""
	}
	return ", first seen" + text + " UTC"
}
