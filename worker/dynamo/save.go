package dynamo

import (
	"context"
	"fmt"

	"github.com/postconfirm/postconfirm/worker"
)

// Save stores the run if its fence is still the newest, as worker.Ledger says: one write. If ctx ends first, its error
// is returned, and the run may be stored all the same; so it is after a failure whose enrich.Error is Unknown. A run
// beyond 400 KB is *TooLarge.
func (l *Ledger) Save(ctx context.Context, r worker.Run) error {
	v, err := rowOf(r, l.token())
	var met outcome
	if err == nil {
		met, err = l.replace(ctx, v, r.Fence)
	}
	if err == nil && !met.done {
		err = worker.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("dynamo: save: %w", err)
	}
	return nil
}

// Amend stores r over the version that has its fence and raises the fence by one, so that whoever holds the run can't
// save it any more: for operators, who change runs that they have read. worker.ErrLeaseLost if the run moved meanwhile,
// or is not known: read it again. One write; if its answer is lost, and it can't be told what became of it, the error is
// an enrich.Error that is Unknown.
func (l *Ledger) Amend(ctx context.Context, r worker.Run) error {
	fence := r.Fence
	r.Fence++
	v, err := rowOf(r, l.token())
	var met outcome
	if err == nil {
		met, err = l.replace(ctx, v, fence)
	}
	if err == nil && !met.done {
		err = worker.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("dynamo: amend: %w", err)
	}
	return nil
}
