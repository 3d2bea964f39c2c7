package worker_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// unsettled is a run with one step, and a flag that has nothing to do with it.
func unsettled(state worker.RunState, s worker.StepRecord, flags ...string) worker.Run {
	id := worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "s", Generation: "0"}
	return worker.Run{Identity: id, Key: id.Key(), State: state, Fence: 4, Steps: map[string]worker.StepRecord{"mail": s,
		"company": {State: worker.StepDone, Output: json.RawMessage(`{"name":"Acme"}`)}}, Flags: append([]string{"attribute website: too_long"}, flags...)}
}

func TestAnEffectIsSettled(t *testing.T) {
	began, now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 13, 0, 0, 123456789, time.UTC)
	known, unknown := now.Truncate(time.Millisecond), "step mail: unknown"
	sent, not := worker.Settlement{Sent: true, Code: "ses_send"}, worker.Settlement{Code: "ses_reject"}
	for _, c := range []struct {
		name  string
		run   worker.RunState
		from  worker.StepRecord
		flags []string
		say   worker.Settlement
		want  worker.StepRecord
		left  []string
	}{
		{"an open one of a done run as sent", worker.Done, worker.StepRecord{State: worker.StepUnknown, Code: "reset", At: began, First: began, Attempts: 1}, []string{unknown},
			sent, worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Code: "ses_send", At: known, First: began, Attempts: 1, Settled: true}, nil},
		{"an open one of a parked run as not sent", worker.Parked, worker.StepRecord{State: worker.StepUnknown, Code: "reset", At: began, First: began}, []string{unknown},
			not, worker.StepRecord{State: worker.StepFailed, Code: "ses_reject", At: known, Settled: true}, []string{"step mail: ses_reject"}},
		{"an open one of an open run", worker.Open, worker.StepRecord{State: worker.StepUnknown}, []string{unknown},
			sent, worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Code: "ses_send", At: known, Settled: true}, nil},
		{"an intent of a parked run", worker.Parked, worker.StepRecord{State: worker.StepIntent, At: began}, nil,
			sent, worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Code: "ses_send", At: known, Settled: true}, nil},
		{"one of a user who is gone", worker.Gone, worker.StepRecord{State: worker.StepUnknown}, []string{unknown},
			sent, worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Code: "ses_send", At: known, Settled: true}, nil},
		{"one that was answered well, as refused later", worker.Done,
			worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Output: json.RawMessage(`{"message_id":"1"}`), At: began}, nil,
			not, worker.StepRecord{State: worker.StepFailed, Code: "ses_reject", At: known, Settled: true}, []string{"step mail: ses_reject"}},
		{"one that was settled, the other way", worker.Done, worker.StepRecord{State: worker.StepFailed, Code: "ses_reject", Settled: true}, []string{"step mail: ses_reject"},
			worker.Settlement{Sent: true, Code: "ses_delivery"},
			worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Code: "ses_delivery", At: known, Settled: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, want := unsettled(c.run, c.from, c.flags...), unsettled(c.run, c.want, c.left...)
			before := r.Flags
			if err := r.Settle("mail", c.say, now); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(unsettled(c.run, c.from, c.flags...).Flags, before); diff != "" {
				t.Errorf("another copy's flags changed:\n%s", diff)
			}
			if open := r.OpenEffects(); len(open) > 0 {
				t.Errorf("still open: %v", open)
			}
		})
	}
}

func TestWhatIsNoOpenEffectIsNotSettled(t *testing.T) {
	for name, c := range map[string]struct {
		run  worker.RunState
		step string
		from worker.StepRecord
		say  worker.Settlement
	}{
		"an intent whose worker may be at it": {worker.Open, "mail", worker.StepRecord{State: worker.StepIntent}, worker.Settlement{Sent: true}},
		"a step that will be tried again":     {worker.Parked, "mail", worker.StepRecord{Code: "timeout"}, worker.Settlement{Sent: true}},
		"a step that failed":                  {worker.Parked, "mail", worker.StepRecord{State: worker.StepFailed, Code: "bad_recipient"}, worker.Settlement{Sent: true}},
		"a step that was skipped":             {worker.Done, "mail", worker.StepRecord{State: worker.StepSkipped}, worker.Settlement{Code: "x"}},
		"a step that is done, as sent":        {worker.Done, "mail", worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound}, worker.Settlement{Sent: true}},
		"a step that has its default":         {worker.Done, "mail", worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeDefault}, worker.Settlement{Code: "x"}},
		"a step that the run does not have":   {worker.Done, "male", worker.StepRecord{State: worker.StepUnknown}, worker.Settlement{Sent: true}},
		"the attributes": {worker.Done, enrich.AttributesStep, worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound},
			worker.Settlement{Code: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			make := func() worker.Run {
				r := unsettled(c.run, c.from)
				r.Steps[enrich.AttributesStep] = worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound}
				return r
			}
			r := make()
			if err := r.Settle(c.step, c.say, time.Now()); !errors.Is(err, worker.ErrNoOpenEffect) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(make(), r); diff != "" {
				t.Errorf("it changed:\n%s", diff)
			}
		})
	}
}

func TestAReopenedRunTriesAnewWhatWasNotSent(t *testing.T) {
	r := unsettled(worker.Parked, worker.StepRecord{State: worker.StepUnknown, Attempts: 2, First: time.Now().Add(-48 * time.Hour)}, "step mail: unknown")
	if err := r.Settle("mail", worker.Settlement{Code: "operator"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	r.Reopen(time.Now(), worker.Reopening{})
	got := r.Steps["mail"]
	got.At = time.Time{}
	if diff := cmp.Diff(worker.StepRecord{Code: "operator"}, got); diff != "" {
		t.Errorf("step (-want +got):\n%s", diff)
	}
}
