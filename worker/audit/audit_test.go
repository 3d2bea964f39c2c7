package audit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestEntriesComeBackInTheirOrder(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := &audit.Log{Papers: (&fake.Ledger{}).Records(), Now: func() time.Time { now = now.Add(time.Second); return now }}
	var want []string
	for range 5 {
		id, err := l.Append(t.Context(), audit.Entry{Who: "ada", Action: "replay run", State: audit.Done, Why: "OPS-1", Counts: map[string]int{"reopened": 3}})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	var got []string
	for after := ""; ; {
		page, err := l.List(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			got, after = append(got, e.ID), e.ID
			if e.Who != "ada" || e.Counts["reopened"] != 3 || e.At.IsZero() {
				t.Errorf("got %+v", e)
			}
		}
		if len(page) < 2 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnEntryIsOneShortLine(t *testing.T) {
	l := &audit.Log{Papers: (&fake.Ledger{}).Records()}
	why := "x\n\x1b[31m\u202e" + strings.Repeat("é", 600) + "\xff"
	if _, err := l.Append(t.Context(), audit.Entry{Who: "a\tb", Action: "resolve", State: audit.Begun, Why: why}); err != nil {
		t.Fatal(err)
	}
	got, err := l.List(t.Context(), "", 0)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if e := got[0]; e.Who != "a b" || len(e.Why) > 500 || strings.ContainsAny(e.Why, "\n\x1b\u202e\ufffd") {
		t.Errorf("who %q, why %q", e.Who, e.Why)
	}
}

func TestAnEntryNeedsItsParts(t *testing.T) {
	l := &audit.Log{Papers: (&fake.Ledger{}).Records()}
	for _, e := range []audit.Entry{{Action: "a", State: "s"}, {Who: "w", State: "s"}, {Who: "w", Action: "a"}} {
		if _, err := l.Append(t.Context(), e); err == nil {
			t.Errorf("%+v was appended", e)
		}
	}
}

func TestAFailedWriteIsAnError(t *testing.T) {
	f, down := &fake.Ledger{}, errors.New("down")
	f.Down(down)
	l := &audit.Log{Papers: f.Records()}
	if _, err := l.Append(t.Context(), audit.Entry{Who: "w", Action: "a", State: "s"}); !errors.Is(err, down) {
		t.Error(err)
	}
	if _, err := l.List(t.Context(), "", 0); !errors.Is(err, down) {
		t.Error(err)
	}
}
