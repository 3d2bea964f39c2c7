// Package reconcile finds the users of a pool whom the ledger does not know, and puts them on the queue: those whom an
// administrator made or imported, those whose event was lost, and, for a backfill, everybody who has no run of a new
// generation yet. The pool is the source of truth, so this is the last safety net under everything else.
//
// A [Walker] goes through the pool's list (ListUsers, never AdminGetUser: that makes a user billable), asks the ledger about
// each user, and keeps how far it has come and whom it found as papers of the ledger. [Walker.Find] is the plan and sends
// nothing; [Walker.Send] sends what was found, each after another look into the ledger. A [Schedule] does both, now and then.
//
// It promises: a walk may be killed at any point and goes on where it was, at the cost of some pages or of ten messages sent
// twice; two people on one walk follow each other, and share one count; a user is enriched once however often the message
// comes, since the run key is the same. A place in the list that the pool has forgotten makes the walk begin anew.
//
// It refuses to sweep in an existing pool by accident: without a baseline there is no reconciliation, and users who were
// created before it are left out. Users who changed a moment ago are left out too: the sign-up's own message may be on its way.
package reconcile

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/time/rate"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// MaxReads is the quota of ListUsers calls per second of an account, for all its pools in a Region together; it can't be
// raised (Amazon Cognito developer guide, "Quotas in Amazon Cognito", UserList).
const MaxReads = 30

// Runs is the ledger as a walk asks it. One that also is a Knower is asked for a whole page at once.
type Runs interface {
	// Find reads one run; ok is false if the ledger does not know it. A run that is damaged is one that it knows.
	Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error)
}

// Knower is a ledger that tells of many runs at once whether it knows them.
type Knower interface {
	// Known answers for each identity, in their order. A run that is damaged is one that it knows.
	Known(ctx context.Context, ids []worker.Identity) ([]bool, error)
}

// Ports are what a Walker needs from outside. All are required, Feed for Send only.
type Ports struct {
	Roll   worker.Roll
	Runs   Runs
	Papers worker.Papers
	Feed   worker.Feed
}

// Options are the settings of a Walker; the zero value of each is its default.
type Options struct {
	Name     string           // of the paper: walks with different names know nothing of each other; "walk"
	Reads    float64          // ListUsers calls per second; 5
	Rate     float64          // messages sent per second; 7.5, half of a pipeline's usual cognito-writes
	Keep     time.Duration    // how long what was found may be sent without another walk; 24h
	Now      func() time.Time // time.Now
	Progress func(Walk)       // told of every page and every batch, from the caller's goroutine; nobody
}

// Walker finds users and sends them. It is for one goroutine; others may have walkers of their own on the same ledger.
type Walker struct {
	ports Ports
	o     Options
	reads *rate.Limiter
	sends *rate.Limiter
	piles map[string]pile // the last one that was read
}

// New makes a Walker; o may be nil.
func New(p Ports, o *Options) *Walker {
	var v Options
	if o != nil {
		v = *o
	}
	v.Name = cmp.Or(v.Name, "walk")
	v.Reads = min(cmp.Or(v.Reads, 5), MaxReads)
	v.Rate = cmp.Or(v.Rate, 7.5)
	v.Keep = cmp.Or(v.Keep, 24*time.Hour)
	if v.Now == nil {
		v.Now = time.Now
	}
	if v.Progress == nil {
		v.Progress = func(Walk) {}
	}
	return &Walker{ports: p, o: v, reads: rate.NewLimiter(rate.Limit(v.Reads), 1), sends: rate.NewLimiter(rate.Limit(v.Rate), batchSize)}
}

// trouble is how long a call that fails is repeated before the walk stops. What it has is kept.
const trouble = 2 * time.Minute

// patiently repeats what time may mend: throttles, time-outs, answers that never came.
func patiently(ctx context.Context, f func() error) error {
	pauses := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxInterval(30*time.Second),
		backoff.WithMaxElapsedTime(trouble))
	return backoff.Retry(func() error {
		err := f()
		var failure *enrich.Error
		if !errors.As(err, &failure) || failure.Kind != enrich.Temporary && failure.Kind != enrich.Throttled {
			return permanent(err)
		}
		return err
	}, backoff.WithContext(pauses, ctx))
}

func permanent(err error) error {
	if err == nil {
		return nil
	}
	return backoff.Permanent(err)
}

// word is a random name.
func word() string { return strings.ToLower(rand.Text()[:12]) }
