package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// interrupted leaves an intent of a step open in the ledger, as a worker does that vanished in the middle of it, and
// lets its lease end.
func (w *world) interrupted(sub, step string) {
	w.t.Helper()
	id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
	r, err := w.ledger.Claim(w.t.Context(), id, "gone-"+time.Now().String(), time.Now(), time.Now().Add(time.Second))
	w.must(err)
	r.Steps = map[string]worker.StepRecord{step: {State: worker.StepIntent}}
	w.must(w.ledger.Save(w.t.Context(), r))
	time.Sleep(2 * time.Second)
}

func TestNobodyEndsARunWithAnOpenEffectThatIsNotFlagged(t *testing.T) {
	mailing := func(t *testing.T, class enrich.Class, run func() (enrich.Result, error)) (*vendor, *enrich.Pipeline) {
		mail := &vendor{class: class, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return run() }}
		p := company(t, answers(acme))
		p.Steps = append(p.Steps, enrich.Step{ID: "mail", Uses: "test", Connector: mail, Class: class, Timeout: time.Second})
		return mail, p
	}
	fine := func() (enrich.Result, error) { return nil, nil }
	in(t, "an unsafe step that panics may have had its effect: it is not called again", func(t *testing.T, on face) {
		mail, p := mailing(t, enrich.Unsafe, func() (enrich.Result, error) { panic("after the mail was sent") })
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Minute)
		expect(t, "calls", mail.count(), 1)
		expect(t, "mail", w.run(sub).Steps["mail"].State, worker.StepUnknown)
		expect(t, "flagged", len(w.run(sub).Flags), 1)
	})
	for name, leave := range map[string]func(w *world, sub string){
		"whose user is gone meanwhile": func(w *world, sub string) { w.deleteUser(sub) },
		"that crashed too often": func(w *world, sub string) {
			r := w.run(sub)
			r.Crashes = 3
			w.ledger.Put(r)
		},
		"that is too old": func(*world, string) { time.Sleep(6 * 24 * time.Hour) },
	} {
		in(t, "a run "+name+" ends with its open effect flagged", func(t *testing.T, on face) {
			_, p := mailing(t, enrich.Unsafe, fine)
			w := newWorld(t, on, p)
			sub := w.confirm("ada@acme.example")
			w.interrupted(sub, "mail")
			leave(w, sub)
			w.work(time.Minute)
			r := w.run(sub)
			expect(t, "ended", r.State != worker.Open, true)
			expect(t, "mail", r.Steps["mail"].State, worker.StepUnknown)
			expect(t, "open effects", len(r.OpenEffects()), 1)
			expect(t, "flagged", len(r.Flags), 1)
		})
	}
	in(t, "a run that is parked keeps what may be repeated open for the replay", func(t *testing.T, on face) {
		_, p := mailing(t, enrich.Keyed, fine)
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.interrupted(sub, "mail")
		time.Sleep(6 * 24 * time.Hour)
		w.work(time.Minute)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "mail", w.run(sub).Steps["mail"].State, worker.StepOpen)
	})
}
