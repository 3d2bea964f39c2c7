package worker_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// replayed reopens a run as the ledger has it, and sends the message that the run makes of itself.
func (w *world) replayed(sub, pipeline string, how worker.Reopening) {
	w.t.Helper()
	r := w.run(sub)
	r.Reopen(time.Now(), how)
	w.must(w.ledger.Records().Amend(w.t.Context(), r))
	m := r.Message()
	m.Pipeline = pipeline
	w.send(string(m.Encode()))
}

func TestARunIsReplayedFromTheLedgerAlone(t *testing.T) {
	in(t, "with the metadata and the age of its first message, though that is long gone", func(t *testing.T, on face) {
		p := company(t, failsFirst(enrich.Read, acme, errRefused))
		p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:plan", Value: template(t, "${{ run.metadata.plan }}")})
		w := newWorld(t, on, p)
		sub := w.confirmWith("ada@acme.example", map[string]string{"plan": "pro"})
		w.work(time.Minute)
		r := w.run(sub)
		expect(t, "state", r.State, worker.Parked)
		expect(t, "domain", r.Domain, worker.DomainHash("acme.example"))
		expect(t, "cause", r.Cause(), worker.Cause{Step: "company", Class: "permanent", Code: "http_422"})
		w.replayed(sub, "", worker.Reopening{Plan: "p-1"})
		w.work(time.Minute)
		expect(t, "state", w.run(sub).State, worker.Done)
		expect(t, "plan", w.run(sub).Plan, "p-1")
		expect(t, "company", w.attributes(sub)["custom:company"], "Acme Ltd")
		expect(t, "metadata", w.attributes(sub)["custom:plan"], "pro")
	})
	in(t, "a step that is to be done anew has an effect under a new key; the others stay", func(t *testing.T, on face) {
		crm := &vendor{class: enrich.Keyed, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return enrich.Result{"id": "c1"}, nil }}
		v := answers(acme)
		p := company(t, v)
		p.Steps = append(p.Steps, enrich.Step{ID: "tell", Uses: "test", Connector: crm, Class: enrich.Keyed, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.replayed(sub, "", worker.Reopening{Rerun: []string{"tell"}})
		w.work(time.Minute)
		key := w.run(sub).Key
		expect(t, "state", w.run(sub).State, worker.Done)
		expect(t, "lookups", v.count(), 1)
		if diff := cmp.Diff(map[string]int{key + "-tell": 1, key + "-tell-1": 1}, crm.keys); diff != "" {
			t.Errorf("effects (-want +got):\n%s", diff)
		}
	})
	in(t, "an open effect that is to be done anew is no longer flagged", func(t *testing.T, on face) {
		mail := failsFirst(enrich.Unsafe, enrich.Result{}, &enrich.Error{Kind: enrich.Temporary, Code: "timeout", Sent: true})
		p := company(t, answers(acme))
		p.Steps = append(p.Steps, enrich.Step{ID: "mail", Uses: "test", Connector: mail, Class: enrich.Unsafe, Timeout: time.Second})
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		r := w.run(sub)
		expect(t, "cause", r.Cause(), worker.Cause{Step: "mail", Class: worker.ClassUnknown, Code: "timeout"})
		w.replayed(sub, "", worker.Reopening{Rerun: []string{"mail"}})
		w.work(time.Minute)
		r = w.run(sub)
		expect(t, "mails", mail.count(), 2)
		expect(t, "flags", len(r.Flags), 0)
		expect(t, "cause", r.Cause(), worker.Cause{})
	})
}

func TestTheLedgerTellsHowAStepFailed(t *testing.T) {
	in(t, "when, for how long, what was said, and what was charged; the first ones and the last", func(t *testing.T, on face) {
		slow := &enrich.Error{Kind: enrich.Temporary, Code: "http_503", Sent: true, Refused: true, RetryAfter: 30 * time.Second}
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, acme, same(slow, 4)...)))
		sub := w.confirm("ada@acme.example")
		w.work(time.Hour)
		s := w.run(sub).Steps["company"]
		expect(t, "state", s.State, worker.StepDone)
		if len(s.Failures) == 0 || len(s.Failures) > worker.MaxFailures {
			t.Fatalf("%d failures", len(s.Failures))
		}
		f := s.Failures[0]
		expect(t, "code", f.Code, "http_503")
		expect(t, "kind", f.Kind, "temporary")
		expect(t, "wait", f.Wait, 30)
		expect(t, "calls", f.Calls > 0, true)
		expect(t, "times", slices.IsSortedFunc(s.Failures, func(a, b worker.Failure) int { return a.At.Compare(b.At) }), true)
	})
	in(t, "no more than so many, the first two among them", func(t *testing.T, on face) {
		errs := []error{}
		for i := range 20 {
			errs = append(errs, &enrich.Error{Kind: enrich.Throttled, Code: "slow_" + string(rune('a'+i)), Sent: true, Refused: true, RetryAfter: time.Second})
		}
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, acme, errs...)))
		sub := w.confirm("ada@acme.example")
		w.work(10 * time.Hour)
		var codes []string
		for _, f := range w.run(sub).Steps["company"].Failures {
			codes = append(codes, f.Code)
		}
		if len(codes) != worker.MaxFailures || codes[0] != "slow_a" || codes[1] != "slow_b" || codes[7] != "slow_t" {
			t.Errorf("got %v", codes)
		}
	})
}

func TestARunMayWantAnotherPipelineFile(t *testing.T) {
	then := func(t *testing.T) *enrich.Pipeline {
		p := company(t, answers(enrich.Result{"name": "of then"}))
		p.Hash = "hash of then"
		return p
	}
	in(t, "and has it", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, acme, errRefused)))
		w.options.Pipelines = func(_ context.Context, hash string) (*enrich.Pipeline, error) {
			expect(t, "hash", hash, "hash of then")
			return then(t), nil
		}
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.replayed(sub, "hash of then", worker.Reopening{})
		w.work(time.Minute)
		expect(t, "state", w.run(sub).State, worker.Done)
		expect(t, "pipeline", w.run(sub).Pipeline, "hash of then")
		expect(t, "attribute", w.attributes(sub)["custom:company"], "of then")
	})
	in(t, "and waits for it, uncharged, while it can't be had", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, acme, errRefused)))
		away := true
		w.options.Pipelines = func(context.Context, string) (*enrich.Pipeline, error) {
			if away {
				return nil, errors.New("not there")
			}
			return then(t), nil
		}
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.replayed(sub, "hash of then", worker.Reopening{})
		w.work(10 * time.Minute)
		expect(t, "state", w.run(sub).State, worker.Open)
		expect(t, "attempts", func() int { r := w.run(sub); return r.Attempts() }(), 0)
		away = false
		w.work(10 * time.Minute)
		expect(t, "state", w.run(sub).State, worker.Done)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "of then")
	})
	in(t, "and is parked when nobody has it within an hour", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, acme, errRefused)))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.replayed(sub, "hash of then", worker.Reopening{})
		w.work(2 * time.Hour)
		expect(t, "state", w.run(sub).State, worker.Parked)
		expect(t, "reason", w.run(sub).Reason, "pipeline_unavailable")
	})
}

func TestAMessageOfARunIsWhatItCameFrom(t *testing.T) {
	r := worker.Run{Identity: worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "s", Generation: "0", Source: event.SourceSignup, Client: "web"}, Reopens: 2}
	want := event.Message{Pool: r.Pool, Region: "eu-west-1", User: "s", Sub: "s", Generation: "0", Source: "signup", Client: "web", Reopens: 2}
	if diff := cmp.Diff(want, r.Message()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADomainIsOnlyRecognised(t *testing.T) {
	if worker.DomainHash("") != "" || worker.DomainHash("Acme.example") != worker.DomainHash("acme.example") || len(worker.DomainHash("a")) != 8 {
		t.Errorf("%q %q", worker.DomainHash("Acme.example"), worker.DomainHash("acme.example"))
	}
}
