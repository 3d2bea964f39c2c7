// Command mutants breaks a promise of the worker on purpose, one at a time, and sees whether the proof that is named
// for it fails. A proof that can't fail proves nothing.
//
//	go run ./deploy/reliability/mutants            all of them; two minutes on two cores
//	go run ./deploy/reliability/mutants -only NAME one of them, with what the test printed
//
// It changes no file: the compiler is given a copy of one source file with one place changed (go test -overlay). It
// exits with 1 if a mutant survives, with 2 if one no longer fits the source it was made for.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"
)

func main() {
	only := flag.String("only", "", "the one mutant to try")
	jobs := flag.Int("j", 2, "how many at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, *only, *jobs))
}

// run tries the mutants and prints a table. It returns the exit code.
func run(ctx context.Context, only string, jobs int) int {
	began := time.Now()
	var chosen []mutant
	for _, m := range mutants {
		if only == "" || m.name == only {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		fmt.Fprintf(os.Stderr, "mutants: there is none named %q\n", only)
		return 2
	}
	results := try(ctx, chosen, max(1, jobs))
	code := 0
	fmt.Println("| promise that was broken | what noticed | |\n|---|---|---|")
	for i, r := range results {
		fmt.Printf("| %s | %s | %s |\n", chosen[i].name, r.noticed, r.verdict)
		code = max(code, r.code)
		if only != "" {
			fmt.Fprintln(os.Stderr, r.output)
		}
	}
	fmt.Printf("\n%d mutants in %s\n", len(chosen), time.Since(began).Round(time.Second))
	return code
}

// try tries all, a few at once, and keeps their order.
func try(ctx context.Context, chosen []mutant, jobs int) []result {
	results := make([]result, len(chosen))
	free := make(chan struct{}, jobs)
	var all sync.WaitGroup
	for i, m := range chosen {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			results[i] = m.try(ctx)
			fmt.Fprintf(os.Stderr, "mutants: %2d/%d %-9s %s\n", i+1, len(chosen), results[i].verdict, m.name)
		})
	}
	all.Wait()
	return results
}

// result is what became of one mutant.
type result struct {
	verdict string // caught, SURVIVED, or BROKEN: it does not fit or does not compile
	noticed string // the test that failed first
	output  string
	code    int
}

// judge reads what go test said.
func judge(output string, failed bool) result {
	switch {
	case strings.Contains(output, "[build failed]") || strings.Contains(output, "[setup failed]"):
		return result{"BROKEN", "it does not compile", output, 2}
	case strings.Contains(output, "no tests to run"):
		return result{"BROKEN", "its proof is gone", output, 2}
	case !failed:
		return result{"SURVIVED", "nothing", output, 1}
	}
	return result{"caught", firstFailure(output), output, 0}
}

// firstFailure is the innermost name of the first test that failed.
func firstFailure(output string) string {
	name := "a test binary that died"
	for line := range strings.Lines(output) {
		if after, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "--- FAIL: "); ok {
			after, _, _ = strings.Cut(after, " (")
			if name != "a test binary that died" && !strings.HasPrefix(after, name+"/") {
				break
			}
			name = after
		}
	}
	return strings.ReplaceAll(name, "_", " ")
}
