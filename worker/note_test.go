package worker_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// notes is an observer that keeps the notes of steps.
type notes struct {
	mu  sync.Mutex
	all map[string]worker.StepNote
}

func (n *notes) Stepped(note worker.StepNote) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil {
		n.all = map[string]worker.StepNote{}
	}
	n.all[note.Step] = note
}

func (*notes) Finished(worker.Verdict) {}

// tardy is a vendor that takes a second for each call, and fails so.
func tardy(err error) *vendor {
	return &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) {
		time.Sleep(time.Second)
		return acme, err
	}}
}

func TestANoteSaysHowOftenAndHowLongAStepTried(t *testing.T) {
	m := event.Message{Pool: "eu-west-1_Ab12cd34E", User: "ada", Sub: "1"}
	step := worker.StepNote{Run: m.Key(), Step: "company", Uses: "test", Dependency: "test:company", Class: enrich.Read, Sent: true}
	for _, c := range []struct {
		name   string
		vendor error
		want   worker.StepNote // without what is the same for all
	}{
		{"an answer", nil, worker.StepNote{State: worker.StepDone, Tries: 1, Took: time.Second}},
		{"a permanent failure", errRefused, worker.StepNote{State: worker.StepFailed, Code: "http_422", Kind: enrich.Permanent, Sent: true, Tries: 1, Took: time.Second}},
		{"a temporary failure, after its tries", errDown, worker.StepNote{Code: "http_503", Sent: true, Tries: 3, Attempt: 1, Charged: true}},
		{"a throttle, uncharged", throttled(time.Minute), worker.StepNote{Code: "http_429", Kind: enrich.Throttled, Sent: true, Tries: 1,
			Took: time.Second, RetryAfter: time.Minute}},
		{"no connection", errUnsent, worker.StepNote{Code: "connect", Tries: 3, Attempt: 1, Charged: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := noted(t, m, tardy(c.vendor))["company"]
				if c.want.Tries > 1 {
					if got.Took < 3*time.Second || got.Took > 5*time.Second {
						t.Errorf("three tries of a second took %v", got.Took)
					}
					got.Took = 0
				}
				c.want.Run, c.want.Step, c.want.Uses, c.want.Dependency, c.want.Class = step.Run, step.Step, step.Uses, step.Dependency, step.Class
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
	t.Run("the write tells it, too", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			want := worker.StepNote{Run: m.Key(), Step: enrich.AttributesStep, Uses: enrich.AttributesStep, Dependency: "cognito:write",
				Class: enrich.Idempotent, State: worker.StepDone, Tries: 1, Took: 2 * time.Second}
			if diff := cmp.Diff(want, noted(t, m, tardy(nil))[enrich.AttributesStep]); diff != "" {
				t.Error(diff)
			}
		})
	})
}

// leisurely is a pool whose writes take two seconds.
type leisurely struct{ choosy }

func (l *leisurely) Write(ctx context.Context, pool, user string, values []worker.Value) error {
	time.Sleep(2 * time.Second)
	return l.choosy.Write(ctx, pool, user, values)
}

func (l *leisurely) Schema(context.Context, string) (worker.Schema, error) {
	return worker.Schema{"custom:company": {Type: "String", Mutable: true}}, nil
}

// noted is what an observer hears of one delivery.
func noted(t *testing.T, m event.Message, v *vendor) map[string]worker.StepNote {
	t.Helper()
	p := company(t, v)
	p.Pools = []string{m.Pool}
	n := &notes{}
	w := worker.New(p, worker.Ports{Queue: &belt{}, DeadLetters: letterbox{}, Directory: &leisurely{choosy{has: map[string]string{"sub": "1"}}},
		Ledger: &fake.Ledger{}}, &worker.Options{Log: slog.New(slog.DiscardHandler), Observer: n})
	w.Handle(t.Context(), worker.Delivery{Body: m.Encode(), ReceivedAt: time.Now()})
	return n.all
}

func TestTheGaugesOfAWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := event.Message{Pool: "eu-west-1_Ab12cd34E", User: "ada", Sub: "1"}
		p := company(t, tardy(errDown))
		p.Pools = []string{m.Pool}
		w := worker.New(p, worker.Ports{Queue: &belt{}, DeadLetters: letterbox{}, Directory: &leisurely{choosy{has: map[string]string{"sub": "1"}}}, Ledger: &fake.Ledger{}},
			&worker.Options{Log: slog.New(slog.DiscardHandler)})
		states := func(company bool) []worker.DependencyState {
			return []worker.DependencyState{{Name: "cognito:read"}, {Name: "cognito:write"}, {Name: "test:company", Open: company}}
		}
		expect(t, "write rate", w.WriteRate(), 15.0)
		if diff := cmp.Diff(states(false), w.Dependencies()); diff != "" {
			t.Error(diff)
		}
		for generation := range 3 {
			m.Generation = string(rune('a' + generation))
			w.Handle(t.Context(), worker.Delivery{Body: m.Encode(), ReceivedAt: time.Now()})
		}
		if diff := cmp.Diff(states(true), w.Dependencies()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheGaugesOfADaemon(t *testing.T) {
	for _, c := range []struct {
		name             string
		options          worker.DaemonOptions
		sick             bool
		inFlight, hidden int
		full             bool
	}{
		{"slots are free", worker.DaemonOptions{InFlight: 4}, false, 2, 1, false},
		{"every slot is taken", worker.DaemonOptions{InFlight: 2}, false, 2, 1, true},
		{"as many are hidden as may be while a dependency is sick", worker.DaemonOptions{InFlight: 4, Hidden: 1}, true, 2, 1, true},
		{"as many are hidden, and all are well", worker.DaemonOptions{InFlight: 4, Hidden: 1}, false, 2, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				c.options.Pollers, c.options.Log = 1, slog.New(slog.DiscardHandler)
				h := unwell{c.sick, func(_ context.Context, d worker.Delivery) worker.Verdict {
					if d.ID == "a" {
						return worker.Verdict{Hide: time.Minute}
					}
					time.Sleep(30 * time.Second)
					return worker.Verdict{Delete: true}
				}}
				d := worker.NewDaemon(&belt{waiting: []string{"a", "b", "c"}}, h, &c.options)
				ended := make(chan struct{})
				go func() { defer close(ended); d.Run(ctx) }()
				time.Sleep(time.Second)
				synctest.Wait()
				expect(t, "in flight", d.InFlight(), c.inFlight)
				expect(t, "hidden", d.Hidden(), c.hidden)
				expect(t, "full", d.Full(), c.full)
				time.Sleep(time.Minute)
				synctest.Wait()
				expect(t, "in flight later", d.InFlight(), 0)
				expect(t, "hidden later", d.Hidden(), 0)
				expect(t, "full later", d.Full(), false)
				stop()
				<-ended
			})
		})
	}
}

// unwell is a Handler that says whether it is sick.
type unwell struct {
	sick bool
	hands
}

func (u unwell) Sick() bool { return u.sick }

// unhideable is a queue that hides nothing.
type unhideable struct{ *belt }

func (unhideable) Hide(context.Context, worker.Delivery, time.Duration) error { return errRefused }

func TestAMessageThatCanNotBeHiddenIsLoggedWithItsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		h := hands(func(context.Context, worker.Delivery) worker.Verdict {
			return worker.Verdict{Hide: time.Minute, Run: "the-run"}
		})
		worker.NewDaemon(unhideable{&belt{waiting: []string{"a"}}}, h, &worker.DaemonOptions{Pollers: 1, Log: slog.New(slog.NewJSONHandler(&log, nil))}).Run(ctx)
		if !strings.Contains(log.String(), `"msg":"worker: hide","run":"the-run","message":"a","error":"http_422"`) {
			t.Error(log.String())
		}
	})
}
