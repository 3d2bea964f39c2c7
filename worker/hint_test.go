package worker_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// theFreshFunction is a Lambda function of which each invocation is a new instance: it knows nothing that is not in the
// ledger's table.
var theFreshFunction = face{"a function that is always new", freshFunction}

func freshFunction(ctx context.Context, w *world) {
	about, err := amazon.InspectQueue(ctx, w.clients.SQS, w.queue)
	w.must(err)
	q := amazon.NewQueue(w.clients.SQS, w.queue, &amazon.QueueOptions{Visibility: about.Visibility})
	options := w.options
	options.Lease = about.Visibility - 5*time.Second
	var pollers, invocations sync.WaitGroup
	free := make(chan struct{}, 8)
	for range 2 {
		pollers.Go(func() {
			for ctx.Err() == nil {
				out, err := w.clients.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10,
					WaitTimeSeconds: 20, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
				if err != nil || len(out.Messages) == 0 {
					continue
				}
				free <- struct{}{}
				invocations.Go(func() {
					defer func() { <-free }()
					handler := worker.New(w.pipeline, w.ports(q), &options)
					m := mapping{world: w, function: amazon.NewFunction(q, handler, &amazon.FunctionOptions{Log: options.Log, LongestCall: handler.LongestCall()})}
					m.invoke(context.WithoutCancel(ctx), out.Messages)
				})
			}
		})
	}
	pollers.Wait()
	invocations.Wait()
}

func (w *world) confirmMany(n int) []string {
	subs := make([]string, n)
	for i := range subs {
		subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
	}
	return subs
}

func TestHintsAboutASickVendor(t *testing.T) {
	faces := []face{theDaemon, theFunction, theFreshFunction}
	in(t, "of an hour's sickness it hears once in each probe interval; nobody is charged, and all are enriched after it", func(t *testing.T, on face) {
		const users = 60
		v, hints := sickUntil(time.Now().Add(time.Hour), acme), &fake.Hints{}
		w := newWorld(t, on, company(t, v))
		w.options.Hints = hints
		subs := w.confirmMany(users)
		w.work(time.Hour)
		asked := v.count()
		reads, moves := hints.Calls()
		t.Logf("asked %d times; %d reads and %d moves of hints", asked, reads, moves)
		if asked > users+3600/30 { // what was on its way when the third failed, and the probes
			t.Errorf("a vendor that was down for an hour was asked %d times", asked)
		}
		w.work(40 * time.Minute)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
		expect(t, "letters", len(w.letters()), 0)
		left, err := hints.Hints(t.Context())
		expect(t, "hints left", len(left), 0)
		w.must(err)
	}, faces...)
	in(t, "what many workers know, they ask once for all", func(t *testing.T, on face) {
		v, hints := sickUntil(time.Now().Add(20*time.Minute), acme), &fake.Hints{}
		w := newWorld(t, on, company(t, v))
		w.options.Hints = hints
		subs := w.confirmMany(60)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				on.work(ctx, on.clone(w))
			})
		}
		all.Wait()
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		if asked := v.count() - len(subs); asked > 60+20*60/30 {
			t.Errorf("eight workers asked a vendor that was down for twenty minutes %d times", asked)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
	}, theDaemon)
	in(t, "a table that can't be read or written is no hint: each has its own breaker, and nobody waits longer than 0.3 s", func(t *testing.T, on face) {
		v := sickUntil(time.Now().Add(time.Hour), acme)
		w := newWorld(t, on, company(t, v))
		w.options.Hints = hanging{}
		subs := w.confirmMany(20)
		w.work(3 * time.Hour)
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "charged", w.charges(subs, "company"), 0)
		if asked := v.count(); asked > 20+3600/30+30 {
			t.Errorf("asked %d times", asked)
		}
	})
}

// clone is the same world for another worker, whose name it must not share.
func (face) clone(w *world) *world {
	return &world{t: w.t, cloud: w.cloud, clients: w.clients, face: w.face, queue: w.queue, arn: w.arn, timeout: w.timeout, dlq: w.dlq,
		pool: w.pool, client: w.client, ledger: w.ledger, pipeline: w.pipeline, secrets: w.secrets, log: w.log,
		options: worker.Options{Hints: w.options.Hints, Log: slog.New(slog.DiscardHandler)}, daemon: worker.DaemonOptions{Log: slog.New(slog.DiscardHandler)}}
}

// hanging answers nothing until the caller gives up.
type hanging struct{}

func (hanging) Hints(ctx context.Context) (map[string]time.Time, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) Move(ctx context.Context, _ string, _, _ time.Time) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

func TestACallWaitsForHintsATinyWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began atomic.Int64
		v := answers(acme)
		inner := v.run
		v.run = func(ctx context.Context, c enrich.Call, n int) (enrich.Result, error) {
			began.Store(time.Now().UnixNano())
			return inner(ctx, c, n)
		}
		w := newWorld(t, theDaemon, company(t, v))
		w.options.Hints = hanging{}
		start := time.Now()
		sub := w.confirm("ada@acme.example")
		w.work(5 * time.Second)
		expect(t, "run", w.run(sub).State, worker.Done)
		if waited := time.Unix(0, began.Load()).Sub(start); waited > 300*time.Millisecond {
			t.Errorf("the call began after %v", waited)
		}
	})
}

func TestHintsAreReadOnceInFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hints := &fake.Hints{}
		w := newWorld(t, theDaemon, company(t, answers(acme)))
		w.options.Hints = hints
		w.confirmMany(600)
		w.work(time.Minute)
		reads, moves := hints.Calls()
		if reads == 0 || reads > 60/5+1 || moves > 0 {
			t.Errorf("%d reads, %d moves in a minute", reads, moves)
		}
		expect(t, "left", w.left(), "0+0")
	})
}
