// Command worker measures what the worker costs, and what each of its promises adds to a loop that makes the same calls
// without any.
//
//	go run ./deploy/bench/worker [-users 6000] [-rounds 3] [-in-flight 256] [-latency 50ms] [-profile FILE]
//
// For every measurement it starts itself twice: as a cloud (the local cloud and a vendor with a set latency, N users on
// the queue before the clock starts) and as a subject (the worker with its ledger in SQLite, the worker with its ledger
// in memory, or a tight loop on the same SDK clients). The subjects take turns, and the table shows medians.
//
// It promises to count and not to guess: connections at the listeners, calls in the cloud, CPU time by the operating
// system, allocations by the runtime. The cloud shares the machine's cores with the subject, so the ratios between the
// rows are the result and the absolute figures are for scale.
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
	"time"
)

// roleVariable tells a process which part it plays: "" is the one that a person started.
const roleVariable = "POSTCONFIRM_BENCH_ROLE"

const (
	roleCloud   = "cloud"
	roleSubject = "subject"
)

func main() {
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Getenv(roleVariable), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its world as arguments.
func run(ctx context.Context, role string, args []string, in io.Reader, out, stderr io.Writer) int {
	var err error
	switch role {
	case roleCloud:
		err = playCloud(ctx, in, out)
	case roleSubject:
		err = playSubject(ctx, in, out)
	default:
		err = bench(ctx, args, out, stderr)
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
	Users    int           // on the queue before the clock starts
	Rounds   int           // of all subjects
	InFlight int           // users at once
	Latency  time.Duration // of the vendor
	Profile  string        // file for a CPU profile of the worker with SQLite, of the last round
}

type usage struct{ error }

func readPlan(args []string, stderr io.Writer) (p plan, err error) {
	f := flag.NewFlagSet("worker", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&p.Users, "users", 6000, "users on the queue before the clock starts")
	f.IntVar(&p.Rounds, "rounds", 3, "how often each subject is measured; the table shows medians")
	f.IntVar(&p.InFlight, "in-flight", 256, "users at once")
	f.DurationVar(&p.Latency, "latency", 50*time.Millisecond, "of the vendor")
	f.StringVar(&p.Profile, "profile", "", "write a CPU profile of the worker with SQLite to this `file`")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return p, err
		}
		return p, &usage{err}
	}
	if p.Users < 1 || p.Rounds < 1 || p.InFlight < 1 || p.Latency < 0 || f.NArg() > 0 {
		fmt.Fprintln(stderr, "bench: want positive numbers and no further arguments")
		return p, &usage{errors.New("wrong numbers")}
	}
	return p, nil
}
