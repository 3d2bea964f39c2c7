package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

// backfill sends a message of a deliberate second pass.
func (w *world) backfill(sub string) {
	w.t.Helper()
	m := w.message(sub)
	m.Generation, m.Source = "plan-2026", event.SourceBackfill
	w.send(string(m.Encode()))
}

// reopen does what an operator does: the parked run goes on, and a message wakes the worker up.
func (w *world) reopen(sub string) {
	w.t.Helper()
	r := w.run(sub)
	r.Reopen(time.Now(), worker.Reopening{})
	w.must(w.ledger.Records().Amend(w.t.Context(), r))
	m := w.message(sub)
	m.Reopens = r.Reopens
	w.send(string(m.Encode()))
}

// versions is a vendor whose answer says how often it was asked, and one that fails for good the first times.
func versions(t *testing.T, refusals int) (*enrich.Pipeline, *vendor) {
	v := &vendor{class: enrich.Read, run: func(_ context.Context, _ enrich.Call, n int) (enrich.Result, error) {
		return enrich.Result{"name": "version " + string(rune('0'+n))}, nil
	}}
	crm := failsFirst(enrich.Idempotent, enrich.Result{"id": "c1"}, same(errRefused, refusals)...)
	p := company(t, v)
	p.Steps = append(p.Steps, enrich.Step{ID: "crm", Uses: "test", Connector: crm, Class: enrich.Idempotent, Timeout: time.Second, Fields: []expr.Path{{"id"}}})
	p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:crm_id", Value: template(t, "${{ steps.crm.id }}")})
	return p, v
}

func TestWhatIsOlderNeverOverwritesWhatIsNewer(t *testing.T) {
	in(t, "a run that waited, with its older answers, leaves what a later generation wrote", func(t *testing.T, on face) {
		p, v := versions(t, 0)
		p.Steps[1].Connector = failsFirst(enrich.Idempotent, enrich.Result{"id": "c1"}, throttled(3*time.Hour))
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "the onboarding waits", w.run(sub).State, worker.Open)
		w.backfill(sub)
		w.work(time.Minute)
		expect(t, "attribute of the backfill", w.attributes(sub)["custom:company"], "version 2")
		w.work(4 * time.Hour)
		r := w.run(sub)
		expect(t, "run", r.State, worker.Done)
		expect(t, "calls", v.count(), 2)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "version 2")
		expect(t, "its flag", len(r.Flags) > 0 && r.Flags[0] == "attribute custom:company: newer_there", true)
	})
	in(t, "two generations of one person at once: one after the other, and the newer answer stays", func(t *testing.T, on face) {
		most := 0
		v := watched(5*time.Second, &most)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.backfill(sub)
		w.work(10 * time.Minute)
		expect(t, "at once", most, 1)
		expect(t, "calls", v.count(), 2)
		w.onboarded(sub)
	})
	in(t, "a worker that dies after the write and before its receipt is not overtaken by older answers", func(t *testing.T, on face) {
		p, _ := versions(t, 0)
		p.Steps[1].Connector = failsFirst(enrich.Idempotent, enrich.Result{"id": "c1"}, throttled(3*time.Hour))
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		w.backfill(sub)
		w.store = &dying{Ledger: w.ledger, generation: "plan-2026"}
		w.work(30 * time.Second)
		expect(t, "the backfill wrote", w.attributes(sub)["custom:company"], "version 2")
		w.work(6 * time.Hour)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "version 2")
		expect(t, "run", w.run(sub).State, worker.Done)
	})
}

func TestNoMessageGoesBeforeTheLedgerKnows(t *testing.T) {
	in(t, "the ledger takes everything but the end: the message stays, and the end comes later", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		w.store = endless{w.ledger}
		sub := w.confirm("ada@acme.example")
		w.work(10 * time.Minute)
		expect(t, "the message is gone", w.left() == "0+0", false)
		expect(t, "run", w.run(sub).State, worker.Open)
		w.store = nil
		w.work(time.Hour)
		expect(t, "queue", w.left(), "0+0")
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "calls", v.count(), 1)
	})
}

// endless is a ledger that takes no final state.
type endless struct{ worker.Ledger }

func (e endless) Save(ctx context.Context, r worker.Run) error {
	if r.State != worker.Open {
		return context.DeadlineExceeded
	}
	return e.Ledger.Save(ctx, r)
}

func TestAConditionIsDecidedOnce(t *testing.T) {
	in(t, "a step that was due stays due, however long it has to wait", func(t *testing.T, on face) {
		v := failsFirst(enrich.Read, acme, throttled(2*time.Hour))
		p := company(t, v)
		p.Steps[0].If = condition(t, `run.age < duration("1h")`)
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(6 * time.Hour)
		expect(t, "calls", v.count(), 2)
		expect(t, "attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
	})
}

// dying is a ledger that knows nothing any more of one generation once its attributes are written: as if whoever works
// on it were killed then, and nobody came after.
type dying struct {
	worker.Ledger
	generation string
	dead       atomic.Bool
}

func (d *dying) Save(ctx context.Context, r worker.Run) error {
	if r.Generation == d.generation && (d.dead.Load() || r.Steps[enrich.AttributesStep].State == worker.StepDone) {
		d.dead.Store(true)
		return context.DeadlineExceeded
	}
	return d.Ledger.Save(ctx, r)
}

func (d *dying) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if id.Generation == d.generation && d.dead.Load() {
		return worker.Run{}, context.DeadlineExceeded
	}
	return d.Ledger.Claim(ctx, id, owner, now, until)
}

func TestAReopenedRun(t *testing.T) {
	in(t, "goes on at the step that failed, and repeats nothing that is done", func(t *testing.T, on face) {
		p, v := versions(t, 1)
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "letters", len(w.letters()), 1)
		w.reopen(sub)
		w.work(time.Minute)
		r := w.run(sub)
		expect(t, "run", r.State, worker.Done)
		expect(t, "calls of the finished step", v.count(), 1)
		expect(t, "attribute", w.attributes(sub)["custom:crm_id"], "c1")
		expect(t, "reopens", r.Reopens, 1)
	})
	in(t, "fails again: a second letter, which says so; older messages of it are dropped", func(t *testing.T, on face) {
		p, _ := versions(t, 100)
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		_ = w.letters()
		w.reopen(sub)
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Parked)
		time.Sleep(time.Minute)
		letters := w.letters()
		expect(t, "letters", len(letters), 2)
		w.send(string(w.message(sub).Encode()))
		w.work(time.Minute)
		expect(t, "queue", w.left(), "0+0")
		time.Sleep(time.Minute)
		expect(t, "letters", len(w.letters()), 2)
	})
	in(t, "has a fresh age, and its first one for the conditions", func(t *testing.T, on face) {
		p, _ := versions(t, 1)
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		time.Sleep(9 * 24 * time.Hour)
		w.reopen(sub)
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
	})
}

func TestARunThatTheLedgerCannotTrust(t *testing.T) {
	in(t, "is a letter with its body, nothing is done for it, and others go on", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		bad := w.confirm("ada@acme.example")
		w.store = distrusting{w.ledger, event.RunKey(w.pool, bad, event.Onboarding)}
		good := w.confirm("bob@acme.example")
		w.work(time.Minute)
		letters := w.letters()
		if len(letters) != 1 || reason(letters[0]) != "ledger_corrupt" {
			t.Fatalf("letters: %+v", letters)
		}
		expect(t, "calls", v.count(), 1)
		expect(t, "the other run", w.run(good).State, worker.Done)
		expect(t, "queue", w.left(), "0+0")
	})
}

// distrusting is a ledger in which one record is damaged.
type distrusting struct {
	worker.Ledger
	key string
}

func (d distrusting) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if id.Key() == d.key {
		return worker.Run{}, worker.ErrDamaged
	}
	return d.Ledger.Claim(ctx, id, owner, now, until)
}
