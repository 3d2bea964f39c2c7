package sqlite

import (
	"context"
	"errors"

	"github.com/postconfirm/postconfirm/worker"
)

// Empty tells whether the ledger knows no run at all, damaged ones included.
func (r *Reader) Empty(ctx context.Context) (bool, error) {
	runs, err := r.List(ctx, worker.Filter{Limit: 1})
	if errors.Is(err, worker.ErrDamaged) {
		return false, nil
	}
	return len(runs) == 0 && err == nil, err
}
