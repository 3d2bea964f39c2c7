package worker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

// chosenWorld has a user of an older onboarding, and a pipeline of a question, one that needs it, and a mail.
type chosenWorld struct {
	*world
	company, crm, mail *vendor
	sub                string
}

func newChosenWorld(t *testing.T, on face, company2, crm *vendor) *chosenWorld {
	t.Helper()
	mail := &vendor{class: enrich.Unsafe, run: answers(nil).run}
	p := company(t, company2)
	p.Steps = append(p.Steps,
		enrich.Step{ID: "crm", Uses: "test", Needs: []string{"company"}, Connector: crm, Class: enrich.Read, Timeout: time.Second, Fields: []expr.Path{{"id"}}},
		enrich.Step{ID: "mail", Uses: "test", Needs: []string{"attributes"}, Connector: mail, Class: enrich.Unsafe, Timeout: time.Second})
	p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:crm_id", Value: template(t, "${{ steps.crm.id }}")})
	w := newWorld(t, on, p)
	up := w.confirm("ada@acme.example")
	w.purge()
	return &chosenWorld{w, company2, crm, mail, up}
}

// purge empties the queue: only what is sent after it counts.
func (w *world) purge() {
	w.t.Helper()
	_, err := w.clients.SQS.PurgeQueue(w.t.Context(), &sqs.PurgeQueueInput{QueueUrl: &w.queue})
	w.must(err)
}

// pass sends the message of a second pass that chooses steps; nil is all.
func (w *chosenWorld) pass(steps []string) worker.Identity {
	m := w.message(w.sub)
	m.Generation, m.Source, m.Steps = "plan-2", event.SourceBackfill, steps
	w.send(string(m.Encode()))
	return worker.Identity{Pool: m.Pool, Sub: m.Sub, Generation: m.Generation}
}

func (w *chosenWorld) of(id worker.Identity) worker.Run {
	r, ok := w.ledger.Run(id.Key())
	expect(w.t, "the ledger knows the run", ok, true)
	return r
}

func TestChosenSteps(t *testing.T) {
	found := func() *vendor { return answers(enrich.Result{"id": "c1"}) }
	in(t, "only what was chosen is called, what needs the others goes on and sees null, and attributes are written", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, answers(acme), found())
		id := w.pass([]string{"crm"})
		w.work(time.Minute)
		r := w.of(id)
		expect(t, "run", r.State, worker.Done)
		expect(t, "company calls", w.company.count(), 0)
		expect(t, "company", r.Steps["company"].State, worker.StepSkipped)
		expect(t, "its code", r.Steps["company"].Code, "not_chosen")
		expect(t, "crm calls", w.crm.count(), 1)
		expect(t, "mail calls", w.mail.count(), 0)
		expect(t, "written", w.attributes(w.sub)["custom:crm_id"], "c1")
		expect(t, "not written", w.attributes(w.sub)["custom:company"], "")
		expect(t, "flags", len(r.Flags), 0)
	})
	in(t, "a choice of no step at all calls nobody", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, answers(acme), found())
		id := w.pass([]string{})
		w.work(time.Minute)
		expect(t, "run", w.of(id).State, worker.Done)
		expect(t, "calls", w.company.count()+w.crm.count()+w.mail.count(), 0)
	})
	in(t, "without a choice every step is run, an unsafe one too", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, answers(acme), found())
		w.pass(nil)
		w.work(time.Minute)
		expect(t, "calls", w.company.count()+w.crm.count()+w.mail.count(), 3)
	})
	in(t, "the choice holds in every retry", func(t *testing.T, on face) {
		down := failsFirst(enrich.Read, acme, same(errDown, 10)...)
		w := newChosenWorld(t, on, down, found())
		id := w.pass([]string{"company"})
		w.work(time.Hour)
		expect(t, "run", w.of(id).State, worker.Done)
		expect(t, "company calls", down.count(), 11)
		expect(t, "crm and mail calls", w.crm.count()+w.mail.count(), 0)
	})
	in(t, "the choice holds after a crash, with a copy of the message that has none, and in another generation's place", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, answers(acme), found())
		id := w.pass([]string{"company"})
		w.work(time.Minute)
		r := w.of(id)
		r.State, r.Steps = worker.Open, nil // as if nothing had been stored but the claim and the origin
		w.ledger.Put(r)
		w.pass(nil)
		w.work(time.Minute)
		expect(t, "crm and mail calls", w.crm.count()+w.mail.count(), 0)
		expect(t, "chosen", slices.Equal(w.of(id).Origin.Steps, []string{"company"}), true)
	})
	in(t, "a message that chooses narrows a run that was about all", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, answers(acme), found())
		id := worker.Identity{Pool: w.pool, Sub: w.sub, Generation: "plan-2"}
		w.ledger.Put(worker.Run{Identity: id, Key: id.Key(), State: worker.Open, FirstSeen: time.Now(), Updated: time.Now(),
			Origin: worker.Origin{At: time.Now()}})
		w.pass([]string{"company", "crm"})
		w.work(time.Minute)
		expect(t, "run", w.of(id).State, worker.Done)
		expect(t, "mail calls", w.mail.count(), 0)
	})
	in(t, "a replay keeps the choice, and a step that is named for it joins", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, failsFirst(enrich.Read, acme, errRefused), found())
		id := w.pass([]string{"company"})
		w.work(time.Minute)
		r := w.of(id)
		expect(t, "run", r.State, worker.Parked)
		r.Reopen(time.Now(), worker.Reopening{Plan: "p"})
		w.ledger.Put(r)
		m := r.Message()
		expect(t, "the message chooses", slices.Equal(m.Steps, []string{"company"}), true)
		w.send(string(m.Encode()))
		w.work(time.Minute)
		r = w.of(id)
		expect(t, "run", r.State, worker.Done)
		expect(t, "crm and mail calls", w.crm.count()+w.mail.count(), 0)
		r.Reopen(time.Now(), worker.Reopening{Plan: "p", Rerun: []string{"crm"}})
		w.ledger.Put(r)
		m = r.Message()
		w.send(string(m.Encode()))
		w.work(time.Minute)
		expect(t, "crm calls", w.crm.count(), 1)
		expect(t, "mail calls", w.mail.count(), 0)
		expect(t, "written", w.attributes(w.sub)["custom:crm_id"], "c1")
	})
	in(t, "a step that the pipeline does not have is no step", func(t *testing.T, on face) {
		w := newChosenWorld(t, on, answers(acme), found())
		id := w.pass([]string{"company", "nobody"})
		w.work(time.Minute)
		expect(t, "run", w.of(id).State, worker.Done)
		expect(t, "calls", w.company.count(), 1)
	})
}
