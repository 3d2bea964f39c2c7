//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/deploy/reliability/kill"
)

// testProofs are proofs that are Go tests: they read their size from the environment.
func testProofs(s settings) []proof {
	return []proof{
		goTest(s, "power loss", "what was acknowledged is there after the power went, whatever part of the unsynced writes is left",
			"TestWhatWasAcknowledgedSurvivesPowerLoss", "./worker/sqlite"),
		goTest(s, "bit flips", "no flipped bit makes a run silently wrong or hides one",
			"TestNoDamageIsSilent|TestNoFlippedBitIsSilent", "./worker/sqlite"),
		goTest(s, "full disk, failed sync", "a full disk passes; a failed sync ends the ledger",
			"TestAFullDiskPasses|TestAFailedSyncEndsTheLedger|TestAFailedCheckpointEndsTheLedger", "./worker/sqlite"),
		goTest(s, "simulation", "the same promises under drawn faults in virtual time", "TestSimulation", "./deploy/simulation"),
		goTest(s, "storms", "a backlog, six hours of outage, throttles, duplicates, a crash loop, clocks that jump: nobody is lost, charged or repeated",
			"TestABacklog|TestSixHoursOfOutage|TestADuplicateStorm|TestACrashLoop|TestClocksThatJump|TestAThrottleStorm", "./deploy/simulation"),
		goTest(s, "reconcile", "1,000 users dropped at random out of 100,000 are found, and nobody else, within the quota, killed and resumed; each is enriched once",
			"TestN24", "./worker/reconcile"),
		mutants(s),
	}
}

// goTest runs the tests of that name in those of the packages that there are.
func goTest(s settings, name, promises, tests string, packages ...string) proof {
	return proof{name, promises, func(ctx context.Context, _ func(string)) result {
		there := slices.DeleteFunc(slices.Clone(packages), func(p string) bool {
			_, err := os.Stat(strings.TrimSuffix(p, "/..."))
			return errors.Is(err, os.ErrNotExist)
		})
		if len(there) == 0 {
			return result{notRun: "there is no " + strings.Join(packages, " and no ")}
		}
		args := append([]string{"test", "-count=1", "-v", "-timeout=3h", "-run", "^(" + tests + ")"}, there...)
		cmd := exec.CommandContext(ctx, s.command, args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "POSTCONFIRM_RELIABILITY="+s.size.name,
			fmt.Sprintf("POSTCONFIRM_SEEDS=%d", s.size.seeds), fmt.Sprintf("POSTCONFIRM_BACKLOG=%d", s.size.backlog))
		if dir := kill.FastDisk(); dir != "" {
			cmd.Env = append(cmd.Env, "TMPDIR="+dir)
		}
		out, err := cmd.CombinedOutput()
		return readTest(tests, out, err)
	}}
}

var (
	logged = regexp.MustCompile(`^\s+\w+_test\.go:\d+: (.*)$`)
	ran    = regexp.MustCompile(`^=== RUN +(\w+)$`)
)

// most is how many lines of a test's log the report shows.
const most = 16

// readTest makes a result of what go test -v printed.
func readTest(tests string, out []byte, err error) (r result) {
	count := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if ran.MatchString(lines.Text()) {
			count++
		}
		if m := logged.FindStringSubmatch(lines.Text()); m != nil && len(r.figures) < most {
			r.figures = append(r.figures, m[1])
		}
	}
	r.size = fmt.Sprintf("%d tests", count)
	if err != nil {
		r.violations = []string{fmt.Sprintf("%v: %s", err, tail(out))}
	}
	if count == 0 && err == nil {
		r.notRun = "there is no test " + tests
	}
	return r
}

func tail(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], " | ")
}
