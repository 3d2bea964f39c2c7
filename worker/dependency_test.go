package worker_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
)

// sickUntil is a vendor that is down until a time, and says how often it was asked meanwhile.
func sickUntil(end time.Time, r enrich.Result) *vendor {
	return &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
		if time.Now().Before(end) {
			return nil, errDown
		}
		return r, nil
	}}
}

// charges adds up what the runs were charged for a step.
func (w *world) charges(subs []string, step string) (sum int) {
	for _, sub := range subs {
		sum += w.run(sub).Steps[step].Attempts
	}
	return sum
}

func TestASickVendor(t *testing.T) {
	in(t, "nobody is charged for it, it is hardly asked, and everybody is enriched when it is back", func(t *testing.T, on face) {
		const users = 60
		v := sickUntil(time.Now().Add(time.Hour), acme)
		w := newWorld(t, on, company(t, v))
		subs := make([]string, users)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(time.Hour)
		if asked := v.count(); asked > users/2+3600/30+10 {
			t.Errorf("a vendor that was down for an hour was asked %d times", asked)
		}
		w.work(30 * time.Minute)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
		expect(t, "letters", len(w.letters()), 0)
	})
	in(t, "what the first ones were charged before it was known is given back", func(t *testing.T, on face) {
		v := sickUntil(time.Now().Add(time.Hour), acme)
		w := newWorld(t, on, company(t, v))
		confirmed := make(chan string, 4)
		for i, name := range []string{"one", "two", "three", "four"} { // one after the other: the third proves that it is not the users
			time.AfterFunc(time.Duration(i)*time.Second, func() { confirmed <- w.confirm(name + "@acme.example") })
		}
		w.work(3 * time.Hour)
		subs := []string{<-confirmed, <-confirmed, <-confirmed, <-confirmed}
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
	})
	in(t, "steps and users that do not need it are unaffected", func(t *testing.T, on face) {
		v, other := sickUntil(time.Now().Add(time.Hour), acme), answers(enrich.Result{"id": "c1"})
		p := company(t, v)
		p.Steps[0].If = condition(t, `user.email_domain == "acme.example"`)
		p.Steps = append(p.Steps, enrich.Step{ID: "crm", Uses: "test", Connector: other, Class: enrich.Read, Timeout: time.Second, Fields: []expr.Path{{"id"}}})
		p.Attributes = append(p.Attributes, enrich.Attribute{Name: "custom:crm_id", Value: template(t, "${{ steps.crm.id }}")})
		w := newWorld(t, on, p)
		for i := range 20 {
			w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(10 * time.Minute)
		healthy := w.confirm("ada@other.example")
		w.work(time.Minute)
		expect(t, "run of a user who does not need it", w.run(healthy).State, worker.Done)
		expect(t, "attribute", w.attributes(healthy)["custom:crm_id"], "c1")
		expect(t, "answers of the other vendor, all stored", other.count(), 21)
	})
	in(t, "one user whom a vendor can't stand opens no breaker, is charged and parked", func(t *testing.T, on face) {
		v := &vendor{class: enrich.Read, run: func(_ context.Context, call enrich.Call, _ int) (enrich.Result, error) {
			if user, _ := call.Vars["user"].(map[string]any); strings.HasPrefix(user["email"].(string), "poison") {
				return nil, errDown
			}
			return acme, nil
		}}
		w := newWorld(t, on, company(t, v))
		poison := w.confirm("poison@acme.example")
		w.work(12 * time.Hour)
		expect(t, "run", w.run(poison).State, worker.Parked)
		expect(t, "charged", w.run(poison).Steps["company"].Attempts, 8)
		healthy := w.confirm("ada@acme.example")
		w.work(time.Minute)
		expect(t, "another user", w.run(healthy).State, worker.Done)
	})
	in(t, "a backlog larger than what may be hidden drains at the budget's pace, and no slower, when it is back", func(t *testing.T, on face) {
		const users, cap, limit = 600, 500, 0.5 // a twentieth of 12,000 users, of the default cap, and of 10 writes per second
		well := time.Now().Add(time.Hour)
		p := company(t, sickUntil(well, acme))
		p.Limits.CognitoWrites = limit
		w := newWorld(t, on, p)
		w.daemon.Hidden, w.daemon.InFlight = cap, 8
		subs := make([]string, users)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		hidden := make(chan string, 1)
		time.AfterFunc(time.Until(well), func() { hidden <- w.left() })
		w.work(time.Until(well) + time.Duration(1.1*users/limit*float64(time.Second)))
		_, then, _ := strings.Cut(<-hidden, "+")
		if n, err := strconv.Atoi(then); err != nil || n > cap+64+2*10 {
			t.Errorf("%s messages hidden after an hour of sickness", then)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
		expect(t, "queue after backlog ÷ limit + 10 %", w.left(), "0+0")
	}, theDaemon)
	in(t, "a rate is kept in every second, and waiting for it charges nobody", func(t *testing.T, on face) {
		var calls []time.Time
		v := &vendor{class: enrich.Read}
		v.run = func(context.Context, enrich.Call, int) (enrich.Result, error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			calls = append(calls, time.Now())
			return acme, nil
		}
		p := company(t, v)
		p.Steps[0].Rate = 2
		w := newWorld(t, on, p)
		subs := make([]string, 200)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(20 * time.Minute)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
		for i := 2; i < len(calls); i++ {
			if calls[i].Sub(calls[i-2]) < 990*time.Millisecond {
				t.Fatalf("calls %d to %d within %v", i-2, i, calls[i].Sub(calls[i-2]))
			}
		}
	})
}
