package workertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/postconfirm/postconfirm/worker"
)

// crowd runs f in n goroutines at the same time and gives their errors.
func crowd(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	ready := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-ready
			errs[i] = f(i)
		})
	}
	close(ready)
	all.Wait()
	return errs
}

func (c *ledgerCase) hasOneWinner() {
	id := person(sub(1))
	errs := crowd(64, func(i int) error {
		_, err := c.Ledger.Claim(c.Context(), id, fmt.Sprint("owner-", i), start(), start().Add(lease))
		return err
	})
	winners := 0
	for _, err := range errs {
		var busy *worker.Busy
		switch {
		case err == nil:
			winners++
		case !errors.As(err, &busy) || !busy.Until.Equal(start().Add(lease)):
			c.Errorf("a loser got %v", err)
		}
	}
	if winners != 1 {
		c.Errorf("%d winners, want 1", winners)
	}
}

func (c *ledgerCase) growsFences() {
	id := person(sub(1))
	var mu sync.Mutex
	var claimed []worker.Run
	errs := crowd(100, func(i int) error {
		// A lease that ends when it begins: each claim takes over from the one before.
		r, err := c.Ledger.Claim(c.Context(), id, fmt.Sprint("owner-", i), start(), start())
		mu.Lock()
		defer mu.Unlock()
		claimed = append(claimed, r)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		c.Fatal(err)
	}
	slices.SortFunc(claimed, func(a, b worker.Run) int { return int(a.Fence - b.Fence) })
	for i, r := range claimed {
		if r.Fence != int64(i+1) || r.Crashes != i {
			c.Fatalf("claim %d: got fence %d, %d crashes", i+1, r.Fence, r.Crashes)
		}
	}
	for _, r := range claimed[:99] {
		c.lost(r)
	}
	c.save(claimed[99])
}

func (c *ledgerCase) savesConcurrently() {
	const runs = 2000
	errs := crowd(runs, func(i int) error {
		r, err := c.Ledger.Claim(c.Context(), person(sub(i)), "a", start(), start().Add(lease))
		if err != nil {
			return err
		}
		r = full(r)
		r.State, r.Owner, r.Pipeline = worker.Done, "", sub(i)
		return c.Ledger.Save(c.Context(), r)
	})
	if err := errors.Join(errs...); err != nil {
		c.Fatal(err)
	}
	c.reopen()
	for i := range runs {
		if r := c.claim(person(sub(i)), "b", start()); r.State != worker.Done || r.Pipeline != sub(i) || r.Fence != 1 {
			c.Fatalf("run %d: got state %s, fence %d, pipeline %q", i, r.State, r.Fence, r.Pipeline)
		}
	}
}

// honoursContextsUnderLoad cancels a crowd in the middle. Each call either did its work or says that it was canceled,
// and what was done is there.
func (c *ledgerCase) honoursContextsUnderLoad() {
	const runs = 500
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	errs := crowd(runs, func(i int) error {
		if i == runs/2 {
			cancel()
		}
		_, err := c.Ledger.Claim(ctx, person(sub(i)), "a", start(), start().Add(lease))
		return err
	})
	for i, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			c.Fatalf("claim %d: got %v, want nil or context.Canceled", i, err)
		}
		if err == nil {
			c.busy(person(sub(i)), "b", start(), start().Add(lease))
		}
	}
	c.claim(person(sub(runs)), "a", start())
}
