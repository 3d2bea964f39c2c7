// Package rehearse takes one user through a pipeline and writes nothing: the steps that only read are asked for real,
// every other step is named instead of called and counts as done with the answer null, and the one write of the
// attributes is recorded. What it ran is in a [Report].
//
// It is the worker itself that runs, on stand-ins: a queue with one message that nobody else waits for, a ledger in
// memory, a directory and connectors that record. So what a rehearsal shows is what the worker would do with a user
// whom it has not met before: run.age is nothing, and an if-unchanged attribute that has a value stays.
//
// It promises: without Options.Write no effect is made, nothing is written, and no dead letter is sent; each outside
// system is asked once, for nothing is waited for that a later delivery would try again; answers stay in memory; a
// [Value] prints its length only.
//
// With Options.Write everything runs for real but the dead letter. The worker's own ledger does not learn of it: an
// effect that is no read may happen again when the worker meets the user, under the same key if it has one.
package rehearse

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Options are the settings of a rehearsal; nil and the zero values mean the defaults.
type Options struct {
	Write   bool             // make the effects and the write; no
	AnyPool bool             // touch pools that are not on the pipeline's list: for a local cloud, never for AWS
	Log     *slog.Logger     // the worker's lines; dropped
	Now     func() time.Time // time.Now
}

// ErrPool says that the pipeline's list does not have the message's pool, or that pool and region don't fit.
var ErrPool = errors.New("the pipeline does not allow this pool")

// Message makes the message that the trigger would send for a user of the pool, who is read once for it. username is
// whatever AdminGetUser takes: the user name, the sub, or an alias such as the e-mail (Amazon Cognito API reference).
// The errors are those of worker.Directory's User.
func Message(ctx context.Context, d worker.Directory, pool, username string) (event.Message, error) {
	user, err := d.User(ctx, pool, username)
	if err != nil {
		return event.Message{}, err
	}
	region, _, _ := strings.Cut(pool, "_")
	return event.Message{Pool: pool, Region: region, User: user.Username, Sub: user.Sub, Generation: event.Onboarding,
		Source: event.SourceSignup}, nil
}

// Run takes the message's user through the pipeline. What went wrong with a step or with the user is in the Report; the
// errors are ErrPool and that of ctx.
func Run(ctx context.Context, p *enrich.Pipeline, d worker.Directory, s enrich.Secrets, m event.Message, o *Options) (*Report, error) {
	var v Options
	if o != nil {
		v = *o
	}
	if v.Log == nil {
		v.Log = slog.New(slog.DiscardHandler)
	}
	if v.Now == nil {
		v.Now = time.Now
	}
	stage := newStage(p, d, v)
	settings := worker.Options{AnyPool: v.AnyPool, Log: v.Log, Now: v.Now, Observer: stage}
	if !v.Write {
		settings.Tries = 1
	}
	ports := worker.Ports{Queue: audience{}, DeadLetters: stage, Directory: stage, Ledger: &stage.page, Secrets: s}
	now := v.Now()
	verdict := worker.New(stage.pipeline, ports, &settings).Handle(ctx, worker.Delivery{ID: "rehearsal", Body: m.Encode(),
		Sent: now, ReceivedAt: now, Visible: now.Add(time.Minute), Receives: 1})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if verdict.Reason == "pool_not_allowed" {
		return nil, ErrPool
	}
	return stage.report(p, verdict), nil
}
