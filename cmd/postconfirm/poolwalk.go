package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/amazon/sources"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// poolWalk is what reconcile and backfill have in common: a walk through a pool, a plan, and perhaps the sending.
type poolWalk struct {
	operator
	action      string // the command, for the audit log
	pool        string
	statuses    []string
	settle      time.Duration
	reads, rate perSecond
	fresh       bool

	std      streams
	pipe     *enrich.Pipeline
	clients  *amazon.Clients
	store    operated
	users    int // that the walk will see, about; 0 if nobody knows
	progress *meter
}

// flags are those of both commands.
func (p *poolWalk) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&p.pool, "pool", "", "the user pool's `id` (default: the pipeline's, if it lists one only)")
	p.pipelineFlag(cmd)
	p.ledgerFlag(cmd)
	p.queueFlag(cmd)
	p.spanFlagsOf(cmd, "users created")
	f.StringSliceVar(&p.statuses, "status", reconcile.Wanted(), "only users with one of these `statuses`")
	f.DurationVar(&p.settle, "settle", reconcile.Settle, "only users who have not changed for so long: a sign-up's own message may be on its way")
	p.reads = 5
	f.Var(&p.reads, "reads", fmt.Sprintf("ListUsers calls per second, such as 5/s; at most the %d that the account has", reconcile.MaxReads))
	f.Var(&p.rate, "rate", "messages per second, such as 5/s; at most the pipeline's cognito-writes (default: half of it)")
	f.BoolVar(&p.fresh, "fresh", false, "forget an earlier walk and what it found, and walk anew")
	p.writeFlags(cmd, "send for real")
	p.jsonFlag(cmd)
}

// prepare reads the settings and opens everything. Call done when done.
func (p *poolWalk) prepare(ctx context.Context) (done func(), err error) {
	if p.pipeline == "" {
		return nil, &problem{err: errors.New("--pipeline is missing"), hint: "the worker's file: its pools, its steps and its write budget count", code: exitUsage}
	}
	if err := p.signedToWrite(); err != nil {
		return nil, err
	}
	if p.write && p.queue == "" {
		return nil, missing("--queue")
	}
	if err := p.reach(ctx); err != nil {
		return nil, err
	}
	if err := p.paces(); err != nil {
		return nil, err
	}
	if p.store, err = p.open(ctx); err != nil {
		return nil, err
	}
	p.progress = newMeter(p.std.err)
	return func() { p.progress.end(); _ = p.store.Close() }, nil
}

// reach reads the pipeline and makes the clients of the pool's Region.
func (p *poolWalk) reach(ctx context.Context) (err error) {
	client := connect.NewClient(&connect.Options{AllowLoopback: true}) // the file is read; no vendor is called from here
	defer client.Close()
	if !sources.IsDocument(p.pipeline) {
		if p.pipe, err = app.Load(p.pipeline, client); err != nil {
			return err
		}
		p.onlyPool()
	}
	region, _, _ := strings.Cut(p.pool, "_")
	if p.clients, err = amazon.Connect(ctx, &amazon.ConnectOptions{Region: region}); err != nil {
		return &problem{err: err, code: exitUsage}
	}
	if p.pipe == nil {
		if p.pipe, err = app.Find(ctx, p.pipeline, p.clients, client); err != nil {
			return err
		}
		p.onlyPool()
	}
	return p.belongs()
}

// onlyPool takes the pipeline's pool where it lists only one and none was named.
func (p *poolWalk) onlyPool() {
	if p.pool == "" && len(p.pipe.Pools) == 1 {
		p.pool = p.pipe.Pools[0]
	}
}

// belongs refuses what is of another environment: a pool that is not on the pipeline's list, whose messages its worker would
// refuse, and a queue of another Region.
func (p *poolWalk) belongs() error {
	region, _, found := strings.Cut(p.pool, "_")
	switch here := onThisMachine(p.clients); {
	case p.pool == "":
		return &problem{err: errors.New("--pool is missing"), hint: "pools: " + strings.Join(p.pipe.Pools, ", "), code: exitUsage}
	case !found:
		return &problem{err: fmt.Errorf("--pool %q is no pool id", p.pool), hint: "one looks like eu-west-1_Ab12cd34E", code: exitUsage}
	case !here && !slices.Contains(p.pipe.Pools, p.pool):
		return notListed(p.pipe)
	case !here && region != p.clients.Region:
		return &problem{err: fmt.Errorf("pool %s is in %s, but this command runs in %s", p.pool, region, p.clients.Region),
			hint: "give --pool, or set AWS_REGION=" + region, code: exitUsage}
	}
	if p.queue != "" {
		if err := amazon.CheckQueueURL(p.queue, p.clients.Region); err != nil {
			return &problem{err: err, code: exitUsage}
		}
	}
	return nil
}

// paces checks the rates. What is above a quota is refused: it is everybody's.
func (p *poolWalk) paces() error {
	writes := p.pipe.Limits.CognitoWrites
	p.rate = cmp.Or(p.rate, perSecond(writes/2))
	for _, r := range []struct {
		flag       string
		value, max float64
		why        string
	}{
		{"--reads", float64(p.reads), reconcile.MaxReads, "what ListUsers has in an account and Region, for all pools and everybody"},
		{"--rate", float64(p.rate), writes, "the pipeline's cognito-writes: the worker would not be faster"},
	} {
		if !(r.value > 0 && r.value <= r.max) || math.IsNaN(r.value) {
			return &problem{err: fmt.Errorf("%s is %v: want more than 0, and at most %v", r.flag, r.value, r.max), hint: fmt.Sprintf("%v is %s", r.max, r.why), code: exitUsage}
		}
	}
	return nil
}

// scope is what both commands ask for.
func (p *poolWalk) scope(generation string, now time.Time) (reconcile.Scope, error) {
	since, until, err := p.span(now)
	if err != nil {
		return reconcile.Scope{}, err
	}
	s := reconcile.Scope{Pool: p.pool, Generation: generation, Statuses: p.statuses, Since: since, Until: until, Settle: p.settle}
	if p.since != "" || p.until != "" {
		s.Asked = p.since + ".." + p.until
	}
	return s, nil
}

func (p *poolWalk) walker() *reconcile.Walker {
	return reconcile.New(reconcile.Ports{Roll: amazon.NewRoll(p.clients.Cognito), Runs: p.store, Papers: p.store, Feed: amazon.NewFeed(p.clients.SQS, p.queue)},
		&reconcile.Options{Reads: float64(p.reads), Rate: float64(p.rate), Progress: func(k reconcile.Walk) { tellWalk(p.progress, k, p.users) }})
}

// walk finds the users, shows the plan, and sends if it is wanted.
func (p *poolWalk) walk(ctx context.Context, s reconcile.Scope) error {
	if err := s.Check(); err != nil {
		return &problem{err: err, code: exitUsage}
	}
	if p.write {
		if err := p.queueIsThere(ctx); err != nil {
			return err
		}
	}
	how := reconcile.Plan
	switch {
	case p.fresh:
		how = reconcile.Afresh
	case p.write:
		how = reconcile.Reuse
	}
	p.users = p.size(ctx, s)
	w, began := p.walker(), time.Now()
	found, err := w.Find(ctx, s, how)
	p.progress.end()
	if err != nil {
		return p.stopped(ctx, err)
	}
	if found.Updated.Before(began) {
		p.said("this is what the walk of %s found; --fresh walks anew", rfc3339(found.Began))
	}
	figures := reconcile.Estimate(p.pipe, s, found.Left(), float64(p.rate), found.Pages, float64(p.reads))
	p.plan(found, figures)
	if !p.write {
		return nil
	}
	return p.send(ctx, w, s, found)
}

// tellWalk shows how far a walk has come, after every page and every batch.
func tellWalk(show *meter, k reconcile.Walk, users int) {
	what, done, total := "reading the pool", k.Counts.Listed, max(users, k.Counts.Listed)
	if k.Phase == reconcile.Sending || k.Phase == reconcile.Sent {
		what, done, total = "sending", k.Messages+k.Settled, k.Counts.Found
	}
	show.tell(what, done, total, fmt.Sprintf(" users, %d found, %d sent", k.Counts.Found, k.Messages))
}

// size is how many users the walk will see, about; 0 if nobody knows.
func (p *poolWalk) size(ctx context.Context, s reconcile.Scope) int {
	if s.Filter != "" {
		return 0
	}
	n, err := amazon.NewRoll(p.clients.Cognito).Size(ctx, p.pool)
	if err != nil {
		return 0
	}
	return n
}

// send sends what was found, between two entries of the audit log.
func (p *poolWalk) send(ctx context.Context, w *reconcile.Walker, s reconcile.Scope, found reconcile.Walk) error {
	if found.Phase != reconcile.Sending && found.Left() == 0 {
		p.said("nobody is to be sent")
		return nil
	}
	var sent reconcile.Walk
	e := audit.Entry{Action: p.action, Plan: found.ID, Config: p.pipe.Hash, Counts: map[string]int{"found": found.Counts.Found}}
	err := p.audited(ctx, p.store, e, func(e *audit.Entry) (err error) {
		sent, err = w.Send(ctx, s)
		e.Counts = map[string]int{"found": found.Counts.Found, "messages": sent.Messages, "settled": sent.Settled, "left": sent.Left()}
		return err
	})
	p.progress.end()
	p.sent(sent)
	if err != nil {
		return p.stopped(ctx, err)
	}
	return nil
}

func (p *poolWalk) queueIsThere(ctx context.Context) error {
	_, err := amazon.InspectQueue(ctx, p.clients.SQS, p.queue)
	switch {
	case errors.Is(err, amazon.ErrNoQueue):
		return &problem{err: fmt.Errorf("the queue %s does not exist", p.queue), code: exitUsage}
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	}
	return nil // a queue that may be sent to need not let itself be inspected
}

// stopped says what to do about a walk that did not come to its end.
func (p *poolWalk) stopped(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return &problem{err: errors.New("interrupted"), hint: "what was read and sent is kept; the same command goes on", next: sameCommand(p.cmd), code: exitInterrupted}
	case errors.Is(err, reconcile.ErrOther):
		return &problem{err: err, hint: "the command that began it goes on with it; --fresh throws it away", code: exitFailed}
	case errors.Is(err, reconcile.ErrGone):
		return &problem{err: err, hint: "somebody else may have sent it; --fresh walks anew, which repeats nothing", code: exitFailed}
	case enrich.Failure(err).Code == "resource_not_found":
		return &problem{err: err, hint: fmt.Sprintf("there is no pool %s in %s, or these credentials are of another account; --pool ID names another", p.pool, p.clients.Region), code: exitFailed}
	case enrich.Failure(err).Kind == enrich.Denied:
		return &problem{err: err, hint: "needed are cognito-idp:ListUsers on the pool, sqs:SendMessage on the queue, and the ledger", code: exitFailed}
	}
	return &problem{err: err, hint: "what was read and sent is kept; the same command goes on", next: sameCommand(p.cmd), code: exitFailed}
}
