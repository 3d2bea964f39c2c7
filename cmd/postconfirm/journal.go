package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/journal"
	"github.com/postconfirm/postconfirm/worker/linefile"
)

func journalCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Enqueue users from the trigger's own log lines",
		Long: "The trigger writes a line into its log before each send, whether the send works or not. When SQS was out of reach,\n" +
			"these lines say who was confirmed meanwhile.",
		Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(journalImportCommand(std))
	return cmd
}

type journalImportOptions struct {
	operator
	pools        []string
	foreign      bool
	rate, format string
	settle       time.Duration
}

func journalImportCommand(std streams) *cobra.Command {
	var o journalImportOptions
	cmd := &cobra.Command{
		Use:   "import [FILE|-]",
		Short: "Enqueue the users of a log whom the ledger does not know",
		Long: "Reads the trigger's log: as the function wrote it, an export of CloudWatch Logs (gzip or not), what aws logs tail\n" +
			"prints, or the JSON of aws logs filter-log-events. Taken is what is, byte for byte, a line of the trigger's journal and\n" +
			"all of a line or event; nothing inside another record passes for one. JSON that is all in one line wants --format\n" +
			"events; what aws logs tail --format json prints is written anew by it, and not taken.\n\n" +
			"Who has a run in the ledger is left out, whatever became of it, and so are records younger than --settle, whose\n" +
			"messages may still be on their way. The journal has no user names: the pool is asked for each user who is missing\n" +
			"(ListUsers, which bills nobody; 30 a second for the account, of which at most 20 are taken), and who is gone is left\n" +
			"out. Client metadata are lost. Without --write it only says how many there are. It may be killed and run again: what\n" +
			"is sent twice is worked on once.\n\n" +
			"It needs cognito-idp:ListUsers on the pools and sqs:SendMessage on the queue.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use or no log of the trigger, 130 interrupted.",
		Example: "  aws logs filter-log-events --log-group-name /aws/lambda/postconfirm-trigger --filter-pattern journal > log.json\n" +
			"  postconfirm journal import log.json --since 2026-01-02T10:00:00Z --until 2026-01-02T11:00:00Z\n" +
			"  zcat export/*.gz | postconfirm journal import - --write --why OPS-12",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "-"
			if len(args) == 1 {
				path = args[0]
			}
			return o.run(cmd.Context(), std, cmd.InOrStdin(), path)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.queueFlag(cmd)
	o.pipelineFlag(cmd)
	f.StringVar(&o.format, "format", string(journal.Auto), "auto, lines, or events (JSON of the AWS CLI)")
	f.StringArrayVar(&o.pools, "pool", nil, "users of the pool with this `id` are meant, too; may be given again")
	f.BoolVar(&o.foreign, "allow-foreign", false, "take users of pools that the pipeline does not list")
	f.DurationVar(&o.settle, "settle", journal.DefaultSettle, "how old a record must be to be missed")
	o.spanFlagsOf(cmd, "records")
	f.StringVar(&o.rate, "rate", "", "users per second, such as 5/s; at most the pipeline's cognito-writes, and 20 (default: half of it)")
	o.writeFlags(cmd, "send for real")
	o.jsonFlag(cmd)
	return cmd
}

// importer reads the flags.
func (o *journalImportOptions) importer(ctx context.Context, std streams) (i *journal.Importer, err error) {
	usage := func(text, hint string) error { return &problem{err: errors.New(text), hint: hint, code: exitUsage} }
	i = &journal.Importer{Format: journal.Format(o.format), AllowForeign: o.foreign, Settle: o.settle}
	switch i.Format {
	case journal.Auto, journal.Lines, journal.Events:
	default:
		return nil, usage(fmt.Sprintf("--format %q is none", o.format), "auto, lines or events")
	}
	if o.settle < time.Second {
		return nil, usage(fmt.Sprintf("--settle is %s", o.settle), "want a second at least; 15m is the default")
	}
	if i.Since, i.Until, err = o.span(time.Now()); err != nil {
		return nil, err
	}
	if err := o.signedToWrite(); err != nil {
		return nil, err
	}
	h, err := o.home(ctx, o.pools)
	if err != nil {
		return nil, err
	}
	if i.Pools = h.pools; len(i.Pools) == 0 && !o.foreign {
		return nil, noPools()
	}
	if i.Rate, err = pace(std, o.rate, min(h.writes, journal.MaxRate), "the pool takes"); err != nil {
		return nil, err
	}
	if !o.write {
		return i, nil
	}
	clients, err := connectTo(ctx, "--queue", o.queue)
	if err != nil {
		return nil, err
	}
	i.Names, i.Sender = amazon.NewNames(clients.Cognito), amazon.NewSender(clients.SQS, o.queue)
	return i, nil
}

func (o *journalImportOptions) run(ctx context.Context, std streams, stdin io.Reader, path string) (err error) {
	i, err := o.importer(ctx, std)
	if err != nil {
		return err
	}
	file, err := inFile(path, stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	ledger, err := o.openOrLook(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	i.Ledger = ledger
	show := newMeter(std.err)
	i.Progress = func(r journal.Report) { show.tell("read", r.Lines, 0, " lines") }
	r, err := i.Look(ctx, file)
	show.end()
	if err != nil {
		return o.refused(std, r, err)
	}
	o.say(std, r, i.Rate)
	if !o.write {
		return nil
	}
	return o.send(ctx, std, ledger, i, file, r.Missing)
}

// refused says what is wrong with a file.
func (o *journalImportOptions) refused(std streams, r journal.Report, err error) error {
	o.nearly(std, r)
	p := &problem{err: err, code: exitUsage}
	switch {
	case errors.Is(err, context.Canceled):
		return interruptedBy(err, "nothing was sent", "")
	case errors.Is(err, journal.ErrForeign):
		p.err = fmt.Errorf("%w (%d of %d records)", err, r.Foreign, r.Records)
		p.hint = "is this the log of another environment? --pool ID names a pool, --allow-foreign takes all; the worker refuses pools that its pipeline does not list"
	case errors.Is(err, journal.ErrNone):
		p.hint = fmt.Sprintf("%s read; JSON of the AWS CLI that is all in one line wants --format events", countOf(r.Lines, "line was", "lines were"))
	case errors.Is(err, journal.ErrFormat), errors.Is(err, linefile.ErrUTF16):
	default:
		return err
	}
	return p
}

// nearly tells of texts that may have been records once.
func (o *journalImportOptions) nearly(std streams, r journal.Report) {
	if r.Near > 0 {
		fmt.Fprintf(std.err, "%s almost records, cut off or changed, and not taken: the first at %v\n", countOf(r.Near, "line or event is", "lines or events are"), r.NearAt)
	}
}

// journalLine is a report for machines.
type journalLine struct {
	What       string `json:"what"`
	Write      bool   `json:"write"`
	Lines      int    `json:"lines"`
	Records    int    `json:"records"`
	Near       int    `json:"almost"`
	Foreign    int    `json:"foreign"`
	Outside    int    `json:"outside"`
	Young      int    `json:"young"`
	Duplicates int    `json:"duplicates"`
	Known      int    `json:"known"`
	Damaged    int    `json:"damaged"`
	Missing    int    `json:"missing"`
	Gone       int    `json:"gone"`
	Sent       int    `json:"sent"`
}

func journalJSON(write bool, what string, r journal.Report) journalLine {
	return journalLine{what, write, r.Lines, r.Records, r.Near, r.Foreign, r.Outside, r.Young, r.Duplicates, r.Known, r.Damaged, r.Missing, r.Gone, r.Sent}
}

// say tells who would be sent, and who would not.
func (o *journalImportOptions) say(std streams, r journal.Report, rate float64) {
	w := o.people(std)
	if o.json {
		encoded(std.out, journalJSON(o.write, "checked", r))
	}
	fmt.Fprintf(w, "%s of the trigger in %s\n", count(r.Records, "record"), countOf(r.Lines, "line or event", "lines or events"))
	writeCount(w, r.Missing, "whom the ledger does not know")
	writeCount(w, r.Known, "known to the ledger: left out")
	writeCount(w, r.Duplicates, "further records of the same users: left out")
	writeCount(w, r.Young, fmt.Sprintf("younger than %s: left out", o.settle))
	writeCount(w, r.Outside, "not between --since and --until: left out")
	writeCount(w, r.Damaged, "that the ledger can't read: left out")
	o.nearly(std, r)
	if !o.write {
		fmt.Fprintf(w, "nothing was sent; --write asks the pool for %s and sends those who are there, at %g/s, in about %s\n", count(r.Missing, "name"), rate, lasting(r.Missing, rate))
	}
	if !o.write && r.Missing > 0 {
		fmt.Fprintf(w, "next:  %s\n", o.confirmed())
	}
}

// send sends who is missing.
func (o *journalImportOptions) send(ctx context.Context, std streams, ledger operated, i *journal.Importer, file *os.File, missing int) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	show := newMeter(std.err)
	i.Progress = func(r journal.Report) { show.tell("import", r.Sent, missing, " messages sent") }
	var r journal.Report
	err := o.audited(ctx, ledger, audit.Entry{Action: "journal import"}, func(e *audit.Entry) (err error) {
		r, err = i.Send(ctx, file)
		e.Counts = map[string]int{"sent": r.Sent, "gone": r.Gone, "known": r.Known}
		return interruptedBy(err, fmt.Sprintf("%d sent; run it again: what was sent twice is worked on once", r.Sent), "")
	})
	show.end()
	if o.json {
		encoded(std.out, journalJSON(true, "sent", r))
	}
	fmt.Fprintf(o.people(std), "%s sent; %s the pool does not know any more\n", count(r.Sent, "message"), countOf(r.Gone, "user is one whom", "users are ones whom"))
	return err
}
