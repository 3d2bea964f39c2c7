package amazon

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// answerBefore is how long before the deadline of an invocation its answer is given, whoever is still at work.
const answerBefore = 250 * time.Millisecond

// sickPause bounds the jitter of a message that waits for a sick system. A function can't stop receiving.
const sickPause = 15 * time.Minute

// FunctionOptions are the settings of a Function; zero means the default.
type FunctionOptions struct {
	InFlight    int              // runs at once in one invocation; 64
	LongestCall time.Duration    // of the handler, to say when a function's time-out leaves no room for it; not said
	Beside      []Source         // other queues whose event source mappings invoke the function, too; none
	Log         *slog.Logger     // slog.Default()
	Now         func() time.Time // time.Now
	Rand        func() float64   // uniform in [0, 1), for jitter; math/rand
}

// Source is a queue, and who handles its messages.
type Source struct {
	Queue   *Queue
	Handler worker.Handler
}

// Function is a worker behind a Lambda function's SQS event source, with ReportBatchItemFailures: it works on all
// messages of a batch at once and names those that shall come back.
//
// It promises: an answer before the invocation's deadline, which names only messages of the event, and every one of
// them that must not be deleted; one bad message never takes its nine neighbours back to the queue; a message that
// comes back has its pause, since Lambda itself leaves the visibility of a failure as it is.
//
// It refuses an event that it can't answer for as a whole, with an error, so that Lambda deletes nothing: one that is
// not SQS's, is from a queue that it was not made for or from two, or has a record without an id or a receipt.
//
// It is safe for concurrent use.
type Function struct {
	sources []Source // the worker's own is the first
	options FunctionOptions
	advised sync.Once
}

// NewFunction makes a Function. The queue's visibility is what its messages really have: see InspectQueue. o may be nil.
func NewFunction(q *Queue, h worker.Handler, o *FunctionOptions) *Function {
	f := &Function{sources: []Source{{q, h}}}
	if o != nil {
		f.options = *o
		f.sources = append(f.sources, o.Beside...)
	}
	if f.options.InFlight == 0 {
		f.options.InFlight = 64
	}
	if f.options.Log == nil {
		f.options.Log = slog.Default()
	}
	if f.options.Now == nil {
		f.options.Now = time.Now
	}
	if f.options.Rand == nil {
		f.options.Rand = rand.Float64
	}
	return f
}

// Invoke handles one event. It is the method of aws-lambda-go's lambda.Handler.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	batch, s, err := readEvent(payload, f.sources)
	if err != nil {
		f.options.Log.Error("worker: event refused, the whole batch comes back", "error", err.Error())
		return nil, err
	}
	now := f.options.Now()
	end, limited := ctx.Deadline()
	for i := range batch {
		batch[i].ReceivedAt, batch[i].Visible, batch[i].Deadline = now, now.Add(s.Queue.Visibility()), end
		if batch[i].Sent.IsZero() {
			batch[i].Sent = now
		}
	}
	if limited {
		f.advised.Do(func() { f.advise(end.Sub(now)) })
	}
	return answer(batch, f.work(ctx, s, batch))
}

// advise says once what does not fit together; the function's time-out is known in an invocation only.
func (f *Function) advise(timeout time.Duration) {
	if least := f.options.LongestCall + 2*time.Second; timeout < least {
		f.options.Log.Error("worker: the function's time-out leaves no room for the longest call of the pipeline: it will never be made",
			"timeout", timeout.String(), "least", least.String())
	}
	if own := f.sources[0].Queue.Visibility(); own < 6*timeout-time.Minute/2 {
		f.options.Log.Warn("worker: the queue's VisibilityTimeout should be six times the function's time-out, and the batching window",
			"visibility", own.String(), "timeout", timeout.String())
	}
}

// work hands every message to the handler and tells which ones may be deleted. It returns before the deadline; who has
// not ended by then may not.
func (f *Function) work(ctx context.Context, s Source, batch []worker.Delivery) []bool {
	deletable := make([]bool, len(batch))
	ended := make(chan int, len(batch)) // of capacity for all: nobody who comes late waits
	slots := make(chan struct{}, f.options.InFlight)
	for i, d := range batch {
		go func() {
			if f.one(ctx, s, d, slots) {
				ended <- i
			} else {
				ended <- -1
			}
		}()
	}
	late, stop := before(ctx, answerBefore)
	defer stop()
	for range batch {
		select {
		case i := <-ended:
			if i >= 0 {
				deletable[i] = true
			}
		case <-late.Done():
			return deletable
		}
	}
	return deletable
}

// before is ctx, ended so long before its deadline, if it has one.
func before(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-d))
	}
	return context.WithCancel(ctx)
}

// one handles one message in a slot and tells whether it may be deleted.
func (f *Function) one(ctx context.Context, s Source, d worker.Delivery, slots chan struct{}) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			f.options.Log.Error("worker: recovered a panic of the handler", "message", d.ID)
			ok = false
		}
	}()
	room, stop := before(ctx, 3*time.Second)
	defer stop()
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-room.Done():
		f.hide(ctx, s, d, "", time.Duration(f.options.Rand()*float64(time.Second)))
		return false
	}
	v := s.Handler.Handle(ctx, d)
	if v.Delete {
		return true
	}
	if pause := f.pause(s, v); pause > 0 {
		f.hide(ctx, s, d, v.Run, pause)
	}
	return false
}

// pause is the verdict's, but longer for what waits for a sick system: each message that comes back too early costs
// an invocation and a receive.
func (f *Function) pause(s Source, v worker.Verdict) time.Duration {
	if patient, ok := s.Handler.(worker.Patient); ok && v.Reason == worker.BreakerOpen && patient.Sick() {
		return max(v.Hide, time.Duration(f.options.Rand()*float64(sickPause)))
	}
	return v.Hide
}

// hide asks for a visibility; if the queue does not take it, the message comes back when its present one ends.
func (f *Function) hide(ctx context.Context, s Source, d worker.Delivery, run string, pause time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.Queue.Hide(ctx, d, pause); err != nil {
		f.options.Log.Warn("worker: hide", "run", run, "message", d.ID, "error", err.Error())
	}
}
