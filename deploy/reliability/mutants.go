//go:build unix

package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// broken is a line of the table that the command mutants prints: the promise, what noticed, the verdict.
var broken = regexp.MustCompile(`(?m)^\| (.+) \| (.+) \| (caught|SURVIVED|BROKEN) \|$`)

// mutants breaks the promises in the code, one at a time: for each, the proof that is named for it must fail.
func mutants(s settings) proof {
	return proof{"mutants", "a promise that is broken on purpose makes its proof fail", func(ctx context.Context, _ func(string)) result {
		out, err := exec.CommandContext(ctx, s.command, "run", "./deploy/reliability/mutants").Output()
		return readMutants(string(out), err)
	}}
}

// readMutants makes a result of the table.
func readMutants(out string, err error) (r result) {
	rows := broken.FindAllStringSubmatch(out, -1)
	for _, row := range rows {
		r.figures = append(r.figures, row[1]+": "+row[2])
		if row[3] != "caught" {
			r.violations = append(r.violations, fmt.Sprintf("%s: %s, %s", strings.ToLower(row[3]), row[1], row[2]))
		}
	}
	r.size = fmt.Sprintf("%d promises broken", len(rows))
	switch {
	case err != nil && len(r.violations) == 0:
		r.err = err
	case len(rows) == 0:
		r.notRun = "the table of mutants is empty"
	}
	return r
}
