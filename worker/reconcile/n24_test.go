package reconcile_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// TestN24ReconcileFindsEverybodyWhoWasDropped: of many users some were dropped at random. A walk on a real file, within the
// account's quota in virtual time, killed again and again and resumed, finds exactly those; the real worker then enriches each of
// them once, and a second walk finds nobody. 20 of 2,000; with POSTCONFIRM_RELIABILITY=full 1,000 of 100,000.
func TestN24ReconcileFindsEverybodyWhoWasDropped(t *testing.T) {
	users, drop, life := 2000, 20, 60
	if os.Getenv("POSTCONFIRM_RELIABILITY") == "full" {
		users, drop, life = 100_000, 1000, 300
	}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		l, err := sqlite.Open(filepath.Join(t.TempDir(), "ledger.db"), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}()
		w := killed(t, l, 24, users, drop, life)
		time.Sleep(time.Minute) // what was looked at on the queue is visible again
		w.enrich(drop)
		w.onboarded()
		time.Sleep(time.Hour) // they were changed a moment ago
		planned, err := reconcile.New(w.ports(), nil).Find(t.Context(), w.scope(), reconcile.Plan)
		w.must(err)
		expect(t, "found by a second walk", planned.Counts.Found, 0)
		expect(t, "known to a second walk", planned.Counts.Known, users)
	})
	t.Logf("%v of real time", time.Since(began).Round(time.Second))
}

// verdicts counts the runs that ended.
type verdicts struct {
	done chan struct{} // closed when so many are done
	left int
}

func (*verdicts) Stepped(worker.StepNote) {}

func (v *verdicts) Finished(is worker.Verdict) {
	if is.Outcome == worker.Completed {
		if v.left--; v.left == 0 {
			close(v.done)
		}
	}
}

// enrich lets the worker have the queue until n runs are done and the queue is empty, and checks that each was written once.
func (w *world) enrich(n int) {
	w.t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	w.must(err)
	name, err := env.Template("${{ user.username }}")
	w.must(err)
	p := &enrich.Pipeline{Hash: "hash", Pools: []string{w.pool}, Limits: enrich.Limits{CognitoWrites: 15},
		Attributes: []enrich.Attribute{{Name: "nickname", Value: name}}}
	queue := amazon.NewQueue(w.clients.SQS, w.queue, nil)
	v := &verdicts{done: make(chan struct{}), left: n}
	before := w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"]
	ctx, stop := context.WithTimeout(w.t.Context(), time.Hour)
	defer stop()
	go func() {
		<-v.done
		<-time.After(2 * time.Minute) // the copies come too
		stop()
	}()
	worker.NewDaemon(queue, worker.New(p, worker.Ports{Queue: queue, DeadLetters: amazon.NewDeadLetters(w.clients.SQS, w.queue),
		Directory: amazon.NewDirectory(w.clients.Cognito), Ledger: w.store, Secrets: secretenv.Store{}},
		&worker.Options{Log: quiet(), Observer: v, MaxAge: 24 * time.Hour}), &worker.DaemonOptions{InFlight: 1, Log: quiet()}).Run(ctx)
	expect(w.t, "runs that are missing", v.left, 0)
	expect(w.t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"]-before, n)
}

// onboarded checks that everybody has a run that is done.
func (w *world) onboarded() {
	w.t.Helper()
	for _, sub := range w.users {
		r, ok, err := w.store.Find(w.t.Context(), worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding})
		if err != nil || !ok || r.State != worker.Done {
			w.t.Fatalf("%s: %s, known %v, %v", sub, r.State, ok, err)
		}
	}
}
