package main

import (
	"crypto/rsa"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEverySubjectIsMeasured runs the bench once, small, with the rivals that this machine can run. The bench itself ends
// with an error when an event doesn't come back or a message doesn't arrive.
func TestEverySubjectIsMeasured(t *testing.T) {
	svg, markdown := filepath.Join(t.TempDir(), "chart.svg"), filepath.Join(t.TempDir(), "table.md")
	t.Chdir("../../..")
	var out, stderr strings.Builder
	code := run(t.Context(), []string{"-starts", "1", "-invokes", "30", "-rounds", "1", "-svg", svg, "-markdown", markdown}, &out, &stderr)
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr.String())
	}
	for _, want := range []string{subjectOurs, subjectNoop, subjectLoop, subjectCommon, "first event", "CPU per event / a bare loop", "has an ECDSA key"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	if !strings.Contains(stderr.String(), "NOT RUN: Node.js") {
		t.Errorf("it doesn't say what it left out: %s", stderr.String())
	}
	if table, err := os.ReadFile(markdown); err != nil || string(table) != out.String() {
		t.Errorf("%v: the file is not what was printed", err)
	}
	drawn, err := os.ReadFile(svg)
	if err != nil || !strings.Contains(string(drawn), subjectCommon) {
		t.Fatalf("%v: %s", err, drawn)
	}
	for d := xml.NewDecoder(strings.NewReader(string(drawn))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v", err)
		}
	}
}

func TestTheStubsKeyIsTheOneThatTheCaptionNames(t *testing.T) {
	for isRSA, says := range map[bool]string{true: "has an RSA key", false: "has an ECDSA key"} {
		a, err := newAuthority(isRSA)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := a.certificate.PrivateKey.(*rsa.PrivateKey); got != isRSA || !strings.Contains(leaf(isRSA), says) {
			t.Errorf("%T; %s", a.certificate.PrivateKey, leaf(isRSA))
		}
	}
}

func TestASpreadIsMedianLeastAndMost(t *testing.T) {
	got := of([]int{5, 1, 9, 2, 4}, func(n int) float64 { return float64(n) })
	if got != (spread{4, 1, 9}) {
		t.Errorf("%+v", got)
	}
	if got := of(nil, func(int) float64 { return 1 }); got.String() != "–" {
		t.Errorf("of nothing: %v", got)
	}
}

func TestAGoalIsReachedOrMissed(t *testing.T) {
	fast := &results{subject: subject{name: subjectOurs}, warm: []warmth{{p50: 100_000, p99: 150_000}}}
	slow := &results{subject: subject{name: subjectOurs}, warm: []warmth{{p50: 100_000, p99: 250_000}}}
	for want, r := range map[string]*results{"| reached |": fast, "| MISSED |": slow, "| not measured |": {}} {
		var out strings.Builder
		goal{"p99 / p50", subjectOurs, subjectOurs, (*results).p99, (*results).p50, 2, 0}.line(&out, []*results{r})
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %s in %s", want, out.String())
		}
	}
}

func TestWrongUseIsExitCode2(t *testing.T) {
	for _, args := range [][]string{{"-starts", "0"}, {"-rounds", "x"}, {"-nonsense"}, {"more"}, {"-share", "101"}} {
		var stderr strings.Builder
		if code := run(t.Context(), args, &stderr, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: code %d, %q", args, code, stderr.String())
		}
	}
}
