package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/dynamo"
	"github.com/postconfirm/postconfirm/worker/mailevents"
	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/retention"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// store is an open ledger, and what a process wants of it besides the port. A nil function has nothing to do.
type store struct {
	worker.Ledger
	failed func() error // not nil once it does nothing any more until the program is started anew
	close  func() error
	slices worker.Slices // what many workers on it share; nil where there is only one
	hints  worker.Hints
	ended  retention.Ended // whose old answers can be erased

	effects mailevents.Ledger // whose open effects can be settled
	shelf   shelf             // what a walk through the pool asks and keeps
}

// shelf is a ledger as a walk through the pool uses it.
type shelf interface {
	reconcile.Runs
	reconcile.Emptier
	worker.Papers
}

func (s store) err() error {
	if s.failed == nil {
		return nil
	}
	return s.failed()
}

func (s store) shut() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// ledgerKind is one kind of ledger that the setting can name.
type ledgerKind struct {
	prefix, place string // "sqlite:PATH" is the prefix and the name of what follows
	oneMachine    bool   // it lives on this machine's disk
	open          func(ctx context.Context, place string, c *amazon.Clients) (store, error)
}

// ledgerKinds are all ledgers there are, the default first.
func ledgerKinds() []ledgerKind {
	return []ledgerKind{
		{prefix: "sqlite:", place: "PATH", oneMachine: true, open: openFile},
		{prefix: "dynamodb:", place: "TABLE", open: openTable},
	}
}

func openTable(ctx context.Context, table string, c *amazon.Clients) (store, error) {
	l, err := dynamo.Open(ctx, dynamodb.NewFromConfig(c.Config), table, nil)
	if err != nil {
		return store{}, err
	}
	return store{Ledger: l, failed: l.Err, close: l.Close, ended: l, effects: l, shelf: l, slices: l.Slices(), hints: l.Hints()}, nil
}

func openFile(_ context.Context, path string, _ *amazon.Clients) (store, error) {
	l, err := sqlite.Open(path, nil)
	if err != nil {
		return store{}, err
	}
	return store{Ledger: l, failed: l.Err, close: l.Close, ended: l, effects: l, shelf: l}, nil
}

// errFileInLambda refuses a file as the ledger of a function.
var errFileInLambda = errors.New("does not work in Lambda: a file neither outlives an instance of the function nor is seen by the others, " +
	"so users would be enriched twice. Want dynamodb:TABLE")

// findLedger reads the setting: which kind, and where.
func findLedger(setting string, lambda bool) (ledgerKind, string, error) {
	var known []string
	for _, kind := range ledgerKinds() {
		place, ok := strings.CutPrefix(setting, kind.prefix)
		switch {
		case ok && place != "" && kind.oneMachine && lambda:
			return ledgerKind{}, "", fmt.Errorf("the ledger %q %w", setting, errFileInLambda)
		case ok && place != "":
			return kind, place, nil
		}
		known = append(known, kind.prefix+kind.place)
	}
	return ledgerKind{}, "", fmt.Errorf("the ledger %q is not known: want %s", setting, strings.Join(known, " or "))
}
