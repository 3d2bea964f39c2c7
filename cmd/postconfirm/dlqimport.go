package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/deadletters"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/linefile"
)

// maxImportRate is the fastest that letters are sent where no pipeline says what the pool takes: Cognito's own limit.
const maxImportRate = 25

type dlqImportOptions struct {
	operator
	pools           []string
	foreign, strict bool
	rate, parked    string
}

func dlqImportCommand(std streams) *cobra.Command {
	var o dlqImportOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Send the messages of an exported file to the worker's queue",
		Long: "Reads the whole file first, and tells all that is wrong with it, by line (the first twenty; all are counted). A file\n" +
			"with a mistake is refused as a whole; --strict=false passes over those lines. FILE may be - for standard input.\n\n" +
			"Each run is sent once, and only if the worker would do something with its message: runs that the ledger does not know,\n" +
			"or that are open. Finished ones are left out. So are parked ones, whose old messages the worker drops: bring them\n" +
			"back with replay plan --keys FILE; --parked FILE writes their keys.\n\n" +
			"Letters of user pools that are not in the pipeline or named with --pool, and files from another account or region,\n" +
			"are refused unless --allow-foreign is given. Without --write it only says what it would do. It may be interrupted or\n" +
			"killed and run again: what was sent twice is worked on once.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 wrong use or a file with mistakes, 3 lines with mistakes were passed over,\n" +
			"130 interrupted.",
		Example: "  postconfirm dlq import letters.ndjson\n" +
			"  postconfirm dlq import letters.ndjson --write --why OPS-9 --rate 5/s\n" +
			"  grep http_503 letters.ndjson | cat <(head -1 letters.ndjson) - | postconfirm dlq import - --parked keys.txt",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), std, cmd.InOrStdin(), args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.ledgerFlag(cmd)
	o.queueFlag(cmd)
	o.pipelineFlag(cmd)
	f.StringArrayVar(&o.pools, "pool", nil, "letters of the user pool with this `id` are ours, too; may be given again")
	f.BoolVar(&o.foreign, "allow-foreign", false, "take letters from another environment")
	f.BoolVar(&o.strict, "strict", true, "refuse a file with mistakes as a whole")
	f.StringVar(&o.rate, "rate", "", "messages per second, such as 5/s; at most the pipeline's cognito-writes, or 25 (default: half of it)")
	f.StringVar(&o.parked, "parked", "", "write the keys of parked runs to this new `file`")
	o.writeFlags(cmd, "send for real")
	o.jsonFlag(cmd)
	return cmd
}

// home is what the commands that send to the worker's queue know of where they are: its pools, and how many writes a
// second the user pool takes.
type home struct {
	pools  []string
	writes float64
}

// home reads the pipeline, if there is one.
func (o *operator) home(ctx context.Context, pools []string) (home, error) {
	h := home{pools: slices.Clone(pools), writes: maxImportRate}
	for _, p := range pools {
		if !poolID.MatchString(p) {
			return h, &problem{err: fmt.Errorf("--pool %q is no pool id", p), hint: "one looks like eu-west-1_Ab12cd34E", code: exitUsage}
		}
	}
	if o.pipeline == "" {
		return h, nil
	}
	client := connect.NewClient(&connect.Options{AllowLoopback: true}) // nobody is called: it only lets the file be read
	defer client.Close()
	p, err := app.Fetch(ctx, o.pipeline, client)
	if err != nil {
		return h, err
	}
	h.pools = append(h.pools, p.Pools...)
	h.writes = cmp.Or(p.Limits.CognitoWrites, h.writes)
	return h, nil
}

func noPools() error {
	return &problem{err: errors.New("nobody says which user pools are ours"), hint: "give --pipeline FILE or --pool ID, or --allow-foreign to take all", code: exitUsage}
}

func (o *dlqImportOptions) run(ctx context.Context, std streams, stdin io.Reader, path string) (err error) {
	if err := o.signedToWrite(); err != nil {
		return err
	}
	keys := outFile{path: o.parked, make: create}
	if o.parked != "" {
		if err := keys.check(); err != nil {
			return err
		}
	}
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
	checked, err := o.check(ctx, std, i, file)
	if err != nil {
		return err
	}
	if o.parked != "" {
		if err := keys.write(func(w io.Writer) error { return writeKeys(w, checked.Keys) }); err != nil {
			return err
		}
	}
	if o.write {
		err = o.send(ctx, std, ledger, i, file, checked)
	}
	if err == nil && checked.Wrong > 0 {
		err = &problem{err: fmt.Errorf("%s passed over", countOf(checked.Wrong, "line was", "lines were")), code: exitPartly}
	}
	return err
}

// importer is all but the ledger.
func (o *dlqImportOptions) importer(ctx context.Context, std streams) (*deadletters.Importer, error) {
	h, err := o.home(ctx, o.pools)
	if err != nil {
		return nil, err
	}
	if len(h.pools) == 0 && !o.foreign {
		return nil, noPools()
	}
	rate, err := pace(std, o.rate, h.writes, "the pool takes")
	if err != nil {
		return nil, err
	}
	clients, err := connectTo(ctx, "--queue", o.queue)
	if err != nil {
		return nil, err
	}
	about, err := amazon.DescribeQueue(ctx, clients.SQS, o.queue)
	if err != nil {
		return nil, err
	}
	return &deadletters.Importer{Sender: amazon.NewSender(clients.SQS, o.queue), Home: deadletters.Home{Region: about.Region, Account: about.Account, Pools: h.pools},
		AllowForeign: o.foreign, Lenient: !o.strict, Rate: rate}, nil
}

func writeKeys(w io.Writer, keys []string) error {
	for _, k := range keys {
		if _, err := fmt.Fprintln(w, k); err != nil {
			return err
		}
	}
	return nil
}

// check reads the file and says what is in it.
func (o *dlqImportOptions) check(ctx context.Context, std streams, i *deadletters.Importer, file *os.File) (deadletters.Report, error) {
	show := newMeter(std.err)
	i.Progress = func(r deadletters.Report) { show.tell("check", r.Lines, 0, " lines") }
	r, err := i.Check(ctx, file)
	show.end()
	switch {
	case errors.Is(err, context.Canceled):
		return r, interruptedBy(err, "nothing was sent", "")
	case err != nil && !errors.Is(err, deadletters.ErrWrong) && !errors.Is(err, deadletters.ErrEmpty) && !errors.Is(err, linefile.ErrUTF16):
		return r, err // of the ledger or the disk
	}
	for _, m := range r.Mistakes {
		fmt.Fprintf(std.err, "line %d: %s\n", m.Line, m.What)
	}
	if more := r.Wrong - len(r.Mistakes); more > 0 {
		fmt.Fprintf(std.err, "… and %s more with mistakes\n", count(more, "line"))
	}
	if err != nil {
		p := &problem{err: err, code: exitUsage}
		if r.Wrong > 0 {
			p.hint = "mend the file; --strict=false passes over such lines, --allow-foreign takes letters from elsewhere"
		}
		return r, p
	}
	o.say(std, r, i.Rate)
	return r, nil
}

// say tells what would be sent, and what would not.
func (o *dlqImportOptions) say(std streams, r deadletters.Report, rate float64) {
	w := o.people(std)
	if o.json {
		encoded(std.out, importJSON(o.write, "checked", r))
	}
	fmt.Fprintf(w, "%s in the file, of %s\n", count(r.Letters, "letter"), count(r.Due()+r.Finished+r.Parked+r.Damaged, "run"))
	for _, part := range []struct {
		n    int
		text string
	}{{r.New, "not known to the ledger: sent"}, {r.Open, "open: sent, to wake the worker up"}, {r.Finished, "finished: not sent"},
		{r.Parked, "parked: not sent, the worker drops their old messages"}, {r.Damaged, "that the ledger can't read: not sent"},
		{r.Duplicates, "further letters of the same runs: not sent"}, {r.Aliens, "letters that are no message of ours: not sent"}} {
		if part.n > 0 {
			fmt.Fprintf(w, "  %-7d %s\n", part.n, part.text)
		}
	}
	if r.Parked > 0 {
		next := sameCommand(o.cmd, "--parked=keys.txt")
		if o.parked != "" {
			next = following(o.cmd, "postconfirm replay plan --keys "+inspect.Quote(o.parked)+" --why TICKET")
		}
		fmt.Fprintf(w, "next:  %s\n", next)
	}
	if !o.write {
		fmt.Fprintf(w, "nothing was sent; --write sends %s at %g/s, in about %s\n", count(r.Due(), "message"), rate, lasting(r.Due(), rate))
	}
	if !o.write && r.Due() > 0 {
		fmt.Fprintf(w, "next:  %s\n", o.confirmed())
	}
}

// importLine is a report for machines.
type importLine struct {
	What       string                `json:"what"`
	Write      bool                  `json:"write"`
	Lines      int                   `json:"lines"`
	Letters    int                   `json:"letters"`
	New        int                   `json:"new"`
	Open       int                   `json:"open"`
	Finished   int                   `json:"finished"`
	Parked     int                   `json:"parked"`
	Damaged    int                   `json:"damaged"`
	Duplicates int                   `json:"duplicates"`
	NoRun      int                   `json:"no_run"`
	Wrong      int                   `json:"wrong"`
	Mistakes   []deadletters.Mistake `json:"mistakes,omitempty"`
	Sent       int                   `json:"sent"`
}

func importJSON(write bool, what string, r deadletters.Report) importLine {
	return importLine{what, write, r.Lines, r.Letters, r.New, r.Open, r.Finished, r.Parked, r.Damaged, r.Duplicates, r.Aliens, r.Wrong, r.Mistakes, r.Sent}
}

// send sends what was checked.
func (o *dlqImportOptions) send(ctx context.Context, std streams, ledger operated, i *deadletters.Importer, file *os.File, checked deadletters.Report) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	show := newMeter(std.err)
	i.Progress = func(r deadletters.Report) { show.tell("import", r.Sent, checked.Due(), " messages sent") }
	var r deadletters.Report
	err := o.audited(ctx, ledger, audit.Entry{Action: "dlq import"}, func(e *audit.Entry) (err error) {
		r, err = i.Send(ctx, file, checked)
		e.Counts = map[string]int{"sent": r.Sent, "parked": r.Parked, "finished": r.Finished}
		return interruptedBy(err, fmt.Sprintf("%d sent; run it again: what was sent twice is worked on once", r.Sent), "")
	})
	show.end()
	if o.json {
		encoded(std.out, importJSON(true, "sent", r))
	}
	fmt.Fprintf(o.people(std), "%s sent\n", count(r.Sent, "message"))
	return err
}
