package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// poolJSON is what --json shows of a walk.
type poolJSON struct {
	Action     string             `json:"action"`
	Pool       string             `json:"pool"`
	Generation string             `json:"generation"`
	Walk       string             `json:"walk"`
	Phase      reconcile.Phase    `json:"phase"`
	Began      time.Time          `json:"began"`
	Since      time.Time          `json:"since,omitzero"`
	Until      time.Time          `json:"until,omitzero"`
	Steps      []string           `json:"steps,omitzero"`
	Counts     reconcile.Counts   `json:"counts"`
	Messages   int                `json:"messages"`
	Settled    int                `json:"settled"`
	Left       int                `json:"left"`
	Restarts   int                `json:"restarts"`
	Costs      *reconcile.Figures `json:"costs,omitempty"`
}

func (p *poolWalk) jsonOf(k reconcile.Walk) poolJSON {
	return poolJSON{Action: p.action, Pool: k.Scope.Pool, Generation: k.Scope.Generation, Walk: k.ID, Phase: k.Phase, Began: k.Began,
		Since: k.Scope.Since, Until: k.Scope.Until, Steps: k.Scope.Steps, Counts: k.Counts, Messages: k.Messages, Settled: k.Settled,
		Left: k.Left(), Restarts: k.Restarts}
}

func (p *poolWalk) said(format string, values ...any) {
	fmt.Fprintf(p.people(p.std), format+"\n", values...)
}

// plan shows what was found, and what it would cost to send it.
func (p *poolWalk) plan(k reconcile.Walk, f reconcile.Figures) {
	if p.json {
		v := p.jsonOf(k)
		v.Costs = &f
		encoded(p.std.out, v)
	}
	fmt.Fprintf(p.people(p.std), "pool %s: %s listed, with %s of ListUsers (%s at %v per second)\n", k.Scope.Pool, count(k.Counts.Listed, "user"),
		count(f.List, "call"), nearly(f.ListTime), float64(p.reads))
	for _, line := range classesOf(k) {
		if line.n > 0 {
			fmt.Fprintf(p.people(p.std), "  %*d %s\n", len(strconv.Itoa(k.Counts.Listed)), line.n, line.what)
		}
	}
	p.costs(k, f)
	switch {
	case k.Phase == reconcile.Sending:
		p.said("\n%d of them were sent before; --write --why TICKET sends the others", k.Messages)
	case k.Phase == reconcile.Sent:
		p.said("\n%s were sent by somebody else meanwhile", count(k.Messages, "user"))
	case k.Left() == 0:
		p.said("\nnobody is missing")
		if k.Counts.Young > 0 {
			p.said("note: %s within the last %s; run it again when that is over", countOf(k.Counts.Young, "user changed", "users changed"), k.Scope.Settle)
		}
	case !p.write:
		p.said("\nnothing was sent; --write --why TICKET sends")
	}
	if !p.write && k.Phase != reconcile.Sent && k.Left() > 0 {
		p.said("next:  %s", p.confirmed())
	}
}

type class struct {
	n    int
	what string
}

// classesOf are what the walk thinks of the users, the ones it is about first.
func classesOf(k reconcile.Walk) []class {
	c := k.Counts
	all := []class{{c.Found, "have no run"}, {c.Known, "have a run"},
		{c.Young, "changed within the last " + k.Scope.Settle.String() + ": their own message may be on its way"},
		{c.Before, "were created before " + rfc3339(k.Scope.Since)},
		{c.After, "were created at or after " + rfc3339(k.Scope.Until)},
		{c.Disabled, "are disabled"}, {c.Nameless, "are listed without a sub"}}
	for _, status := range slices.Sorted(maps.Keys(c.Others)) {
		all = append(all, class{c.Others[status], "are " + printable(status) + ", which is not among the wanted: " + strings.Join(k.Scope.Statuses, ", ")})
	}
	return all
}

// costs shows the figures of what is left to send.
func (p *poolWalk) costs(k reconcile.Walk, f reconcile.Figures) {
	if f.Users == 0 {
		return
	}
	w := tabwriter.NewWriter(p.people(p.std), 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nto send them:\n")
	fmt.Fprintf(w, "  messages\t%d\t%s at %v per second\n", f.Users, nearly(f.Sending), float64(p.rate))
	fmt.Fprintf(w, "  writes\t%d\tat most (AdminUpdateUserAttributes), %s at cognito-writes %v\n", f.Writes, nearly(f.Budget), p.pipe.Limits.CognitoWrites)
	for _, c := range f.Calls {
		switch {
		case c.Never:
			fmt.Fprintf(w, "  step %s\t0\tnot chosen (%s, %s)\n", c.Step, c.Uses, c.Class)
		case c.If:
			fmt.Fprintf(w, "  step %s\t%d\tcalls at most (%s, %s), if its condition holds\n", c.Step, c.Calls, c.Uses, c.Class)
		default:
			fmt.Fprintf(w, "  step %s\t%d\tcalls (%s, %s)\n", c.Step, c.Calls, c.Uses, c.Class)
		}
	}
	fmt.Fprintf(w, "  billing\t%d\tusers at most become monthly active: the worker reads (AdminGetUser) and writes them; the list makes nobody active\n", f.Active)
	_ = w.Flush()
}

// sent shows what came of the sending.
func (p *poolWalk) sent(k reconcile.Walk) {
	if p.json {
		encoded(p.std.out, p.jsonOf(k))
	}
	p.said("\n%s sent; %d had a run by then; %d left", count(k.Messages, "user"), k.Settled, k.Left())
}
