package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/deadletters"
)

type dlqExportOptions struct {
	operator
	out                   string
	force, bodies, remove bool
	limit                 int
}

func dlqExportCommand(std streams) *cobra.Command {
	var o dlqExportOptions
	cmd := &cobra.Command{
		Use:   "export [--out FILE]",
		Short: "Write the dead letters to a file, one JSON object in a line",
		Long: "Writes a line that says where the letters are from, then a line for each: run key, reason, step, attempts, when it was\n" +
			"sent. With --bodies also the message itself, which names a person: only a file with bodies can be imported again.\n\n" +
			"The file is new, readable by you only, and complete or not there at all. Without --out, lines go to standard output.\n" +
			"Nothing is taken out of the queue, unless --remove --write is given: letters are removed when the file is on the disk,\n" +
			"and those that somebody else has received meanwhile stay in the queue too. SQS drops letters after 14 days at the\n" +
			"latest, counted from when the worker sent them (of those that SQS moved itself: from when the message was sent at\n" +
			"first); a file keeps them.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use, 3 some letters are in the file and still in the queue, 130 interrupted.",
		Example: "  postconfirm dlq export --out letters.ndjson --bodies\n" +
			"  postconfirm dlq export --out letters.ndjson --bodies --remove --write --why OPS-9\n" +
			"  postconfirm dlq export | jq .reason",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.export(cmd.Context(), std) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.dlqFlag(cmd)
	f.StringVar(&o.out, "out", "", "the new `file`")
	f.BoolVar(&o.force, "force", false, "replace a file of that name")
	f.BoolVar(&o.bodies, "bodies", false, "write the messages too: they name people")
	f.IntVar(&o.limit, "limit", deadletters.SweepLimit, "this many letters at most")
	f.BoolVar(&o.remove, "remove", false, "take the letters out of the queue when the file is on the disk; needs --out, --bodies and --write")
	o.writeFlags(cmd, "remove for real")
	return cmd
}

func (o *dlqExportOptions) check() error {
	usage := func(text, hint string) error { return &problem{err: errors.New(text), hint: hint, code: exitUsage} }
	switch {
	case o.limit < 1 || o.limit > deadletters.SweepLimit:
		return usage(fmt.Sprintf("--limit is %d", o.limit), fmt.Sprintf("want 1 to %d: SQS lets about 120000 be received at once", deadletters.SweepLimit))
	case o.remove && o.out == "":
		return usage("--remove needs --out", "nobody knows whether what went through standard output is kept")
	case o.remove && !o.bodies:
		return usage("--remove needs --bodies", "without them the messages would be lost")
	case o.out == "" && o.force:
		return usage("--force needs --out", "")
	case o.out == "":
		return nil
	}
	if o.remove && o.write {
		if err := o.signed(); err != nil {
			return err
		}
	}
	return o.file().check()
}

func (o *dlqExportOptions) file() outFile {
	return outFile{path: o.out, force: o.force, make: create}
}

func (o *dlqExportOptions) export(ctx context.Context, std streams) error {
	if err := o.check(); err != nil {
		return err
	}
	var open func(context.Context) (operated, error)
	if o.remove && o.write {
		open = o.open
	}
	d, err := o.dlqDesk(ctx, open)
	if err != nil {
		return err
	}
	if open == nil {
		_, err = o.fill(ctx, std, d)
		return errors.Join(interruptedBy(err, "no file was written", ""), d.close())
	}
	err = o.audited(ctx, d.ledger, audit.Entry{Action: "dlq export"}, func(e *audit.Entry) error {
		done, err := o.fill(ctx, std, d)
		if err != nil {
			return interruptedBy(err, "no file was written, and nothing was removed", "")
		}
		removed, left, err := deadletters.Remove(ctx, d.letters, done.Receipts)
		e.Counts = map[string]int{"exported": done.Letters, "removed": removed}
		fmt.Fprintf(std.err, "%s removed from the queue\n", count(removed, "letter"))
		switch {
		case err != nil:
			return interruptedBy(err, "all letters are in the file; those that were not removed are still in the queue too", "")
		case left > 0:
			return &problem{err: fmt.Errorf("%s in the file and still in the queue: somebody else has received them", are(left, "letter")), code: exitPartly}
		}
		return nil
	})
	return errors.Join(err, d.close())
}

// fill writes the letters to the file, or to standard output.
func (o *dlqExportOptions) fill(ctx context.Context, std streams, d *dlqDesk) (done deadletters.Exported, err error) {
	show := newMeter(std.err)
	header := deadletters.Header{Region: d.about.Region, Account: d.about.Account, Queue: d.about.Name, At: time.Now().Truncate(time.Second), Bodies: o.bodies}
	letters := func(w io.Writer) (err error) {
		done, err = deadletters.Export(ctx, d.letters, w, header, &deadletters.ExportOptions{Limit: o.limit,
			Progress: func(n int) { show.tell("export", n, d.about.Messages, " letters written") }})
		return err
	}
	if o.out == "" {
		b := bufio.NewWriterSize(std.out, 64<<10)
		if err = letters(b); err == nil {
			err = b.Flush()
		}
	} else {
		err = o.file().write(letters)
	}
	show.end()
	if err != nil {
		return done, err
	}
	fmt.Fprintf(std.err, "%s written; %s\n", count(done.Letters, "letter"), queueText(d.about))
	if done.Cut {
		fmt.Fprintln(std.err, "the limit was reached: there may be more")
	}
	if o.remove && !o.write {
		fmt.Fprintf(std.err, "nothing was removed; --write removes %s\n", count(done.Letters, "letter"))
		fmt.Fprintf(std.err, "next:  %s\n", o.confirmed("--force")) // over the file that was written just now
	}
	return done, nil
}
