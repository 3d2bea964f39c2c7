package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// leastEvery is the shortest time between two looks through the pools.
const leastEvery = time.Minute

// reconcileEvery reads how often the pools are looked through; 0 is never.
func (s *Settings) reconcileEvery() (time.Duration, error) {
	if s.Reconcile == "" || s.Reconcile == off {
		return 0, nil
	}
	if s.Lambda {
		return 0, errors.New("--reconcile is not for a Lambda function, which has no time of its own: schedule \"postconfirm reconcile --write\" instead")
	}
	d, err := time.ParseDuration(s.Reconcile)
	if err != nil || d < leastEvery {
		return 0, fmt.Errorf("--reconcile is %q: want a time of a minute or more, such as 1h, or %s", s.Reconcile, off)
	}
	return d, nil
}

// scheduled is the look through the pools that a daemon takes now and then; nil if it takes none. It sends at half of the
// write budget, so that sign-ups don't wait for it.
func (s *Settings) scheduled(a *App) *reconcile.Schedule {
	every, _ := s.reconcileEvery() // check has seen it
	if every == 0 || a.store.shelf == nil {
		return nil
	}
	ports := reconcile.Ports{Roll: amazon.NewRoll(a.Clients.Cognito), Runs: a.store.shelf, Papers: a.store.shelf,
		Feed: amazon.NewFeed(a.Clients.SQS, s.Queue)}
	schedule := &reconcile.Schedule{Ports: ports, Pools: a.Pipeline.Pools, Owner: strings.ToLower(rand.Text()[:8]), Every: every,
		Rate: a.Pipeline.Limits.CognitoWrites / 2, Log: s.Log}
	if a.numbers.Meter != nil {
		schedule.Observe = a.numbers.Reconciled
	}
	return schedule
}

// reconcile looks through the pools beside the daemon until ctx ends.
func (a *App) reconcile(ctx context.Context) {
	if a.schedule != nil {
		a.schedule.Run(ctx)
	}
}

// baselineTime bounds what a start does for the baseline.
const baselineTime = 5 * time.Second

// recordBaseline writes down, at the first start with an empty ledger, since when users are this deployment's. It is best
// effort: without it nothing is reconciled until an operator records one. A Lambda function, which starts often, and a
// worker that serves any pool leave it alone.
func (s *Settings) recordBaseline(ctx context.Context, a *App) {
	if s.Lambda || s.Worker.AnyPool || a.store.shelf == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, baselineTime)
	defer cancel()
	recorded, err := reconcile.FirstStart(ctx, a.store.shelf, a.store.shelf, a.Pipeline.Pools, time.Now())
	if err != nil {
		a.Warnings = append(a.Warnings, "no baseline could be recorded for \"postconfirm reconcile\": "+err.Error())
	}
	for _, pool := range recorded {
		s.Log.Info("worker: the ledger is empty: users of the pool count from now on", "pool", pool)
	}
}
