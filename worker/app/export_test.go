package app

import (
	"context"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// NewFunction is New for a Lambda function, with a ledger that the settings need not name.
func NewFunction(ctx context.Context, s Settings, l worker.Ledger) (*App, error) {
	if _, _, err := s.check(); err != nil {
		return nil, err
	}
	s.Lambda = true
	return s.build(ctx, ledgerKind{open: func(context.Context, string, *amazon.Clients) (store, error) { return store{Ledger: l}, nil }}, "")
}
