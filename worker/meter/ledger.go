package meter

import (
	"context"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// ledger takes the time of each operation of the ledger behind it.
type ledger struct {
	worker.Ledger
	meter *Meter
}

// Ledger is l with the time of each of its operations taken. Whatever else l can do, the answer is a worker.Ledger only.
func (m *Meter) Ledger(l worker.Ledger) worker.Ledger { return &ledger{l, m} }

// Claim is the ledger's.
func (l *ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	started := l.meter.options.Now()
	r, err := l.Ledger.Claim(ctx, id, owner, now, until)
	l.meter.took("claim", started, err)
	return r, err
}

// Save is the ledger's.
func (l *ledger) Save(ctx context.Context, r worker.Run) error {
	started := l.meter.options.Now()
	err := l.Ledger.Save(ctx, r)
	l.meter.took("save", started, err)
	return err
}

// Written is the ledger's.
func (l *ledger) Written(ctx context.Context, pool, sub string) (map[string]worker.Wrote, error) {
	started := l.meter.options.Now()
	written, err := l.Ledger.Written(ctx, pool, sub)
	l.meter.took("written", started, err)
	return written, err
}

// took notes an operation of the ledger that ends now.
func (m *Meter) took(operation string, started time.Time, err error) {
	outcome := "error"
	var busy *worker.Busy
	switch {
	case err == nil:
		outcome = "ok"
	case errors.As(err, &busy):
		outcome = "busy"
	case errors.Is(err, worker.ErrLeaseLost):
		outcome = "lease_lost"
	}
	m.observe(ledgerSeconds, m.options.Now().Sub(started).Seconds(), operation, outcome)
}
