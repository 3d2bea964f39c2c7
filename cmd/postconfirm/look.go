package main

import (
	"context"
	"errors"

	"github.com/postconfirm/postconfirm/worker"
)

// looker is a ledger as it is looked into: nothing of it is changed, and no worker waits for it.
type looker interface {
	worker.Index
	Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error)
	Papers(ctx context.Context, drawer, after string, limit int) ([]worker.Paper, error)
	Close() error
}

// papersOf are the papers of a ledger that is open for looking.
type papersOf struct{ looker }

// errLooking says that a ledger was opened for looking.
var errLooking = errors.New("the ledger is open for looking only")

// PutPaper is refused.
func (papersOf) PutPaper(context.Context, worker.Paper) (int64, error) { return 0, errLooking }

// DropPaper is refused.
func (papersOf) DropPaper(context.Context, string, string) error { return errLooking }
