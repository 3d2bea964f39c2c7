// Package replay reopens chosen runs: an operator plans, looks at what the plan would do, and lets it run.
//
// A plan is a frozen selection of runs, kept as papers in the ledger's store, so every operator sees the same. Making one
// sends nothing and changes no run. Running one reads each run and, if it still is as it was planned, reopens it by the
// ledger's compare-and-swap, then sends a message that wakes the worker up. What is finished is not done again, unless the
// plan names it.
//
// It promises: a plan never grows; a run is reopened at most once by a plan, whoever runs it, however often, at the same
// time or after a kill; a run that was reopened gets its message, in the next running of the plan if this one was killed;
// how far a plan has come is counted once for each run; a plan that meets a sick dependency pauses itself.
//
// It refuses: unsafe effects that nobody named twice, runs of pools that the pipeline does not list, pipeline files that
// are not kept, and rates beyond the write budget. It never reads the dead-letter queue.
package replay

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
)

// Ledger is where runs and plans are.
type Ledger interface {
	worker.Index
	worker.Amender
	worker.Papers
}

// Queue takes the messages that wake the worker up.
type Queue interface {
	// Send sends bodies. unsent are the indices of those that the queue is not known to have; after a lost answer it may
	// have them all the same.
	Send(ctx context.Context, bodies [][]byte) (unsent []int, err error)
}

// Desk is where an operator works. Its methods are safe for concurrent use, by many desks on one ledger too.
type Desk struct {
	Ledger   Ledger
	Queue    Queue            // needed by Run, and by Cancel if a run waits for its message
	Pipeline *enrich.Pipeline // the file that the worker has now; needed by Make
	// Kept finds the pipeline file of a hash among those that workers kept; worker.ErrNoPipeline if there is none. nil
	// is none at all.
	Kept func(ctx context.Context, hash string) (*enrich.Pipeline, error)
	Now  func() time.Time // time.Now
}

// Operator is who does something, and why.
type Operator struct{ Who, Why string }

func (d *Desk) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// note appends to the audit log what happens with a plan.
func (d *Desk) note(ctx context.Context, by Operator, action, state string, p Plan, counts map[string]int) error {
	log := audit.Log{Papers: d.Ledger, Now: d.Now}
	if by.Why == "" {
		by.Why = p.Why
	}
	_, err := log.Append(ctx, audit.Entry{Who: by.Who, Why: by.Why, Action: action, State: state, Plan: p.ID, Step: p.steps(),
		Config: p.Pipeline, Counts: counts})
	return err
}

// afterwards is a context for what must be written down although ctx has ended: what was begun is finished.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}
