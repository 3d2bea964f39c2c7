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
		met, err = l.replace(ctx, v)
	}
	if err == nil && !met.done {
		err = worker.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("dynamo: save: %w", err)
	}
	return nil
}
