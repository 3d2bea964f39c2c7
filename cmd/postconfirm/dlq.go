package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/deadletters"
)

func dlqCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "Keep the dead-letter queue in order: list, sweep, export, import, redrive",
		Long: "A dead letter is a copy of a message whose run waits for a person; the truth about the run is in the ledger. To try\n" +
			"parked runs again, use replay: it needs no letters, and leaves copies behind that sweep removes.\n\n" +
			"SQS can't be read without receiving: while a command looks, nobody else sees the letters that it has, and the receive\n" +
			"counts rise. Letters that somebody else has received are not seen. A command that is killed leaves letters hidden for\n" +
			"some minutes. While SQS moves letters by itself (redrive), don't look: it would pass over those that you have. What SQS\n" +
			"says about how many there are is approximate.",
		Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(dlqListCommand(std), dlqSweepCommand(std), dlqExportCommand(std), dlqImportCommand(std), dlqRedriveCommand(std))
	return cmd
}

// lettersHidden is how long letters stay hidden while a command that goes through all of them is at work, or was killed.
const lettersHidden = 10 * time.Minute

// dlqDesk is what the commands of dlq work with.
type dlqDesk struct {
	clients *amazon.Clients
	letters *amazon.Letters
	about   amazon.QueueFacts // of the dead-letter queue
	ledger  operated          // nil for commands that need none
}

func (d *dlqDesk) close() error {
	if d.ledger == nil {
		return nil
	}
	return d.ledger.Close()
}

// missing says that a queue was not named.
func missing(flag string) error {
	hint := "POSTCONFIRM_QUEUE_URL may name it: the URL of the worker's queue"
	if flag == "--dlq" {
		hint = "POSTCONFIRM_DLQ_URL may name it: the URL of the dead-letter queue"
	}
	return &problem{err: fmt.Errorf("%s is missing", flag), hint: hint, code: exitUsage}
}

// connectTo makes the clients for a queue that must be one.
func connectTo(ctx context.Context, flag, url string) (*amazon.Clients, error) {
	if url == "" {
		return nil, missing(flag)
	}
	clients, err := amazon.Connect(ctx, nil)
	if err == nil {
		err = amazon.CheckQueueURL(url, clients.Region)
	}
	if err != nil {
		return nil, &problem{err: err, code: exitUsage}
	}
	return clients, nil
}

// dlqDesk opens the dead-letter queue, and the ledger with open if it is not nil.
func (o *operator) dlqDesk(ctx context.Context, open func(context.Context) (operated, error)) (d *dlqDesk, err error) {
	d = &dlqDesk{}
	if d.clients, err = connectTo(ctx, "--dlq", o.dlq); err != nil {
		return nil, err
	}
	if o.queue != "" && o.queue == o.dlq {
		return nil, &problem{err: errors.New("--dlq and --queue are the same queue"), code: exitUsage}
	}
	if d.about, err = amazon.DescribeQueue(ctx, d.clients.SQS, o.dlq); err != nil {
		return nil, err
	}
	d.letters = amazon.NewLetters(d.clients.SQS, o.dlq, &amazon.LettersOptions{Visibility: lettersHidden})
	if open != nil {
		d.ledger, err = open(ctx)
	}
	return d, err
}

// people is where text for people goes.
func (o *operator) people(std streams) io.Writer {
	if o.json {
		return std.err
	}
	return std.out
}

// letterFate says what a fate means.
func letterFate(f deadletters.Fate) string {
	return map[deadletters.Fate]string{
		deadletters.Finished: "finished: the run is done, gone or replaced",
		deadletters.Reopened: "reopened: the run was reopened since",
		deadletters.Parked:   "parked: the run waits for a person",
		deadletters.Open:     "open: the run is not finished, and this may be its only message",
		deadletters.Unknown:  "unknown: the ledger has no such run",
		deadletters.Newer:    "newer: the letter is newer than the ledger, which may be an old copy",
		deadletters.Damaged:  "damaged: the ledger can't read the run",
		deadletters.Alien:    "no_run: the letter is no message of ours",
	}[f]
}

// kept lists what stays in the queue, and why.
func keptText(w io.Writer, kept map[deadletters.Fate]int) {
	for _, f := range slices.Sorted(maps.Keys(kept)) {
		fmt.Fprintf(w, "  %-7d %s\n", kept[f], letterFate(f))
	}
}

// queueText says what SQS thinks of the queue, which is approximate.
func queueText(a amazon.QueueFacts) string {
	text := fmt.Sprintf("%s has about %s", printable(a.Name), count(a.Messages, "letter"))
	if a.Hidden > 0 {
		text += fmt.Sprintf(", and about %d that somebody has received", a.Hidden)
	}
	return text
}

func dlqListCommand(std streams) *cobra.Command {
	var o dlqListOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what is in the dead-letter queue, one row for each run",
		Long: "Looks at up to --limit letters, joins them with the ledger, and shows one row for each run, the oldest first: they\n" +
			"leave the queue first. A larger queue than the limit shows a sample. Nothing is taken out, but every look raises the\n" +
			"receive counts. No personal value is shown.\n\n" +
			"FATE is what a sweep thinks of the letters: it removes those that are finished or reopened, and keeps all others.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use.",
		Example: "  postconfirm dlq list --limit 100\n  postconfirm dlq list --json | jq -r 'select(.fate==\"parked\").run'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.list(cmd.Context(), std) },
	}
	cmd.Flags().SortFlags = false
	o.ledgerFlag(cmd)
	o.dlqFlag(cmd)
	cmd.Flags().IntVar(&o.limit, "limit", 1000, "look at this many letters at most, up to 10000")
	o.jsonFlag(cmd)
	return cmd
}

type dlqListOptions struct {
	operator
	limit int
}

func (o *dlqListOptions) list(ctx context.Context, std streams) error {
	if o.limit < 1 || o.limit > 10_000 {
		return &problem{err: fmt.Errorf("--limit is %d", o.limit), hint: "want 1 to 10000; export takes all", code: exitUsage}
	}
	d, err := o.dlqDesk(ctx, o.look)
	if err != nil {
		return err
	}
	all, err := deadletters.List(ctx, d.letters, d.ledger, o.limit)
	if err != nil {
		return errors.Join(err, d.close())
	}
	if err := o.rows(std, all.Rows, d.about.Retention); err != nil {
		return errors.Join(err, d.close())
	}
	fmt.Fprintf(o.people(std), "%s of %s; %s\n", count(all.Seen, "letter"), count(len(all.Rows), "row"), queueText(d.about))
	if all.Cut {
		fmt.Fprintln(o.people(std), "this is a sample: the limit was reached")
	}
	o.then(std, all.Rows)
	return d.close()
}

// then names what comes next for the letters that a sweep removes, and for those that wait for a person.
func (o *dlqListOptions) then(std streams, rows []deadletters.Row) {
	for _, c := range []struct {
		fates []deadletters.Fate
		next  string
	}{{[]deadletters.Fate{deadletters.Finished, deadletters.Reopened}, "postconfirm dlq sweep"},
		{[]deadletters.Fate{deadletters.Parked}, "postconfirm runs group --state parked"}} {
		if slices.ContainsFunc(rows, func(r deadletters.Row) bool { return slices.Contains(c.fates, r.Fate) }) {
			fmt.Fprintf(o.people(std), "next:  %s\n", following(o.cmd, c.next))
		}
	}
}

// rows writes the rows, in columns or for machines.
func (o *dlqListOptions) rows(std streams, rows []deadletters.Row, retention time.Duration) error {
	if o.json {
		encoder := json.NewEncoder(std.out)
		for _, r := range rows {
			if err := encoder.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	const columns = "%-26s  %-8s  %-8s  %-9s  %4s  %8s  %8s  %s\n"
	for i, r := range rows {
		if i == 0 {
			fmt.Fprintf(std.out, columns, "RUN", "FATE", "STATE", "LETTERS", "AGE", "LEAVES", "RECEIVES", "REASON")
		}
		letters := fmt.Sprint(r.Letters)
		if r.Native > 0 {
			letters += fmt.Sprintf(" (%d sqs)", r.Native)
		}
		_, err := fmt.Fprintf(std.out, columns, cmp.Or(printable(r.Run), "(no message)"), r.Fate, cmp.Or(string(r.State), "-"), letters,
			age(time.Since(r.Oldest)), leaves(r.Oldest, retention), fmt.Sprint(r.Receives), reasonText(r))
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves says when the oldest letter leaves the queue.
func leaves(sent time.Time, retention time.Duration) string {
	if retention == 0 {
		return "-"
	}
	return "in " + age(time.Until(sent.Add(retention)))
}

func reasonText(r deadletters.Row) string {
	text := causeText(worker.Cause{Step: r.Step, Class: r.Class, Code: r.Reason})
	if r.Reopens > 0 {
		text += ", reopened " + count(r.Reopens, "time")
	}
	return strings.TrimSpace(text)
}
