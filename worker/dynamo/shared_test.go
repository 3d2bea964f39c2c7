package dynamo_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
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

// counter counts requests.
type counter struct {
	onewrite.Doer
	n atomic.Int64
}

func (c *counter) Do(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.Doer.Do(r)
}

// TestABudgetOfManyWorkersOnATable has eight workers with a backlog share a budget for some seconds of real time.
func TestABudgetOfManyWorkersOnATable(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	const workers, each, limit, length = 8, 20, 25.0, 10 * time.Second
	counted := &counter{Doer: w.http}
	table := w.create(t)
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	written := make(chan struct{}, 1000)
	var all sync.WaitGroup
	for range workers {
		l, err := dynamo.Open(t.Context(), w.client(t, counted), table, w.options)
		if err != nil {
			t.Fatal(err)
		}
		b := worker.NewSharedBudget(limit, l.Slices(), nil, nil)
		for range each {
			all.Go(func() {
				for b.Take(ctx) == nil {
					written <- struct{}{}
				}
			})
		}
	}
	all.Wait()
	requests := float64(counted.n.Load()-workers) / float64(len(written))
	t.Logf("%d writes by %d workers in %v, %.2f requests to the table for each", len(written), workers, length, requests)
	if requests > 0.5 {
		t.Errorf("%.2f requests to the table for each write", requests)
	}
	most := limit*length.Seconds() + 1
	if n := float64(len(written)); n > most || n < most/2 {
		t.Errorf("%v writes in %v, want %v at the most and half of that at the least", n, length, most)
	}
}
