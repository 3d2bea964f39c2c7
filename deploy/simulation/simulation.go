// Package simulation is a whole world drawn from one number: a cloud without sockets with the real AWS SDK on it, one
// to eight workers behind both of their faces, users, vendors of every class, a pipeline, and a plan of what goes wrong.
//
// [Kit.Run] lives through it: the faults strike, processes are killed, stopped and told to end, users go, come back and
// edit themselves; then the faults end, and the world must drain within a stated time. After that every promise that
// can be seen from outside is checked against what the queue, the pool and the vendors saw, never against what a worker
// believes. What was broken stands in [Report.Violations]; nothing there is how it must be.
//
// It runs inside a testing/synctest bubble: hours of virtual time pass in milliseconds.
//
// What one seed fixes: the plan, that is the users, the pipeline, every window of every fault, each vendor's answer to
// the n-th call of a step for a user, each answer of the ledger to the n-th save of a run, and after how many calls a
// process is killed or stopped. What it does not fix: which of two goroutines goes first that are awake at the same
// virtual instant. That is the Go scheduler's, so a seed may have to be run a few times until it fails again.
//
// It refuses to be used in production: nobody imports it but its own tests.
package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// Kit is what all worlds share: the compiled expressions. It is safe for concurrent use.
type Kit struct {
	templates  map[string]*expr.Template
	conditions map[string]*expr.Program
}

// Report is what became of one world.
type Report struct {
	Seed       int64
	Violations []string       // what must not be, one sentence each; none is how it must be
	Drawn      map[string]int // how often each fault really struck, by its name
	Drained    time.Duration  // from the end of the faults to the end of the last run
	Plan       string         // everything that was drawn before the world began, for people; the same for one seed always
	Outcome    string         // how every run ended, in the order of the users; the scheduler may have a say in it
	Journal    []string       // what happened, in order, with the virtual time
	States     map[string]int // runs by their state
	Repeats    int            // effects repeated under the policy at-least-once
}

// Run draws the world of a seed and lives through it. It must be called inside a bubble of testing/synctest, and
// leaves no goroutine behind. Its error is one of building the world; broken promises are in the report.
func (k *Kit) Run(ctx context.Context, seed int64) (*Report, error) {
	plan := draw(seed)
	w, err := newWorld(ctx, k, plan)
	if err != nil {
		return nil, fmt.Errorf("simulation: build the world of seed %d: %w", seed, err)
	}
	w.live(ctx)
	w.check(ctx)
	return w.report(), nil
}

// live is the world's life: the storm, the calm, the end.
func (w *world) live(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	defer w.background.Wait()
	defer end()
	for i := range w.plan.Slots {
		w.background.Go(func() { w.slot(ctx, i) })
	}
	w.background.Go(func() { w.weather(ctx) })
	w.people.live(ctx, w)
	sleep(ctx, time.Until(w.born.Add(w.plan.Storm)))
	w.calmDown()
	w.drain(ctx)
}

// drainWithin is how long after the last fault everything must be over: twice the longest time that a message may be
// hidden for any reason, and the time-outs of what ran when the faults ended.
const drainWithin = 75 * time.Minute

// ahead is by how much a process's clock can be wrong: what it did not give back is nobody's for so much longer.
const ahead = 2 * time.Hour

// within is drainWithin, longer in a world whose clocks were wrong: a lease is a stored time, and one that was taken by
// a clock that is ahead, and never given back, lasts until the right clocks are there too.
func (w *world) within() time.Duration {
	if w.plan.Process.Skew > 0 || w.plan.Process.Jump > 0 {
		return drainWithin + ahead
	}
	return drainWithin
}

// drain waits until nothing is left to do, as long as it may take.
func (w *world) drain(ctx context.Context) {
	calm := time.Now()
	for !w.drained(ctx) {
		if time.Since(calm) > w.within() {
			w.violate("I10 not drained %v after the last fault: %s", w.within(), w.undone(ctx))
			break
		}
		sleep(ctx, 5*time.Second)
	}
	w.drainTime = time.Since(calm)
	w.say("drained after %v", w.drainTime)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
