package sqlite

import (
	"context"
	"errors"
	"sync"

	"github.com/postconfirm/postconfirm/worker"
)

// Beside is a ledger that another process may be working on: it reads, and amends single runs in short transactions of
// its own. It takes no worker's lock, claims nothing, and waits at most 10 seconds while the worker commits, as the
// worker waits for it. It may be killed at any moment. It is safe for concurrent use.
type Beside struct {
	*Reader
	writer *writer
	close  func() error
}

// OpenBeside opens the ledger at path for reading and amending, beside the worker that has it open, or without one. It
// makes no ledger. The error is *Unusable, which knows the next step; damage also is ErrDamaged.
func OpenBeside(path string) (*Beside, error) {
	path, err := place(path, false)
	if err == nil {
		err = accessible(path, true)
	}
	if err != nil {
		return nil, err
	}
	b := &Beside{}
	if b.writer, err = openWriter(path, (&Options{Batch: 1}).withDefaults(), true); err != nil {
		return nil, err
	}
	b.Reader = newReader(path, "", b.writer.identity)
	b.close = sync.OnceValue(func() error { return errors.Join(b.Reader.Close(), b.writer.close()) })
	return b, nil
}

// Amend is Ledger.Amend.
func (b *Beside) Amend(ctx context.Context, r worker.Run) error { return b.writer.amend(ctx, r) }

// Close waits for calls that are under way. Where nobody else has the ledger open, the log is moved into it. It may be
// called again.
func (b *Beside) Close() error { return b.close() }

// Err says why nothing can be amended any more, or nil while it can.
func (b *Beside) Err() error { return b.writer.dead() }

func (w *writer) amend(ctx context.Context, r worker.Run) error {
	changed, err := rowOf(r)
	if err == nil {
		err = w.do(ctx, func(s *statements) error { return s.amend(changed) })
	}
	return wrap("amend", err)
}
