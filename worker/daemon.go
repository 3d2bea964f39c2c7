package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Handler turns one delivery into a verdict; *Worker is one.
type Handler interface {
	Handle(ctx context.Context, d Delivery) Verdict
}

// DaemonOptions are the settings of a Daemon; the zero value of each is its default.
type DaemonOptions struct {
	Pollers  int           // long polls at once; 2
	InFlight int           // runs at once; 64
	Hidden   int           // messages hidden at once while a dependency is sick; 10,000
	Linger   time.Duration // how long a finished message waits for nine others before it is deleted; 1s
	Grace    time.Duration // how long running calls may go on after the stop; 25s
	Log      *slog.Logger  // slog.Default()
}

// Daemon feeds a Handler from long polls: a few pollers, a bounded number of runs, deletes in batches. No slot is held
// while a poll waits or a delete is on its way. While a dependency is sick it does not turn the whole queue into hidden
// messages.
type Daemon struct {
	queue   Queue
	handler Handler
	options DaemonOptions
	slots   chan struct{}
	deletes *deleter
	hidden  hidden
	running sync.WaitGroup
}

// Patient is a Handler that knows when it is better not to receive: while Sick, it hides no more messages
// than DaemonOptions.Hidden.
type Patient interface {
	Sick() bool
}

// NewDaemon makes a daemon; o may be nil.
func NewDaemon(q Queue, h Handler, o *DaemonOptions) *Daemon {
	var v DaemonOptions
	if o != nil {
		v = *o
	}
	v.Pollers, v.InFlight, v.Hidden = or(v.Pollers, 2), or(v.InFlight, 64), or(v.Hidden, maxHiddenSick)
	v.Linger, v.Grace = or(v.Linger, time.Second), or(v.Grace, 25*time.Second)
	if v.Log == nil {
		v.Log = slog.Default()
	}
	return &Daemon{queue: q, handler: h, options: v, slots: make(chan struct{}, v.InFlight), hidden: hidden{most: v.Hidden},
		deletes: &deleter{queue: q, linger: v.Linger, log: v.Log, in: make(chan Delivery)}}
}

// writingDown is how long after the grace the daemon still waits for the ledger and the queue to take what happened: it
// is gone within a second, however they are.
const writingDown = 800 * time.Millisecond

// Run works until ctx ends, then stops in order: no more polls at once; running calls may finish within the grace;
// after it they are cut, which leaves their runs for the next start; at last the finished messages are deleted. Run
// returns when every goroutine it started has ended.
func (d *Daemon) Run(ctx context.Context) {
	last, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	work, cut := context.WithCancel(last)
	defer cut()
	deleting := make(chan struct{})
	go func() { defer close(deleting); d.deletes.run(last) }()

	var pollers sync.WaitGroup
	for range d.options.Pollers {
		pollers.Go(func() { d.poll(ctx, work, last) })
	}
	<-ctx.Done()
	grace := time.AfterFunc(d.options.Grace, cut)
	defer grace.Stop()
	patience := time.AfterFunc(d.options.Grace+writingDown, end)
	defer patience.Stop()
	pollers.Wait()
	d.running.Wait()
	close(d.deletes.in)
	<-deleting
}

// poll receives, and hands each message to a slot of its own. Errors of the queue slow it down; they never stop it.
func (d *Daemon) poll(ctx, work, last context.Context) {
	slower := backoff.NewExponentialBackOff(backoff.WithInitialInterval(200*time.Millisecond),
		backoff.WithMaxInterval(30*time.Second), backoff.WithMaxElapsedTime(0))
	for ctx.Err() == nil {
		d.hidden.room(ctx, d.sick)
		batch, err := d.queue.Receive(ctx)
		if err != nil && ctx.Err() == nil {
			d.options.Log.Error("worker: receive", "error", err.Error())
			sleep(ctx, slower.NextBackOff())
			continue
		}
		slower.Reset()
		for _, m := range batch {
			m.Draining, m.Last = ctx.Done(), last
			d.start(ctx, work, m)
		}
	}
}

func (d *Daemon) sick() bool {
	patient, ok := d.handler.(Patient)
	return ok && patient.Sick()
}

// start waits for a slot and works on the message in it. A message that finds none before the stop is shown again.
func (d *Daemon) start(ctx, work context.Context, m Delivery) {
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		d.hide(m, "", 0)
		return
	}
	d.running.Go(func() {
		v := d.handler.Handle(work, m)
		if !v.Delete && v.Hide > 0 {
			d.hidden.add(time.Now().Add(v.Hide))
		}
		<-d.slots
		d.obey(m, v)
	})
}

func (d *Daemon) obey(m Delivery, v Verdict) {
	switch {
	case v.Delete:
		d.deletes.in <- m
	case v.Hide > 0:
		d.hide(m, v.Run, v.Hide)
	}
}

// hide asks for a visibility; if the queue does not take it, the message comes back when its present one ends.
func (d *Daemon) hide(m Delivery, run string, pause time.Duration) {
	ctx, cancel := context.WithTimeout(m.Last, 5*time.Second)
	defer cancel()
	if err := d.queue.Hide(ctx, m, pause); err != nil {
		d.options.Log.Warn("worker: hide", "run", run, "message", m.ID, "error", err.Error())
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
