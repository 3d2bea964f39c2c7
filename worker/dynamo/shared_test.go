package dynamo_test

import (
	"context"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest"
)

func TestSlicesKeepThePortsPromises(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	workertest.Slices(t, func(t *testing.T) func(*testing.T) worker.Slices {
		table := w.create(t)
		return func(t *testing.T) worker.Slices { return w.open(t, table).Slices() }
	})
}

func TestHintsKeepThePortsPromises(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	workertest.Hints(t, func(t *testing.T) func(*testing.T) worker.Hints {
		table := w.create(t)
		return func(t *testing.T) worker.Hints { return w.open(t, table).Hints() }
	})
}

// TestABudgetOfManyWorkersOnATable has sixteen workers with a backlog share a budget for some seconds of real time.
func TestABudgetOfManyWorkersOnATable(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	const workers, limit, length = 16, 25.0, 4 * time.Second
	table := w.create(t)
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	written := make(chan struct{}, 1000)
	done := make(chan error, workers)
	for range workers {
		b := worker.NewSharedBudget(limit, w.open(t, table).Slices(), nil, nil)
		go func() {
			for b.Take(ctx) == nil {
				written <- struct{}{}
			}
			done <- nil
		}()
	}
	for range workers {
		<-done
	}
	most := limit*length.Seconds() + 1
	if n := float64(len(written)); n > most || n < most/2 {
		t.Errorf("%v writes in %v, want %v at the most and half of that at the least", n, length, most)
	}
}
