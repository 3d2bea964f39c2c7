package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/dynamo"
	"github.com/postconfirm/postconfirm/worker/retention"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func ledgerCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Look at a ledger, check it, and save what a damaged one still has",
		Long: "LEDGER is sqlite:PATH or dynamodb:TABLE, as the worker's --ledger. Everything here works beside a working worker,\n" +
			"but for salvage.",
		Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(ledgerListCommand(std), ledgerVerifyCommand(std), ledgerSalvageCommand(std), ledgerSweepCommand(std))
	return cmd
}

// reader is a ledger as these commands read it.
type reader interface {
	List(ctx context.Context, f worker.Filter) ([]worker.Run, error)
	Person(ctx context.Context, pool, sub string) ([]worker.Run, error)
	Verify(ctx context.Context) (runs int, err error)
	Close() error
}

// amender also changes it.
type amender interface {
	reader
	retention.People
	retention.Ended
	worker.Papers
}

const (
	filePrefix  = "sqlite:"
	tablePrefix = "dynamodb:"
)

// openLedger opens a ledger for reading.
func openLedger(ctx context.Context, place string) (reader, error) {
	path, isFile := strings.CutPrefix(place, filePrefix)
	if !isFile {
		return openTable(ctx, place)
	}
	r, err := sqlite.OpenReader(path)
	if err != nil {
		return nil, notOpened(place, err)
	}
	return r, nil
}

// openToAmend opens a ledger beside its worker.
func openToAmend(ctx context.Context, place string) (amender, error) {
	path, isFile := strings.CutPrefix(place, filePrefix)
	if !isFile {
		return openTable(ctx, place)
	}
	b, err := sqlite.OpenBeside(path)
	if err != nil {
		return nil, notOpened(place, err)
	}
	return b, nil
}

func openTable(ctx context.Context, place string) (*dynamo.Ledger, error) {
	table, isTable := strings.CutPrefix(place, tablePrefix)
	if !isTable {
		return nil, unknownLedger(place)
	}
	clients, err := amazon.Connect(ctx, nil)
	if err != nil {
		return nil, &problem{err: err, code: exitUsage}
	}
	l, err := dynamo.Open(ctx, dynamodb.NewFromConfig(clients.Config), table, nil)
	if err != nil {
		return nil, notOpened(place, err)
	}
	return l, nil
}

func unknownLedger(place string) error {
	p := &problem{err: fmt.Errorf("the ledger %q is not known", place), hint: "a ledger is sqlite:PATH or dynamodb:TABLE", code: exitUsage}
	if _, err := os.Stat(place); err == nil {
		p.next = "use " + filePrefix + place
	}
	return p
}

// notOpened tells a damaged ledger, which salvage may help, from one that is the wrong one.
func notOpened(place string, err error) error {
	if errors.Is(err, worker.ErrDamaged) {
		return &problem{err: err, hint: "keep a copy before anything else", next: salvageNext(place), code: exitFailed}
	}
	return &problem{err: err, code: exitUsage}
}

func salvageNext(place string) string {
	if !strings.HasPrefix(place, filePrefix) {
		return ""
	}
	return "postconfirm ledger salvage " + place + " --to NEW"
}

func ledgerVerifyCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "verify LEDGER",
		Short: "Read all of a ledger and compare every checksum",
		Long: "Reads the whole file, or scans the whole table, and says what is not as it was written. Nothing is changed.\n\n" +
			"Exit codes: 0 all is sound, 1 something is damaged, 2 this can't be opened as a ledger.",
		Example: "  postconfirm ledger verify sqlite:./ledger.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd.Context(), std, args[0])
		},
	}
}

func verify(ctx context.Context, std streams, place string) error {
	l, err := openLedger(ctx, place)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	n, err := l.Verify(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &problem{err: fmt.Errorf("%w\n%s sound", err, are(n, "run")), hint: "a damaged run is kept from every worker, the others go on",
			next: salvageNext(place), code: exitFailed}
	}
	fmt.Fprintf(std.out, "%s is sound: %s\n", place, count(n, "run"))
	return nil
}
