//go:build unix

package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/reliability/kill"
)

func TestTheSizeComesFromTheFlagOrTheVariable(t *testing.T) {
	for name, tt := range map[string]struct {
		args     []string
		variable string
		want     string
		kills    int
		fails    bool
	}{
		"nothing said":            {nil, "", "check", 300, false},
		"the variable":            {nil, "full", "full", 10_000, false},
		"the flag wins":           {[]string{"--size", "check"}, "full", "check", 300, false},
		"a number in place of it": {[]string{"--kills", "7"}, "full", "full", 7, false},
		"no size":                 {[]string{"--size", "huge"}, "", "", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := read(tt.args, func(string) string { return tt.variable }, os.Stderr)
			if (err != nil) != tt.fails || !tt.fails && (s.size.name != tt.want || s.size.kills != tt.kills) {
				t.Errorf("got %+v, %v", s.size, err)
			}
		})
	}
}

func TestALoopThatDidNotMeetAPlaceIsNotGreen(t *testing.T) {
	all := map[string]int{}
	for _, place := range kill.Places() {
		all[place] = 50
	}
	sum := kill.Verdict{People: 100, States: map[string]int{"parked crash_loop": 1}}
	s := settings{size: size{kills: 10_000}}
	if r := checkLoop(s, result{kills: all}, sum); !r.green() {
		t.Errorf("got %q", r.violations)
	}
	all[kill.PoolWrote]--
	if r := checkLoop(s, result{kills: all}, sum); r.green() {
		t.Error("a place that was met 49 times is enough")
	}
	all[kill.PoolWrote]++
	sum.States["parked crash_loop"] = 6
	if r := checkLoop(s, result{kills: all}, sum); r.green() {
		t.Error("six of a hundred parked for the kills alone are taken for a proof")
	}
}

func TestWhatATestPrintsIsRead(t *testing.T) {
	out := "=== RUN   TestIt\n=== RUN   TestIt/part\n    power_test.go:37: 9 runs, none is missing\n--- PASS: TestIt (0.01s)\n"
	r := readTest("TestIt", []byte(out), nil)
	if diff := cmp.Diff([]string{"9 runs, none is missing"}, r.figures); diff != "" || r.size != "1 tests" || !r.green() {
		t.Errorf("got %+v %s", r, diff)
	}
	if r := readTest("TestIt", []byte(out), errors.New("exit status 1")); r.green() {
		t.Error("a test that failed is green")
	}
	if r := readTest("TestIt", []byte("ok\n"), nil); r.green() || !strings.Contains(r.state(), "NOT RUN") {
		t.Error("a test that did not run is green")
	}
}

func TestASurvivingMutantIsAViolation(t *testing.T) {
	out := "| promise that was broken | what noticed | |\n|---|---|---|\n| a throttle is nobody's attempt | TestIt/part | caught |\n"
	if r := readMutants(out, nil); !r.green() || len(r.figures) != 1 || r.size != "1 promises broken" {
		t.Errorf("got %+v", r)
	}
	if r := readMutants(out+"| a condition is decided once | nothing | SURVIVED |\n", errors.New("exit status 1")); r.green() || len(r.violations) != 1 {
		t.Errorf("got %+v", r)
	}
	if r := readMutants("", errors.New("exit status 1")); r.green() {
		t.Error("a program that failed is green")
	}
}

func TestTheReportSaysWhatFailedAndWhatDidNotRun(t *testing.T) {
	text := markdown(settings{size: size{name: "full"}}, machine{commit: "abc"}, []result{
		{name: "kill loop", size: "2 kills", kills: map[string]int{kill.Moment: 2}, took: time.Second},
		{name: "SIGTERM", violations: []string{"run x: lost"}},
		{name: "crash loop", err: errors.New("it hung")},
		{name: "simulation", notRun: "there is no ./worker/simulation"},
	})
	for _, want := range []string{"| commit | abc |", "| kill loop | 2 kills | 0 | 1s |", "| any moment | 2 |", "| SIGTERM |  | 1 |",
		"**violation**: run x: lost", "**FAILED**", "it hung", "**NOT RUN: there is no ./worker/simulation**"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
