package inspect_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// logged is an operators' log with an entry about a step of a run, at a time.
func logged(t *testing.T, papers worker.Papers, at time.Time, e audit.Entry) {
	t.Helper()
	e.Action = "resolve sent"
	l := &audit.Log{Papers: papers, Now: func() time.Time { return at }}
	if _, err := l.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func TestWhoSettledAStepIsNamed(t *testing.T) {
	r := parked(1, "http_503")
	if err := r.Settle("mail", worker.Settlement{Sent: true, Code: "operator_sent"}, noon); err != nil {
		t.Fatal(err)
	}
	mail := func(i *inspect.Inspector) inspect.Step {
		all := detail(t, i, r, nil).Steps
		return all[slices.IndexFunc(all, func(s inspect.Step) bool { return s.ID == "mail" })]
	}
	i, l, _ := over([]worker.Run{r})
	if s := mail(i); s.Settled == nil || s.Settled.Who != "" {
		t.Errorf("without a log: %+v", s.Settled)
	}
	papers := l.Records()
	i.Audit = &audit.Log{Papers: papers}
	logged(t, papers, noon.Add(-time.Hour), audit.Entry{Who: "early", State: audit.Done, Run: r.Key, Step: "mail"})
	logged(t, papers, noon, audit.Entry{Who: "other", State: audit.Done, Run: "another", Step: "mail"})
	logged(t, papers, noon, audit.Entry{Who: "other", State: audit.Done, Run: r.Key, Step: "crm"})
	if s := mail(i); s.Settled == nil || s.Settled.Who != "" {
		t.Errorf("the other side told: %+v", s.Settled)
	}
	logged(t, papers, noon, audit.Entry{Who: "ada", Why: "OPS-1", State: audit.Begun, Run: r.Key, Step: "mail"})
	logged(t, papers, noon.Add(time.Second), audit.Entry{Who: "bob", State: audit.Failed, Run: r.Key, Step: "mail"})
	if s := mail(i); s.Settled == nil || *s.Settled != (inspect.Settled{Who: "ada", Why: "OPS-1"}) {
		t.Errorf("an operator said it: %+v", s.Settled)
	}
	down, gone := &fake.Ledger{}, errors.New("down")
	down.Down(gone)
	i.Audit = &audit.Log{Papers: down.Records()}
	if _, err := i.Detail(t.Context(), r.Key, worker.Identity{}, nil); !errors.Is(err, gone) {
		t.Errorf("a log that can't be read: %v", err)
	}
}

func TestTheStepsThatWereChosenAreNamed(t *testing.T) {
	r := parked(1, "http_503")
	r.Source, r.Origin.Steps = "backfill", []string{"crm"}
	i, _, _ := over([]worker.Run{r})
	d := detail(t, i, r, nil)
	if !slices.Equal(d.Event.Steps, []string{"crm"}) || d.Timeline[0].Text != "enqueued by backfill" {
		t.Errorf("got %v, %+v", d.Event.Steps, d.Timeline[0])
	}
}
