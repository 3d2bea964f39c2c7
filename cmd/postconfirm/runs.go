package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

func runsCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Look at runs: which are there, what they have in common, what happened to one",
		Long: "Nothing here changes anything, and everything works beside a working worker. Personal values show as lengths.\n" +
			"With --dlq URL, or with --with-dlq and POSTCONFIRM_DLQ_URL, dead letters are looked at without being taken away, and\n" +
			"joined with their runs.",
		Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(runsListCommand(std), runsGroupCommand(std), runsShowCommand(std))
	return cmd
}

// lookOptions are the flags of all commands that look at runs.
type lookOptions struct {
	operator
	withDLQ    bool
	maxLetters int
}

func (o *lookOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	o.ledgerFlag(cmd)
	f.StringVar(&o.dlq, "dlq", "", "look at the dead letters of the queue at this `url`, too")
	f.BoolVar(&o.withDLQ, "with-dlq", false, "look at the dead letters of the queue in POSTCONFIRM_DLQ_URL, too")
	f.IntVar(&o.maxLetters, "dlq-limit", inspect.MaxLetters, "look at this many dead letters at most")
	o.jsonFlag(cmd)
}

// inspector opens what the flags name, for a filter. end closes it.
func (o *lookOptions) inspector(ctx context.Context, f worker.Filter) (i *inspect.Inspector, end func() error, err error) {
	i = &inspect.Inspector{Codes: connectorCodes(), Now: time.Now}
	if i.Letters, err = o.letters(ctx, f); err != nil {
		return nil, nil, err
	}
	l, err := o.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	i.Index, i.Audit = l, &audit.Log{Papers: l}
	if strings.HasPrefix(o.ledger, tablePrefix) {
		i.Page = 20_000 // each page reads the whole table
	}
	return i, l.Close, nil
}

// letters is the dead-letter queue, nil if it is not to be looked at.
func (o *lookOptions) letters(ctx context.Context, f worker.Filter) (inspect.Letters, error) {
	url := o.dlq
	if url == "" && o.withDLQ {
		if url = os.Getenv("POSTCONFIRM_DLQ_URL"); url == "" {
			return nil, &problem{err: errors.New("--with-dlq needs POSTCONFIRM_DLQ_URL"), hint: "or --dlq with the queue's URL", code: exitUsage}
		}
	}
	switch {
	case o.maxLetters < 1 || o.maxLetters > 100_000:
		return nil, &problem{err: fmt.Errorf("--dlq-limit %d is none", o.maxLetters), hint: "1 to 100000: SQS lets 120,000 messages be out at a time", code: exitUsage}
	case url == "" && f.State == inspect.NoRun:
		return nil, &problem{err: errors.New("--state no-run is about dead letters"), hint: "give --dlq URL, or --with-dlq and POSTCONFIRM_DLQ_URL", code: exitUsage}
	case url == "":
		return nil, nil
	}
	clients, err := connectTo(ctx, "--dlq", url)
	if err != nil {
		return nil, err
	}
	return amazon.NewLetters(clients.SQS, url, nil), nil
}

// connectorCodes are the codes of all connectors, for explanations.
func connectorCodes() []enrich.Code {
	client := connect.NewClient(nil)
	defer client.Close()
	codes := connect.Codes()
	for _, kind := range all.Kinds(client) {
		codes = append(codes, kind.Page.Codes...)
	}
	return codes
}

// looked says how the look at dead letters went.
func (o *lookOptions) looked(n int, cut bool) string {
	switch {
	case o.dlq == "" && !o.withDLQ:
		return ""
	case cut:
		return fmt.Sprintf("; %s looked at, and there may be more: raise --dlq-limit", count(n, "dead letter"))
	}
	return "; " + count(n, "dead letter") + " looked at"
}

// leftOut says that some runs could not be read.
func (o *lookOptions) leftOut(n int, why error) error {
	if n == 0 {
		return nil
	}
	return &problem{err: fmt.Errorf("%s could not be read: %w", count(n, "run"), why), hint: "damaged runs were left out",
		next: "postconfirm ledger verify " + o.ledger, code: exitPartly}
}

// causeText is a cause in one line.
func causeText(c worker.Cause) string {
	text := ""
	for _, part := range []string{c.Step, c.Class, c.Code} {
		if part != "" {
			text += " " + printable(part)
		}
	}
	if text == "" {
		return "-"
	}
	return text[1:]
}
