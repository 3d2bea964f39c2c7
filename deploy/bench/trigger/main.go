// Command trigger measures what the trigger costs the person who signs up: its cold start and its warm invocations, beside
// a Lambda function in Go that does nothing, and beside the same job as it is commonly written in Go, Node.js and Python.
//
//	go run ./deploy/bench/trigger [-starts 21] [-invokes 2000] [-rounds 3] [-rsa] [-node FILE] [-svg FILE] [-markdown FILE]
//
// It is Lambda and SQS for them: a mock of the Lambda Runtime API, one for each process, and a stub of SQS with real TLS
// (see authority.go) that answers at once. Every subject gets its variables, its event and its own process; all
// take turns, and the tables show medians and the least and greatest of all. Some starts run with 7 % of a CPU from the
// first request for an event on, which is what a function of 128 MB has.
//
// It promises to be fair where a choice had to be made: the Go rivals have the trigger's build flags, the rivals read
// their system's roots once and from one file, and Node.js and Python get a plain loop around their handler instead of
// AWS's slower runtime clients. It refuses to compare what it could not check: an event that doesn't come back, or a
// message that doesn't arrive, ends it. The processes share the machine's cores with the stub, so the ratios are the
// result and the times are for scale.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"time"
)

func main() {
	log.SetOutput(io.Discard) // net/http complains of clients that were killed
	debug.SetGCPercent(-1)    // or the stub's collections show in the subjects' times
	debug.SetMemoryLimit(512 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its world as arguments.
func run(ctx context.Context, args []string, out, stderr io.Writer) int {
	p, err := readPlan(args, stderr)
	if err == nil {
		err = bench(ctx, p, out, stderr)
	}
	var wrong *usage
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &wrong):
		return 2 // the flag package has said why
	}
	fmt.Fprintln(stderr, "bench: "+err.Error())
	return 1
}

// plan is what a person asks for.
type plan struct {
	Starts   int    // cold starts of each subject, and as many with the CPU cut
	Invokes  int    // warm invocations of one process
	Rounds   int    // processes of each subject that are kept warm
	Share    int    // of one CPU, in percent, where it is cut
	RSA      bool   // the stub signs its handshakes with an RSA key, as AWS does
	Node     string // the bundle of the Node.js rival; "": it is left out
	SVG      string // file for the chart
	Markdown string // file for the table
}

type usage struct{ error }

func readPlan(args []string, stderr io.Writer) (p plan, err error) {
	f := flag.NewFlagSet("trigger", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&p.Starts, "starts", 21, "cold starts of each subject, and as many with the CPU cut")
	f.IntVar(&p.Invokes, "invokes", 2000, "warm invocations of one process")
	f.IntVar(&p.Rounds, "rounds", 3, "processes of each subject that are kept warm")
	f.IntVar(&p.Share, "share", 7, "of one CPU, in `percent`, where it is cut; 0 leaves those starts out")
	f.BoolVar(&p.RSA, "rsa", false, "the stub signs its handshakes with an RSA key, as AWS does, but on these cores")
	f.StringVar(&p.Node, "node", "", "the `file` of the Node.js rival, see rivals/node/build.sh")
	f.StringVar(&p.SVG, "svg", "", "write the chart to this `file`")
	f.StringVar(&p.Markdown, "markdown", "", "write the tables to this `file`, too")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return p, err
		}
		return p, &usage{err}
	}
	if p.Starts < 1 || p.Invokes < 1 || p.Rounds < 1 || p.Share < 0 || p.Share > 100 || f.NArg() > 0 {
		fmt.Fprintln(stderr, "bench: want positive numbers and no further arguments")
		return p, &usage{errors.New("wrong numbers")}
	}
	return p, nil
}

// limit is how long one invocation may take before the bench gives up: a second and a half is Python's, with the CPU cut.
const limit = 30 * time.Second
