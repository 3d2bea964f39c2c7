package main

import (
	"context"
	"errors"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/sqlite"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func newLedger(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := sqlite.Open(path, nil)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return filePrefix + path
}

func TestMomentsAreRead(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "2h": now.Add(-2 * time.Hour), "90m": now.Add(-90 * time.Minute), "0s": now, "7d": now.AddDate(0, 0, -7),
		"2026-01-02": time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "2026-01-02T15:04:05Z": time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC),
		"2026-01-02T15:04:05": time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), "2026-01-02 15:04": time.Date(2026, 1, 2, 15, 4, 0, 0, time.UTC),
		"2026-01-02T15:04:05+05:30": time.Date(2026, 1, 2, 9, 34, 5, 0, time.UTC), "2026-01-02T15:04:05.5Z": time.Date(2026, 1, 2, 15, 4, 5, 5e8, time.UTC),
	} {
		if got, err := moment("--since", text, now); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "-2h", "+2h", "2", "7D", "-1d", "99999999999d", "60000d", "1e9h", "2026-13-01", "2026-02-30", "1969-12-31", "0001-01-01", "2200-01-01",
		"2026-01-02T15:04:05 PST", "yesterday", " 2h", "2h; rm -rf /", "\x1b[31m2h"} {
		var p *problem
		if got, err := moment("--since", text, now); !errors.As(err, &p) || p.code != exitUsage || !strings.Contains(p.hint, "UTC") {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func TestASpanThatIsNoneIsRefused(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, o := range []operator{{since: "1h", until: "2h"}, {since: "2026-01-02", until: "2026-01-02"}, {since: "x"}, {until: "x"},
		{since: "2026-01-02T00:00:00Z", until: "2026-01-02T01:00:00+02:00"}} {
		var p *problem
		if _, _, err := o.span(now); !errors.As(err, &p) || p.code != exitUsage || !strings.Contains(p.hint, "UTC") {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	for _, o := range []operator{{}, {since: "2h"}, {until: "2h"}, {since: "2h", until: "1h"}} {
		if _, _, err := o.span(now); err != nil {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

func TestALineIsSafeForATerminal(t *testing.T) {
	for text, want := range map[string]string{"plain é": "plain é", "a\x1b[31mb": "a[31mb", "a\nb\tc": "a b c", "a\u202eb\u2066c": "abc", "a\xffb": "a?b",
		"\x9b31mx": "?31mx", "\u009b31m": "31m", "a\u200bb": "ab", " \r\n": "", "a\u2028b": "a b"} {
		if got := oneLine(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWhoActsAndWhyMustBeSaid(t *testing.T) {
	for _, why := range []string{"", "  ", "\x1b\u202e"} {
		var p *problem
		if err := (&operator{who: "ada", why: why}).signed(); !errors.As(err, &p) || p.code != exitUsage {
			t.Errorf("why %q: got %v", why, err)
		}
	}
	o := &operator{why: "OPS-1"}
	u, err := user.Current()
	if err := errors.Join(err, o.signed()); err != nil || o.who != u.Username {
		t.Errorf("who is %q, %v", o.who, err)
	}
}

func TestFlagsTakeTheWorkersVariables(t *testing.T) {
	for name, value := range map[string]string{"LEDGER": "sqlite:l", "QUEUE_URL": "q", "DLQ_URL": "d", "PIPELINE": "p", "WHO": "ada"} {
		t.Setenv("POSTCONFIRM_"+name, value)
	}
	var o operator
	cmd := &cobra.Command{}
	for _, add := range []func(*cobra.Command){o.ledgerFlag, o.queueFlag, o.dlqFlag, o.pipelineFlag, o.jsonFlag, o.whoFlags, o.spanFlags} {
		add(cmd)
	}
	if err := cmd.ParseFlags([]string{"--dlq", "other", "--why", "OPS-1", "--since", "2h", "--until", "1h", "--json"}); err != nil {
		t.Fatal(err)
	}
	want := operator{ledger: "sqlite:l", queue: "q", dlq: "other", pipeline: "p", who: "ada", why: "OPS-1", json: true, since: "2h", until: "1h"}
	o.cmd = nil
	if diff := cmp.Diff(want, o, cmp.AllowUnexported(operator{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALedgerOpensToChangeOrToLook(t *testing.T) {
	o := &operator{ledger: newLedger(t)}
	paper := worker.Paper{Drawer: "plans", Name: "p"}
	l, err := o.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, put := l.PutPaper(t.Context(), paper)
	if err := errors.Join(put, l.Close()); err != nil {
		t.Fatal(err)
	}
	l, err = o.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := l.Paper(t.Context(), "plans", "p"); !ok || err != nil {
		t.Errorf("found %v, %v", ok, err)
	}
	_, put = l.PutPaper(t.Context(), paper)
	for _, err := range []error{put, l.DropPaper(t.Context(), "plans", "p"), l.Amend(t.Context(), worker.Run{})} {
		if !errors.Is(err, errReadOnly) {
			t.Errorf("got %v", err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestALedgerThatIsNoneIsWrongUse(t *testing.T) {
	for _, place := range []string{"", "x", "sqlite:" + filepath.Join(t.TempDir(), "none.db")} {
		for name, open := range map[string]func(*operator) (operated, error){"open": func(o *operator) (operated, error) { return o.open(t.Context()) },
			"look": func(o *operator) (operated, error) { return o.look(t.Context()) }} {
			var p *problem
			if _, err := open(&operator{ledger: place}); !errors.As(err, &p) || p.code != exitUsage {
				t.Errorf("%s %q: got %v", name, place, err)
			}
		}
	}
}

func TestACommandStandsInTheAuditLogWithItsOutcome(t *testing.T) {
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"done", audit.Done, nil}, {"failed", audit.Failed, errors.New("broken")}, {"interrupted", audit.Partly, context.Canceled},
		{"partly done", audit.Partly, &problem{err: errors.New("some"), code: exitPartly}}, {"wrong use", audit.Refused, &problem{err: errors.New("no"), code: exitUsage}},
		{"failed as a problem", audit.Failed, &problem{err: errors.New("no"), code: exitFailed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			papers := (&fake.Ledger{}).Records()
			ctx, cancel := context.WithCancel(t.Context())
			o := &operator{who: "ada", why: "OPS-1"}
			err := o.audited(ctx, papers, audit.Entry{Action: "replay run"}, func(e *audit.Entry) error {
				e.Plan, e.Counts = "p-1", map[string]int{"reopened": 3}
				cancel() // the last entry is written all the same
				return c.err
			})
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			entries, err := (&audit.Log{Papers: papers}).List(t.Context(), "", 0)
			if err != nil || len(entries) != 2 {
				t.Fatal(entries, err)
			}
			if e := entries[0]; e.State != audit.Begun || e.Who != "ada" || e.Why != "OPS-1" || e.Counts != nil {
				t.Errorf("begun: %+v", e)
			}
			if e := entries[1]; e.State != c.want || e.Plan != "p-1" || e.Counts["reopened"] != 3 {
				t.Errorf("ended: %+v, want %s", e, c.want)
			}
		})
	}
}

func TestNothingIsDoneThatCannotBeLogged(t *testing.T) {
	l, down := &fake.Ledger{}, errors.New("down")
	l.FailNext(fake.Paper, down)
	did := false
	f := func(*audit.Entry) error { did = true; return nil }
	if err := (&operator{who: "ada", why: "x"}).audited(t.Context(), l.Records(), audit.Entry{Action: "a"}, f); !errors.Is(err, down) || did {
		t.Errorf("got %v, done %v", err, did)
	}
	f = func(*audit.Entry) error { l.FailNext(fake.Paper, down); return nil }
	if err := (&operator{who: "ada", why: "x"}).audited(t.Context(), l.Records(), audit.Entry{Action: "a"}, f); !errors.Is(err, down) {
		t.Errorf("an ending that is not logged: got %v", err)
	}
}
