package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// TestAStopIsOverASecondAfterTheGrace stops daemons beside whom everything hangs.
func TestAStopIsOverASecondAfterTheGrace(t *testing.T) {
	deaf := &vendor{class: enrich.Read, run: func(ctx context.Context, _ enrich.Call, _ int) (enrich.Result, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for name, hang := range map[string]func(w *world){
		"the vendor":               func(*world) {},
		"the vendor and the queue": func(w *world) { w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{Latency: time.Hour})) },
		"the vendor, queue and pool": func(w *world) {
			w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{Latency: time.Hour}))
			w.must(w.cloud.SetFault("cognito-idp", "*", localcloud.Fault{Latency: time.Hour}))
		},
		"the vendor, queue and ledger": func(w *world) {
			w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{Latency: time.Hour}))
		},
	} {
		in(t, name+" hangs", func(t *testing.T, on face) {
			p := company(t, deaf)
			p.Steps[0].Timeout = time.Minute
			w := newWorld(t, on, p)
			for range 3 {
				w.confirm(time.Now().Format("150405.000000000") + "@acme.example")
				time.Sleep(time.Millisecond)
			}
			w.daemon.Grace = 2 * time.Second
			began := time.Now()
			time.AfterFunc(5*time.Second, func() { hang(w) })
			if name == "the vendor, queue and ledger" {
				w.store = &stall{w.ledger, began.Add(5 * time.Second), began.Add(time.Hour)}
			}
			w.work(10 * time.Second)
			if took := time.Since(began) - 10*time.Second; took > w.daemon.Grace+time.Second {
				t.Errorf("it was gone %v after the stop, with a grace of %v", took, w.daemon.Grace)
			}
		}, theDaemon)
	}
	in(t, "a ledger that hangs while runs are claimed", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		w.confirm("ada@acme.example")
		w.daemon.Grace = 2 * time.Second
		began := time.Now()
		w.store = &stall{w.ledger, began, began.Add(time.Hour)}
		w.work(5 * time.Second)
		if took := time.Since(began) - 5*time.Second; took > 3*time.Second {
			t.Errorf("it was gone after %v", took)
		}
	}, theDaemon)
	in(t, "messages that are done and can't be deleted hold it up no longer", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.must(w.cloud.SetFault("sqs", "DeleteMessageBatch", localcloud.Fault{Latency: time.Hour}))
		w.daemon.Grace = 2 * time.Second
		began := time.Now()
		w.work(500 * time.Millisecond)
		if took := time.Since(began) - 500*time.Millisecond; took > 3*time.Second {
			t.Errorf("it was gone after %v", took)
		}
		expect(t, "run", w.run(sub).State, worker.Done)
	}, theDaemon)
}
