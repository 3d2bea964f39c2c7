package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// slot keeps one process at work until ctx ends.
func (w *world) slot(ctx context.Context, i int) {
	if w.plan.Slots[i].Function {
		w.mapping(ctx, i)
		return
	}
	for k := 0; ctx.Err() == nil; k++ {
		w.daemon(ctx, i, k)
		r := w.dice.of("restart", i, k)
		sleep(ctx, between(r, 0, time.Minute))
	}
}

// daemon lives through one incarnation of a daemon: it ends by itself, is told to end, or is killed.
func (w *world) daemon(ctx context.Context, slot, number int) {
	p := w.bornIn(slot, number, fmt.Sprintf("daemon %d.%d", slot, number))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(p.life, stop)()
	defer w.wakeful(p, stop)()
	r := w.dice.of("term", slot, number)
	if !w.calm.Load() && maybe(r, w.plan.Process.Term) {
		defer time.AfterFunc(between(r, 0, w.plan.Storm/2), func() {
			if !w.calm.Load() && ctx.Err() == nil {
				w.strike("terminate")
				w.say("%s told to end", p.name)
				stop()
			}
		}).Stop()
	}
	handler, q, log := w.worker(p, time.Minute, 55*time.Second)
	ended := make(chan struct{})
	w.background.Go(func() {
		defer close(ended)
		worker.NewDaemon(q, handler, &worker.DaemonOptions{Pollers: w.plan.Slots[slot].Pollers, InFlight: w.plan.InFlight, Log: log}).Run(ctx)
	})
	select {
	case <-ended:
		p.end()
	case <-p.life.Done(): // what is left of it is nobody's business
	}
}

// wakeful has a process ended in order when the storm is over, should its clock be wrong then.
func (w *world) wakeful(p *process, stop context.CancelFunc) (forget func()) {
	w.skewed.Lock()
	defer w.skewed.Unlock()
	w.restless[p] = stop
	return func() {
		w.skewed.Lock()
		defer w.skewed.Unlock()
		delete(w.restless, p)
	}
}

// worker makes the worker of a process. All that it has of the world goes over the process's border.
func (w *world) worker(p *process, visibility, lease time.Duration) (*worker.Worker, *amazon.Queue, *slog.Logger) {
	log := slog.New(slog.NewTextHandler(p, nil))
	config := w.clients.Config.Copy()
	config.HTTPClient = onewrite.Client{Doer: border{p}}
	queues := sqs.NewFromConfig(config)
	q := amazon.NewQueue(queues, w.queue, &amazon.QueueOptions{Visibility: visibility, Now: p.now})
	chance := w.dice.of("jitter of " + p.name)
	var one sync.Mutex
	options := &worker.Options{Log: log, Now: p.now, Owner: p.name, Lease: lease, HideMax: w.plan.HideMax, Grace: 5 * time.Minute,
		Rand: func() float64 {
			one.Lock()
			defer one.Unlock()
			return chance.Float64()
		}}
	ports := worker.Ports{Queue: q, DeadLetters: amazon.NewDeadLetters(queues, w.dlq), Ledger: ledger{p, w.ledger},
		Directory: amazon.NewDirectory(cognitoidentityprovider.NewFromConfig(config)), Secrets: secretenv.Store{}}
	return worker.New(w.pipelineOf(p), ports, options), q, log
}

// border is the process's way to the cloud.
type border struct{ process *process }

// Do carries one request over the border and its answer back.
func (b border) Do(r *http.Request) (*http.Response, error) {
	if err := b.process.leave(r.Context()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(b.process.life, cancel)()
	w := b.process.world
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	slow := w.cloud.Faults()
	answer, err := w.cloud.Do(r.WithContext(ctx))
	if heard := b.process.hear(); heard != nil {
		return nil, heard
	}
	w.suffered(slow, operation, answer, err)
	return answer, err
}
