package worker_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

func TestABrownOutIsNotAmplified(t *testing.T) {
	in(t, "every second call fails, for an hour: few repeats, nobody parked", func(t *testing.T, on face) {
		const users = 600
		v := &vendor{class: enrich.Read, run: func(_ context.Context, _ enrich.Call, n int) (enrich.Result, error) {
			if n%2 == 0 {
				return nil, errDown
			}
			return acme, nil
		}}
		w := newWorld(t, on, company(t, v))
		w.options.Budget = worker.NewBudget(100, nil)
		subs := make([]string, users)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(time.Hour)
		charged := w.charges(subs, "company")
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		t.Logf("%d calls for %d users, %d attempts charged", v.count(), users, charged)
		if v.count() > 2*users+40 {
			t.Errorf("%d calls for %d users, of which every second call fails", v.count(), users)
		}
		if charged > 40 {
			t.Errorf("%d attempts were charged for the vendor's brown-out", charged)
		}
	})
	in(t, "one user whom a vendor can't stand is still charged, and parked, in an hour or so", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, nil, same(errDown, 1000)...)))
		sub := w.confirm("ada@acme.example")
		w.work(2 * time.Hour)
		expect(t, "run", w.run(sub).State, worker.Parked)
	})
}
