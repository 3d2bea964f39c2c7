package app

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// NewFunction is New for a Lambda function, with a ledger that the settings need not name.
func NewFunction(ctx context.Context, s Settings, l worker.Ledger) (*App, error) {
	if _, _, err := s.check(); err != nil {
		return nil, err
	}
	s.Lambda = true
	in := store{Ledger: l}
	if f, ok := l.(interface{ Records() fake.Records }); ok {
		in.effects = f.Records()
	}
	return s.build(ctx, ledgerKind{open: func(context.Context, string, *amazon.Clients) (store, error) { return in, nil }}, "")
}

// Scheduled is the look through the pools that the daemon takes, from now on without a wait; nil if it takes none.
func (a *App) Scheduled() *reconcile.Schedule {
	if a.schedule != nil {
		a.schedule.First = time.Nanosecond
	}
	return a.schedule
}

// Why is what a daemon's readiness says.
func Why(ledger error, received time.Time, full, draining bool) string {
	r := ready{ledger: func() error { return ledger }, received: func() time.Time { return received }, full: func() bool { return full }}
	r.draining.Store(draining)
	return r.why()
}
