package rehearse

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// page is a ledger of one run, in memory: answers are personal values, and a rehearsal leaves none behind.
type page struct {
	mu  sync.Mutex
	run worker.Run
}

var errSecondRun = errors.New("rehearse: claim: a rehearsal has one run")

// Claim makes the run.
func (p *page) Claim(_ context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run.Key != "" {
		return worker.Run{}, errSecondRun
	}
	p.run = worker.Run{Identity: id, Key: id.Key(), State: worker.Open, Owner: owner, Fence: 1, LeaseUntil: until,
		FirstSeen: now, Updated: now}
	return p.run, nil
}

// Save keeps what may still change of the run as a copy.
func (p *page) Save(_ context.Context, r worker.Run) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run = r
	p.run.Steps, p.run.Flags = maps.Clone(r.Steps), slices.Clone(r.Flags)
	return nil
}

// Written knows of nothing: only the worker's own ledger does.
func (*page) Written(context.Context, string, string) (map[string]worker.Wrote, error) {
	return nil, nil
}

// stored is the run as it was saved last.
func (p *page) stored() worker.Run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.run
}
