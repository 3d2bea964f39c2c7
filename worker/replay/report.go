package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Report is how the runs of a plan stand, as the ledger says.
type Report struct {
	At       time.Time      `json:"at"`
	Left     int            `json:"left,omitempty"`    // the plan has not come to them
	Enriched int            `json:"enriched"`          // reopened by the plan, and done
	Open     int            `json:"open,omitempty"`    // reopened by the plan, and not over
	Again    int            `json:"again"`             // reopened by the plan, and parked again
	Gone     int            `json:"gone,omitempty"`    // reopened by the plan; the user is gone
	Others   int            `json:"others,omitempty"`  // not reopened by the plan, or by somebody else since
	Failing  []worker.Group `json:"failing,omitempty"` // what was parked again, and what fails but is still tried, by cause
}

// readers is how many runs are read at once.
const readers = 8

// Report reads every run that the plan has come to. It changes nothing.
func (d *Desk) Report(ctx context.Context, p Plan) (Report, error) {
	r := &reporter{Desk: d, plan: p.ID, report: Report{At: d.now().UTC(), Left: p.Entries - p.Cursor}}
	for first := 0; first < p.Cursor; first += chunkSize {
		entries, err := d.chunk(ctx, &p, first/chunkSize)
		if err != nil {
			return r.report, err
		}
		if err := r.read(ctx, entries[:min(len(entries), p.Cursor-first)]); err != nil {
			return r.report, fmt.Errorf("replay: report: %w", err)
		}
	}
	r.report.Failing = r.groups.Sorted()
	return r.report, nil
}

type reporter struct {
	*Desk
	plan   string
	mu     sync.Mutex
	report Report
	groups worker.Groups
}

// read reads entries, some at a time.
func (r *reporter) read(ctx context.Context, entries []Entry) error {
	var all sync.WaitGroup
	failures := make([]error, readers)
	for n := range readers {
		all.Go(func() {
			for i := n; i < len(entries) && failures[n] == nil; i += readers {
				failures[n] = r.one(ctx, entries[i])
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

func (r *reporter) one(ctx context.Context, e Entry) error {
	run, known, err := r.Ledger.Find(ctx, e.Identity)
	if err != nil && !errors.Is(err, worker.ErrDamaged) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := e.see(run, known && err == nil, r.plan)
	switch {
	case f == woken:
		r.report.Open++
	case f != over:
		r.report.Others++
	case run.State == worker.Parked:
		r.report.Again++
	case run.State == worker.Done:
		r.report.Enriched++
	default:
		r.report.Gone++
	}
	if cause := run.Cause(); (f == woken || f == over) && run.State != worker.Done && !run.Updated.Equal(run.Reopened) && cause != (worker.Cause{}) {
		r.groups.Add(run.State, cause, run.Updated, run.Key, worker.Trend{})
	}
	return nil
}
