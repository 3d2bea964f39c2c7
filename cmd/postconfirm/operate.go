package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// operated is a ledger as operators' commands use it: they look runs up, change them, and keep papers beside them.
type operated interface {
	worker.Index
	worker.Amender
	worker.Papers
	Overview(ctx context.Context) (worker.Overview, error)
	Close() error
}

// operator is what operators' commands have in common: where the ledger and its company are, who acts and why. A command
// takes the flags that it needs; their variables are those of the worker.
type operator struct {
	ledger, queue, dlq, pipeline string
	who, why                     string
	json, write                  bool
	since, until                 string

	cmd *cobra.Command // that has these flags
}

func (o *operator) ledgerFlag(cmd *cobra.Command) {
	o.cmd = cmd
	cmd.Flags().StringVar(&o.ledger, "ledger", os.Getenv("POSTCONFIRM_LEDGER"), "the `ledger`: sqlite:PATH or dynamodb:TABLE (POSTCONFIRM_LEDGER)")
}

func (o *operator) queueFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.queue, "queue", os.Getenv("POSTCONFIRM_QUEUE_URL"), "`URL` of the worker's queue (POSTCONFIRM_QUEUE_URL)")
}

func (o *operator) dlqFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dlq, "dlq", os.Getenv("POSTCONFIRM_DLQ_URL"), "`URL` of the dead-letter queue (POSTCONFIRM_DLQ_URL)")
}

func (o *operator) pipelineFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.pipeline, "pipeline", os.Getenv("POSTCONFIRM_PIPELINE"), "the pipeline `file`: a path, s3://BUCKET/KEY or ssm:NAME (POSTCONFIRM_PIPELINE)")
}

func (o *operator) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.json, "json", false, "one JSON object per line on standard output")
}

// whoFlags are for commands that change something.
func (o *operator) whoFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.why, "why", "", "the reason, such as a ticket: it stands in the audit log")
	cmd.Flags().StringVar(&o.who, "who", os.Getenv("POSTCONFIRM_WHO"), "your `name` for the audit log (POSTCONFIRM_WHO, else that of the system's user)")
}

func (o *operator) spanFlags(cmd *cobra.Command) { o.spanFlagsOf(cmd, "runs first seen") }

// spanFlagsOf are --since and --until about something else than runs.
func (o *operator) spanFlagsOf(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&o.since, "since", "", "only "+what+" at or after this `time`: 2h or 7d ago, 2026-01-02, 2026-01-02T15:04:05Z (UTC if no zone is given)")
	cmd.Flags().StringVar(&o.until, "until", "", "only "+what+" before this `time`")
}

// writeFlags are for commands that only show what they would do, without --write.
func (o *operator) writeFlags(cmd *cobra.Command, what string) {
	cmd.Flags().BoolVar(&o.write, "write", false, what+"; wants --why")
	o.whoFlags(cmd)
}

// signedToWrite demands who acts and why if something is to be changed.
func (o *operator) signedToWrite() error {
	if !o.write {
		return nil
	}
	return o.signed()
}

// openOrLook opens the ledger to change it if that is wanted, else for reading only.
func (o *operator) openOrLook(ctx context.Context) (operated, error) {
	if o.write {
		return o.open(ctx)
	}
	return o.look(ctx)
}

// open opens the ledger to change it, beside its worker.
func (o *operator) open(ctx context.Context) (operated, error) {
	path, isFile, err := o.place()
	if err != nil {
		return nil, err
	}
	if !isFile {
		return openTable(ctx, o.ledger)
	}
	b, err := sqlite.OpenBeside(path)
	if err != nil {
		return nil, notOpened(o.ledger, err)
	}
	return b, nil
}

// look opens the ledger for reading only: of a file, nothing of it can be written then, whatever is called.
func (o *operator) look(ctx context.Context) (operated, error) {
	path, isFile, err := o.place()
	if err != nil {
		return nil, err
	}
	if !isFile {
		return openTable(ctx, o.ledger)
	}
	r, err := sqlite.OpenReader(path)
	if err != nil {
		return nil, notOpened(o.ledger, err)
	}
	return readOnly{r}, nil
}

func (o *operator) place() (path string, isFile bool, err error) {
	if o.ledger == "" {
		return "", false, &problem{err: errors.New("--ledger is missing"), hint: "a ledger is sqlite:PATH or dynamodb:TABLE; POSTCONFIRM_LEDGER may name it", code: exitUsage}
	}
	path, isFile = strings.CutPrefix(o.ledger, filePrefix)
	return path, isFile, nil
}

// errReadOnly says that a command that only looks tried to write: a mistake of the program.
var errReadOnly = errors.New("the ledger was opened for reading only")

// readOnly is a file that was opened to look at it.
type readOnly struct{ *sqlite.Reader }

func (readOnly) Amend(context.Context, worker.Run) error               { return errReadOnly }
func (readOnly) PutPaper(context.Context, worker.Paper) (int64, error) { return 0, errReadOnly }
func (readOnly) DropPaper(context.Context, string, string) error       { return errReadOnly }

// signed demands who acts and why, before anything is opened.
func (o *operator) signed() error {
	if o.why = oneLine(o.why); o.why == "" {
		return &problem{err: errors.New("--why is missing"), hint: "give a ticket or a sentence; it stands in the audit log", code: exitUsage}
	}
	if o.who = oneLine(o.who); o.who == "" {
		if u, err := user.Current(); err == nil {
			o.who = oneLine(u.Username)
		}
	}
	if o.who == "" {
		return &problem{err: errors.New("--who is missing, and the system does not name its user"), code: exitUsage}
	}
	return nil
}

// signedAs is signed for commands that have a reason of their own, which --why may replace.
func (o *operator) signedAs(why string) error {
	o.why = cmp.Or(o.why, why)
	return o.signed()
}

// auditTime is how long the last entry of the audit log may take when the command was interrupted.
const auditTime = 10 * time.Second

// audited does f between two entries of the audit log: one that it begins, one with its outcome, which is written even if
// the command was interrupted. f may add counts, and what it learns, to the entry. Nothing is done that can't be logged.
func (o *operator) audited(ctx context.Context, papers worker.Papers, e audit.Entry, f func(*audit.Entry) error) error {
	log := &audit.Log{Papers: papers}
	e.Who, e.Why, e.State = o.who, o.why, audit.Begun
	if _, err := log.Append(ctx, e); err != nil {
		return err
	}
	err := f(&e)
	e.State = ending(err)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	_, logged := log.Append(late, e)
	if err == nil {
		return logged
	}
	return errors.Join(err, logged)
}

// ending is the state of a command's last entry.
func ending(err error) string {
	var p *problem
	switch {
	case err == nil:
		return audit.Done
	case errors.Is(err, context.Canceled):
		return audit.Partly
	case errors.As(err, &p):
		return cmp.Or(map[int]string{exitPartly: audit.Partly, exitInterrupted: audit.Partly, exitUsage: audit.Refused}[p.code], audit.Failed)
	}
	return audit.Failed
}

// span reads --since and --until; what is not given is the zero time.
func (o *operator) span(now time.Time) (since, until time.Time, err error) {
	if since, err = moment("--since", o.since, now); err == nil {
		until, err = moment("--until", o.until, now)
	}
	if err == nil && !since.IsZero() && !until.IsZero() && !since.Before(until) {
		err = &problem{err: fmt.Errorf("--since %s is not before --until %s", rfc3339(since), rfc3339(until)),
			hint: "both are UTC", code: exitUsage}
	}
	return since, until, err
}
