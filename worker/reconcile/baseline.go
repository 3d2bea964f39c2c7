package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Baseline is since when a pool's users are this deployment's: those created before it are never reconciled.
type Baseline struct {
	At       time.Time `json:"at"`
	Recorded time.Time `json:"recorded"` // when it was written down
	By       string    `json:"by"`       // an operator, or the worker that started first
}

// ErrBaseline says that a pool has a baseline already.
var ErrBaseline = errors.New("the pool has a baseline already")

// Reading is where papers are read.
type Reading interface {
	// Paper reads a paper; ok is false if there is none.
	Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error)
}

// ReadBaseline reads a pool's baseline; ok is false if there is none.
func ReadBaseline(ctx context.Context, p Reading, pool string) (b Baseline, ok bool, err error) {
	b, _, ok, err = readBaseline(ctx, p, pool)
	return b, ok, err
}

func readBaseline(ctx context.Context, p Reading, pool string) (b Baseline, version int64, ok bool, err error) {
	found, ok, err := p.Paper(ctx, drawer, pool)
	if err == nil && ok {
		err = json.Unmarshal(found.Body, &b)
	}
	if err != nil {
		return Baseline{}, 0, false, wrap("read baseline", err)
	}
	return b, found.Version, ok, nil
}

// RecordBaseline writes a pool's baseline down. It replaces one only if it may, else ErrBaseline. before is the one that
// was there, if there was one.
func RecordBaseline(ctx context.Context, p worker.Papers, pool string, b Baseline, replace bool) (before Baseline, err error) {
	before, version, ok, err := readBaseline(ctx, p, pool)
	if err != nil {
		return Baseline{}, err
	}
	if ok && !replace {
		return before, fmt.Errorf("reconcile: record baseline: %w", ErrBaseline)
	}
	b.At, b.Recorded = b.At.UTC().Round(0), b.Recorded.UTC().Round(0)
	body, err := json.Marshal(b)
	if err == nil {
		_, err = p.PutPaper(ctx, worker.Paper{Drawer: drawer, Name: pool, Version: version, Body: body})
	}
	return before, wrap("record baseline", err)
}

// Emptier is a ledger of which can be seen whether it is empty.
type Emptier interface {
	// Empty tells whether the ledger knows no run at all.
	Empty(ctx context.Context) (bool, error)
}

// FirstStart records a baseline for each pool that has none, if the ledger is empty: at the first start of a deployment
// everybody who is in the pool was there before it. With a ledger that knows runs nothing is recorded, since nobody knows
// since when. It gives the pools whose baseline it recorded.
func FirstStart(ctx context.Context, p worker.Papers, l Emptier, pools []string, now time.Time) (recorded []string, err error) {
	var without []string
	for _, pool := range pools {
		_, ok, err := ReadBaseline(ctx, p, pool)
		if err != nil {
			return nil, err
		}
		if !ok {
			without = append(without, pool)
		}
	}
	if len(without) == 0 {
		return nil, nil
	}
	if empty, err := l.Empty(ctx); err != nil || !empty {
		return nil, wrap("look for runs", err)
	}
	for _, pool := range without {
		_, err := RecordBaseline(ctx, p, pool, Baseline{At: now, Recorded: now, By: "worker"}, false)
		if errors.Is(err, ErrBaseline) || errors.Is(err, worker.ErrPaperMoved) {
			continue // another worker starts too
		}
		if err != nil {
			return recorded, err
		}
		recorded = append(recorded, pool)
	}
	return recorded, nil
}
