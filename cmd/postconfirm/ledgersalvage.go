package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func ledgerSalvageCommand(std streams) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "salvage LEDGER --to NEW",
		Short: "Save what a damaged ledger file still has into a new one",
		Long: "Reads every run that can be read, page by page, and writes a new ledger. The old one is not touched; stop its worker\n" +
			"first. A backup is better, if there is one that is newer than the last run.\n\n" +
			"A run whose checksum is right is taken over as it is. A run of which only the identity can be read is parked in\n" +
			"the new ledger (ledger_corrupt): nobody knows which of its effects happened, so none is repeated before a person has\n" +
			"looked. If commits are missing, all open runs are parked for the same reason. A run of which nothing is left is\n" +
			"unknown to the new ledger: if its message comes again, all of it is done again, unsafe effects included.\n\n" +
			"Exit codes: 0 everything was taken over, 1 nothing was, 2 wrong use, 3 something was parked or is lost.",
		Example: "  postconfirm ledger salvage sqlite:./ledger.db --to ./ledger-2.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return salvage(cmd.Context(), std, args[0], to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the new ledger's `file`, which must not exist yet")
	return cmd
}

func salvage(ctx context.Context, std streams, place, to string) error {
	from, isFile := strings.CutPrefix(place, filePrefix)
	to = strings.TrimPrefix(to, filePrefix)
	switch {
	case strings.HasPrefix(place, tablePrefix):
		return &problem{err: errors.New("a table can't be salvaged"), hint: "DynamoDB restores one to any second of the last 35 days, if its point-in-time recovery is on",
			next: "postconfirm ledger verify " + place, code: exitUsage}
	case !isFile:
		return unknownLedger(place)
	case to == "":
		return &problem{err: errors.New("--to is missing"), next: "postconfirm ledger salvage " + place + " --to " + from + ".new", code: exitUsage}
	}
	s, err := sqlite.Salvage(ctx, from, to, time.Now())
	if err != nil {
		return notSalvaged(err)
	}
	return salvaged(std, to, s)
}

func notSalvaged(err error) error {
	var unusable *sqlite.Unusable
	var held *sqlite.Held
	if errors.As(err, &held) || errors.As(err, &unusable) && !errors.Is(err, sqlite.ErrDamaged) {
		return &problem{err: err, code: exitUsage}
	}
	return err
}

// salvaged says what became of the runs.
func salvaged(std streams, to string, s *sqlite.Salvaged) error {
	fmt.Fprintf(std.out, "%s taken over as %s\n", are(s.Sound, "run"), map[bool]string{true: "it was", false: "they were"}[s.Sound == 1])
	if s.Behind {
		fmt.Fprintln(std.out, "commits are missing: every open run may be older than it says, and was parked")
	}
	for _, key := range s.Parked {
		fmt.Fprintf(std.out, "parked (%s): %s\n", sqlite.Corrupt, key)
	}
	if s.Papers > 0 {
		fmt.Fprintf(std.out, "%s of operators taken over\n", are(s.Papers, "paper"))
	}
	for _, name := range s.Torn {
		fmt.Fprintf(std.out, "lost: paper %s\n", name)
	}
	if s.Pages > 0 {
		fmt.Fprintf(std.out, "%s damaged\n", are(s.Pages, "page"))
	}
	switch {
	case s.Missing > 0:
		return partly(to, s, fmt.Errorf("nothing is left of %s", count(s.Missing, "run")))
	case s.Missing < 0:
		return partly(to, s, errors.New("the old ledger's counts are gone: nobody can tell whether runs are missing"))
	case s.Behind || len(s.Parked) > 0:
		return partly(to, s, fmt.Errorf("not all runs were taken over as they were: %d parked", len(s.Parked)))
	}
	if len(s.Torn) > 0 {
		return partly(to, s, fmt.Errorf("%s of operators (plans, entries of the audit log) can't be read any more", count(len(s.Torn), "paper")))
	}
	fmt.Fprintf(std.out, "%s%s is complete\n", filePrefix, to)
	return nil
}

func partly(to string, s *sqlite.Salvaged, err error) error {
	p := &problem{err: err, hint: "a run that the new ledger does not know begins anew when its message comes, effects included", code: exitPartly,
		next: "postconfirm ledger verify " + filePrefix + to}
	if len(s.Parked) > 0 {
		p.next = "postconfirm ledger list " + filePrefix + to + " --state parked"
	}
	return p
}
