package deadletters

import (
	"context"
	"fmt"

	"github.com/postconfirm/postconfirm/worker"
)

// SweepLimit is how many letters one pass of a sweep looks at: what SQS lets be in flight at once is about 120,000 (Amazon
// SQS developer guide, "Amazon SQS message quotas"), and others want to receive too.
const SweepLimit = 100_000

// maxPasses ends a sweep whose letters come back however often they are deleted.
const maxPasses = 100

// deleteBatch is how many letters one call removes.
const deleteBatch = 10

// Sweeper removes the copies that nobody needs.
type Sweeper struct {
	Box      Box
	Ledger   Finder
	Limit    int         // letters of one pass; SweepLimit
	Progress func(Swept) // told after each letter, on the same goroutine; may be nil
}

// Swept is what a sweep did, or would do.
type Swept struct {
	Passes    int          // through the queue
	Seen      int          // letters of the last pass
	Removed   int          // in all passes; the queue may bring one back that it said it had deleted, which counts again
	Removable int          // letters of the last pass that are, or would be, removed
	Kept      map[Fate]int // letters of the last pass that stay
	Cut       bool         // the last pass ended at its limit: there may be more
}

// Look is one pass that removes nothing.
func (s *Sweeper) Look(ctx context.Context) (Swept, error) {
	var did Swept
	return did, s.pass(ctx, &did, false)
}

// Sweep removes letters of finished and reopened runs until a whole pass finds none. What it did until an error, or until
// ctx ended, is returned with it; it may be called again.
func (s *Sweeper) Sweep(ctx context.Context) (did Swept, err error) {
	for did.Passes < maxPasses {
		if err := s.pass(ctx, &did, true); err != nil {
			return did, err
		}
		if did.Removable == 0 {
			return did, nil
		}
	}
	return did, fmt.Errorf("sweep: after %d passes there still are letters to remove: somebody else receives them", maxPasses)
}

// pass goes through the queue once.
func (s *Sweeper) pass(ctx context.Context, did *Swept, remove bool) error {
	limit := s.Limit
	if limit <= 0 {
		limit = SweepLimit
	}
	did.Passes++
	did.Seen, did.Removable, did.Kept, did.Cut = 0, 0, map[Fate]int{}, false
	var receipts []string
	err := s.Box.Each(ctx, limit, func(l worker.KeptLetter) error {
		known, err := find(ctx, s.Ledger, l)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		did.Seen++
		what := known.of(l)
		if what.Removable() {
			did.Removable++
			receipts = append(receipts, l.Receipt)
		} else {
			did.Kept[what]++
		}
		if remove && len(receipts) >= deleteBatch {
			err = s.remove(ctx, did, receipts)
			receipts = receipts[:0]
		}
		if s.Progress != nil {
			s.Progress(*did)
		}
		return err
	})
	did.Cut = did.Seen >= limit
	if err == nil && remove {
		err = s.remove(ctx, did, receipts)
	}
	return err
}

// remove deletes letters. What the queue keeps is met by the next pass.
func (s *Sweeper) remove(ctx context.Context, did *Swept, receipts []string) error {
	if len(receipts) == 0 {
		return nil
	}
	failed, err := s.Box.Delete(ctx, receipts)
	did.Removed += len(receipts) - len(failed)
	return err
}
