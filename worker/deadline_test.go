package worker_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// slow is a vendor that takes its time, and stops when it is told to.
func slow(took time.Duration, r enrich.Result) *vendor {
	return &vendor{class: enrich.Read, run: func(ctx context.Context, _ enrich.Call, _ int) (enrich.Result, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(took):
			return r, nil
		}
	}}
}

// deaf is a vendor that takes its time whatever it is told, once.
func deaf(took time.Duration, r enrich.Result) *vendor {
	return &vendor{class: enrich.Read, run: func(_ context.Context, _ enrich.Call, n int) (enrich.Result, error) {
		if n == 1 {
			time.Sleep(took)
		}
		return r, nil
	}}
}

// stall is a ledger whose calls hang between two times, or until they are given up.
type stall struct {
	worker.Ledger
	from, until time.Time
}

func (s *stall) wait(ctx context.Context) error {
	if time.Now().Before(s.from) {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(s.until)):
		return nil
	}
}

func (s *stall) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if err := s.wait(ctx); err != nil {
		return worker.Run{}, err
	}
	return s.Ledger.Claim(ctx, id, owner, now, until)
}

func (s *stall) Save(ctx context.Context, r worker.Run) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Ledger.Save(ctx, r)
}

// chain is a pipeline of steps that wait for each other.
func chain(t *testing.T, timeout time.Duration, all ...*vendor) *enrich.Pipeline {
	p := company(t, all[0])
	p.Steps[0].Timeout = timeout
	for i, v := range all[1:] {
		p.Steps = append(p.Steps, enrich.Step{ID: "step" + strconv.Itoa(i), Uses: "test", Needs: []string{p.Steps[i].ID}, Connector: v,
			Class: v.class, Timeout: timeout, Fields: []expr.Path{{"name"}}})
	}
	return p
}

func TestTheEndOfAnInvocation(t *testing.T) {
	in(t, "no step starts that could not end before it; the next invocation goes on, uncharged, and asks nobody twice", func(t *testing.T, on face) {
		var mu sync.Mutex
		var began []time.Duration
		start := time.Now()
		step := func() *vendor {
			v := slow(20*time.Second, acme)
			inner := v.run
			v.run = func(ctx context.Context, call enrich.Call, n int) (enrich.Result, error) {
				mu.Lock()
				began = append(began, time.Since(start).Truncate(time.Second))
				mu.Unlock()
				return inner(ctx, call, n)
			}
			return v
		}
		all := []*vendor{step(), step(), step(), step()}
		w := newWorld(t, on, chain(t, 25*time.Second, all...))
		sub := w.confirm("ada@acme.example")
		w.work(3 * time.Minute)
		r := w.run(sub)
		expect(t, "run", r.State, worker.Done)
		for i, v := range all {
			expect(t, "calls of step "+strconv.Itoa(i), v.count(), 1)
		}
		expect(t, "first steps began", began[0] == 0 && began[1] == 20*time.Second, true)
		if began[2] < 40*time.Second || began[2] > 46*time.Second {
			t.Errorf("the third step does not fit into the first minute after 40 s, and began at %v", began[2])
		}
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "released deadline,done")
		expect(t, "crashes", r.Crashes, 0)
		expect(t, "charged", w.charges([]string{sub}, "company")+w.charges([]string{sub}, "step1"), 0)
	}, theFunction)
	in(t, "a step that can never fit is never started and never charged", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, chain(t, 59*time.Second, v))
		sub := w.confirm("ada@acme.example")
		w.work(time.Hour)
		expect(t, "calls", v.count(), 0)
		expect(t, "charged", w.charges([]string{sub}, "company"), 0)
		if n := len(w.reasons()); n > 20 {
			t.Errorf("%d invocations in an hour", n)
		}
		if !strings.Contains(w.log.String(), "leaves no room for the longest call") {
			t.Error("nothing was said about it")
		}
	}, theFunction)
	in(t, "a connector that is deaf does not hold up the answer, nor its neighbours", func(t *testing.T, on face) {
		v := deaf(10*time.Minute, acme)
		w := newWorld(t, on, company(t, v))
		subs := []string{w.confirm("ada@acme.example"), w.confirm("bob@acme.example"), w.confirm("eve@acme.example")}
		w.work(2 * time.Minute)
		done := 0
		for _, sub := range subs {
			if w.run(sub).State == worker.Done {
				done++
			}
		}
		expect(t, "done", done, 2)
		expect(t, "queue", w.left(), "0+1")
		w.work(time.Hour)
		for _, sub := range subs {
			expect(t, "run after an hour", w.run(sub).State, worker.Done)
		}
	}, theFunction)
	in(t, "waiting for a slow rate is given up at once when the turn can't come in time", func(t *testing.T, on face) {
		v := answers(acme)
		p := company(t, v)
		p.Steps[0].Rate = 1.0 / 90
		w := newWorld(t, on, p)
		w.confirm("ada@acme.example")
		w.confirm("bob@acme.example")
		began := time.Now()
		w.work(time.Second)
		expect(t, "calls", v.count(), 1)
		expect(t, "time that is paid for", time.Since(began), time.Second)
		expect(t, "somebody was released", slices.Contains(w.reasons(), "released rate_limit"), true)
	}, theFunction)
	in(t, "a pool that hangs does not hold up the answer, and is nobody's attempt", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.timeout = 20 * time.Second
		w.must(w.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Latency: 5 * time.Minute}))
		w.work(time.Minute)
		w.cloud.ClearFaults()
		w.work(time.Hour)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "charged", w.charges([]string{sub}, "company"), 0)
	}, theFunction)
	in(t, "a ledger that hangs does not hold up the answer, and the run is found again", func(t *testing.T, on face) {
		v := slow(12*time.Second, acme)
		p := company(t, v)
		p.Steps[0].Timeout = 15 * time.Second
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.timeout = 17 * time.Second
		w.store = &stall{Ledger: w.ledger, from: time.Now().Add(5 * time.Second), until: time.Now().Add(2 * time.Minute)}
		w.work(time.Minute)
		expect(t, "queue", w.left(), "0+1")
		w.work(time.Hour)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "crashes", w.run(sub).Crashes, 1)
		expect(t, "charged", w.charges([]string{sub}, "company"), 0)
	}, theFunction)
}

func TestAFunctionsBatch(t *testing.T) {
	in(t, "one poison among nine goes alone, with a letter, and two that wait come back alone", func(t *testing.T, on face) {
		v := &vendor{class: enrich.Read, run: func(_ context.Context, call enrich.Call, _ int) (enrich.Result, error) {
			if user, _ := call.Vars["user"].(map[string]any); strings.HasPrefix(user["email"].(string), "wait") {
				return nil, throttled(10 * time.Minute)
			}
			return acme, nil
		}}
		w := newWorld(t, on, company(t, v))
		w.send("poison")
		for i := range 7 {
			w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.confirm("wait1@acme.example")
		w.confirm("wait2@acme.example")
		w.work(time.Minute)
		expect(t, "queue", w.left(), "0+2")
		expect(t, "letters", len(w.letters()), 1)
		expect(t, "invocations' deletes", w.cloud.Calls()["sqs.DeleteMessageBatch"], 1)
	}, theFunction)
	in(t, "while a vendor is sick messages come back late and spread, for a function can't stop receiving", func(t *testing.T, on face) {
		const users = 200
		w := newWorld(t, on, company(t, sickUntil(time.Now().Add(time.Hour), acme)))
		subs := make([]string, users)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(time.Hour)
		if per := len(w.reasons()) / users; per > 12 {
			t.Errorf("%d receives of each message in an hour", per)
		}
		w.work(time.Hour)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
	}, theFunction)
	in(t, "a message whose visibility can't be changed comes back by the queue's own", func(t *testing.T, on face) {
		v := failsFirst(enrich.Read, acme, throttled(time.Second))
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.must(w.cloud.SetFault("sqs", "ChangeMessageVisibility", localcloud.Fault{Outage: true}))
		w.work(5 * time.Minute)
		expect(t, "queue", w.left(), "0+1")
		w.work(5 * time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "queue", w.left(), "0+0")
	}, theFunction)
}

// handle lets a worker with a lease of five minutes handle bodies, one after the other, each with 20 s to its deadline. It
// tells how long the last one took.
func (w *world) handle(bodies ...string) (v worker.Verdict, took time.Duration) {
	w.t.Helper()
	q := amazon.NewQueue(w.clients.SQS, w.queue, nil)
	handler := worker.New(w.pipeline, w.ports(q), &worker.Options{Lease: 5 * time.Minute, Log: slog.New(slog.DiscardHandler)})
	for _, body := range bodies {
		now := time.Now()
		v = handler.Handle(w.t.Context(), worker.Delivery{ID: "m", Receipt: "r", Body: []byte(body), Sent: now, ReceivedAt: now,
			Visible: now.Add(5 * time.Minute), Deadline: now.Add(20 * time.Second)})
		took = time.Since(now)
	}
	return v, took
}

func TestHandleEndsBeforeTheDeadline(t *testing.T) {
	bubble := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	body := func(w *world, email string) string { return string(w.message(w.confirm(email)).Encode()) }
	bubble("a call that hangs is cut a second and a half before", func(t *testing.T) {
		w := newWorld(t, theFunction, company(t, answers(acme)))
		w.must(w.cloud.SetFault("sqs", "SendMessage", localcloud.Fault{Latency: 30 * time.Second}))
		v, took := w.handle("no message at all")
		expect(t, "deleted", v.Delete, false)
		expect(t, "took", took, 18500*time.Millisecond)
	})
	bubble("a save that hangs is given up half a second before", func(t *testing.T) {
		p := company(t, slow(16500*time.Millisecond, acme))
		p.Steps[0].Timeout = 17 * time.Second
		w := newWorld(t, theFunction, p)
		message := body(w, "ada@acme.example")
		w.store = &stall{Ledger: w.ledger, from: time.Now().Add(16 * time.Second), until: time.Now().Add(time.Hour)}
		v, took := w.handle(message)
		expect(t, "deleted", v.Delete, false)
		expect(t, "took", took, 19500*time.Millisecond)
	})
	bubble("a turn that comes in the last three seconds is not waited for", func(t *testing.T) {
		p := company(t, answers(acme))
		p.Steps[0].Rate = 1.0 / 18
		w := newWorld(t, theFunction, p)
		v, took := w.handle(body(w, "ada@acme.example"), body(w, "bob@acme.example"))
		expect(t, "reason", v.Reason, "rate_limit")
		expect(t, "took", took, 0)
	})
	bubble("a lease that lasts to the deadline is not extended for a call that ends before it", func(t *testing.T) {
		p := company(t, answers(acme))
		p.Steps[0].Timeout = 17 * time.Second
		w := newWorld(t, theFunction, p)
		message := body(w, "ada@acme.example")
		w.cloud.ResetCalls()
		v, _ := w.handle(message)
		expect(t, "outcome", v.Outcome, worker.Completed)
		expect(t, "visibility calls", w.cloud.Calls()["sqs.ChangeMessageVisibility"], 0)
	})
}
