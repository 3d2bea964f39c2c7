package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play the parts of the program: the benchmark starts itself.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(run(context.Background(), role, nil, os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestEverySubjectFinishesItsUsers(t *testing.T) {
	p := plan{Users: 800, Rounds: 1, InFlight: 128, Latency: 50 * time.Millisecond}
	all := map[string][]measurement{}
	for _, subject := range subjects() {
		m, err := measure(t.Context(), p, subject, t.TempDir()+"/files")
		if err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
		all[subject] = append(all[subject], m)
		for _, operation := range []string{"vendor", "cognito-idp.AdminGetUser", "cognito-idp.AdminUpdateUserAttributes"} {
			if n := m.Tally.Calls[operation]; n != p.Users {
				t.Errorf("%s: %d calls of %s, want %d", subject, n, operation, p.Users)
			}
		}
		if n := m.Tally.Calls["sqs.DeleteMessageBatch"]; n < p.Users/10 || n > p.Users/5 {
			t.Errorf("%s: %d deletes", subject, n)
		}
		if aws, vendor := m.Tally.CloudConnections, m.Tally.VendorConnections; aws > 2*p.InFlight || vendor > 2*p.InFlight {
			t.Errorf("%s: %d connections to AWS and %d to the vendor for %d slots: they are not kept", subject, aws, vendor, p.InFlight)
		}
	}
	if saves := all[subjectSQLite][0].Cost.Saves; saves < int64(p.Users) {
		t.Errorf("%d ledger writes", saves)
	}
	var table strings.Builder
	if err := printTable(&table, p, all); err != nil {
		t.Fatal(err)
	}
	for _, want := range append(subjects(), "users/s", "AdminGetUser", "commits") {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
}

func TestWrongUseIsExitCode2(t *testing.T) {
	for _, args := range [][]string{{"-users", "0"}, {"-rounds", "x"}, {"-nonsense"}, {"more"}} {
		var stderr strings.Builder
		if code := run(t.Context(), "", args, nil, &stderr, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%v: code %d, %q", args, code, stderr.String())
		}
	}
}
