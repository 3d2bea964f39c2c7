//go:build unix

// Command reliability proves what the README promises by breaking things, and writes down what was broken, how often,
// and what came of it.
//
//	go run ./deploy/reliability --size full --report bin/reliability.md
//
// It kills the real worker thousands of times (package kill), sends it signals, and runs the tests that cut the power,
// flip bits, and simulate at the size that is asked for. The variable POSTCONFIRM_RELIABILITY is the default of --size
// and reaches the tests, too. It refuses to call a proof green that did not run: such a one is named.
//
// Exit codes: 0 no violation, 1 a violation or a proof that failed, 2 wrong use.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/kill"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the flags.
type settings struct {
	size    size
	seed    uint64
	report  string
	command string // Go
	only    string // name of a proof
}

func run(ctx context.Context, args []string, getenv func(string) string, stderr io.Writer) int {
	s, err := read(args, getenv, stderr)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "error:", err)
		}
		return 2
	}
	dir, err := os.MkdirTemp("", "postconfirm-reliability-")
	if err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	began := time.Now()
	fmt.Fprintf(stderr, "reliability: size %s, seed %d; building the worker with its failpoints, and the operator's program\n", s.size.name, s.seed)
	program, err := kill.Build(ctx, s.command, dir)
	operator := ""
	if err == nil {
		operator, err = kill.BuildOperator(ctx, s.command, dir)
	}
	if err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	results := prove(ctx, s, program, operator, stderr)
	text := markdown(s, about(ctx, s.command, began), results)
	if err := save(s.report, text); err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	return conclude(stderr, s.report, results)
}

func read(args []string, getenv func(string) string, stderr io.Writer) (s settings, err error) {
	f := flag.NewFlagSet("reliability", flag.ContinueOnError)
	f.SetOutput(stderr)
	name := f.String("size", getenv("POSTCONFIRM_RELIABILITY"), "check (a pull request) or full (POSTCONFIRM_RELIABILITY; default check)")
	kills := f.Int("kills", 0, "kills of the loop in place of the size's")
	signals := f.Int("signals", 0, "orderly stops in place of the size's")
	f.Uint64Var(&s.seed, "seed", 1, "where the dice begin")
	f.StringVar(&s.report, "report", filepath.Join("bin", "reliability.md"), "the `file` for the report")
	f.StringVar(&s.command, "go", "go", "the Go `command`")
	f.StringVar(&s.only, "only", "", "run just the proof of this `name`")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	s.size, err = sizeOf(*name)
	if *kills > 0 {
		s.size.kills = *kills
	}
	if *signals > 0 {
		s.size.signals = *signals
	}
	return s, err
}

// prove runs the proofs, two at a time: some work, some mostly wait.
func prove(ctx context.Context, s settings, program, operator string, stderr io.Writer) []result {
	proofs := proofsOf(s, program, operator)
	results := make([]result, len(proofs))
	slots := make(chan struct{}, 2)
	var all sync.WaitGroup
	for i, p := range proofs {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			began := time.Now()
			show := &progress{out: stderr, name: p.name, began: began}
			results[i] = p.run(ctx, show.tell)
			results[i].name, results[i].promises, results[i].took = p.name, p.promises, time.Since(began)
			show.end(results[i])
		})
	}
	all.Wait()
	return results
}

// progress is a line on standard error every few seconds.
type progress struct {
	out   io.Writer
	name  string
	began time.Time
	mu    sync.Mutex
	last  time.Time
}

func (p *progress) tell(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.last) < 3*time.Second {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.out, "  %-22s %6s  %s\n", p.name, time.Since(p.began).Round(time.Second), line)
}

func (p *progress) end(r result) {
	fmt.Fprintf(p.out, "%s %-22s %6s  %s\n", map[bool]string{true: "+", false: "!"}[r.green()], p.name, r.took.Round(time.Second), r.state())
}

func save(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

func conclude(stderr io.Writer, report string, results []result) int {
	code := 0
	for _, r := range results {
		if !r.green() {
			code = 1
		}
		for i, v := range r.violations {
			if i < 10 {
				fmt.Fprintf(stderr, "%s: %s\n", r.name, v)
			}
		}
		if r.err != nil {
			fmt.Fprintf(stderr, "%s: %v\n", r.name, r.err)
		}
	}
	fmt.Fprintln(stderr, "reliability: the report is in", report)
	return code
}
