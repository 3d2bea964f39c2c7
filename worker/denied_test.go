package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// What a connector calls denied is about us: a secret that can't sign, a token that is refused, a role that may not. In
// twelve hours a user who is charged for it has long used up the eight attempts of a step.
func TestAStepThatIsNotLetInChargesNobody(t *testing.T) {
	denied := &enrich.Error{Kind: enrich.Denied, Code: "bad_secret"}
	vendor := func(end time.Time, who string) *vendor {
		return &vendor{class: enrich.Keyed, run: func(_ context.Context, call enrich.Call, _ int) (enrich.Result, error) {
			user, _ := call.Vars["user"].(map[string]any)
			if time.Now().Before(end) && (who == "" || user["email"] == who) {
				return nil, denied
			}
			return acme, nil
		}}
	}
	in(t, "everybody waits until it is mended, and goes on", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, vendor(time.Now().Add(12*time.Hour), "")))
		subs := w.crowd(20)
		w.work(14 * time.Hour)
		for _, sub := range subs {
			w.onboarded(sub)
		}
	})
	in(t, "one alone waits, too, and the others don't", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, vendor(time.Now().Add(12*time.Hour), "ada@acme.example")))
		sub, subs := w.confirm("ada@acme.example"), w.crowd(20)
		w.work(time.Hour)
		for _, other := range subs {
			expect(t, "run", w.run(other).State, worker.Done)
		}
		expect(t, "charged", w.run(sub).Steps["company"].Attempts, 0)
		expect(t, "code", w.run(sub).Steps["company"].Code, "bad_secret")
		w.work(13 * time.Hour)
		w.onboarded(sub)
	})
}
