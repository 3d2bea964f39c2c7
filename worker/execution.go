package worker

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// execution is the work on one run during one delivery. Every step has a goroutine that waits for the steps it needs.
type execution struct {
	*Worker
	hold    *hold
	message event.Message
	user    User
	writes  int           // calls of the pool's write; of the attributes' goroutine, as is
	writing time.Duration // how long they took, with their waits
	began   time.Time     // when the user was read, or a little before

	mu       sync.Mutex
	waiting  map[string]chan struct{} // closed when the step is over for this delivery
	later    time.Duration            // the longest Retry-After heard
	charged  int                      // the most charged attempts of a step that will be tried again
	pending  string                   // code of a step that will be tried again; "" if there is none
	panicked bool                     // a step's goroutine panicked
}

func newExecution(w *Worker, h *hold, m event.Message, user User) *execution {
	e := &execution{Worker: w, hold: h, message: m, user: user, began: w.options.Now(), waiting: map[string]chan struct{}{}}
	e.waiting[enrich.AttributesStep] = make(chan struct{})
	for _, s := range w.pipeline.Steps {
		e.waiting[s.ID] = make(chan struct{})
	}
	return e
}

// run does what can be done now. Its error is of the ledger or of the lease; failures of steps are in the records.
func (e *execution) run(ctx, waits context.Context) error {
	if err := e.resume(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	for i := range e.pipeline.Steps {
		s := &e.pipeline.Steps[i]
		all.Go(func() {
			defer close(e.waiting[s.ID])
			defer e.recover(s.ID)
			e.waitFor(s.Needs)
			e.step(ctx, waits, s)
		})
	}
	all.Go(func() {
		defer close(e.waiting[enrich.AttributesStep])
		defer e.recover(enrich.AttributesStep)
		e.waitFor(e.pipeline.Sources())
		e.attributes(ctx, waits)
	})
	all.Wait()
	if e.panicked {
		return errPanic
	}
	return context.Cause(ctx)
}

// recover keeps a panic in a step's goroutine from ending the process.
func (e *execution) recover(step string) {
	if p := recover(); p != nil {
		e.options.Log.Error("worker: recovered a panic", "run", e.hold.run.Key, "step", step, "at", firstOwnFrame(debug.Stack()))
		e.mu.Lock()
		defer e.mu.Unlock()
		e.panicked = true
	}
}

// errPanic says that a step panicked. The lease is left to end by itself, which counts as a crash.
var errPanic = errors.New("a step panicked")

// resume settles what an earlier delivery left half done.
func (e *execution) resume(ctx context.Context) error {
	open := false
	e.hold.read(func(r *Run) {
		if r.Steps == nil {
			r.Steps = map[string]StepRecord{}
		}
		open = e.settleIntents(r)
		e.leaveOut(r)
	})
	if !open {
		return nil
	}
	return e.hold.save(ctx, func(*Run) {})
}

func (e *execution) waitFor(ids []string) {
	for _, id := range ids {
		<-e.waiting[id]
	}
}

// record is a copy of the step's record.
func (e *execution) record(id string) (s StepRecord) {
	e.hold.read(func(r *Run) { s = r.Steps[id] })
	return s
}

// store saves a step's record.
func (e *execution) store(ctx context.Context, id string, s StepRecord) error {
	return e.hold.save(ctx, func(r *Run) { r.Steps[id] = s })
}

// flag notes why the run will not end perfect; the next save makes it durable.
func (e *execution) flag(f string) { e.hold.read(func(r *Run) { r.Flag(f) }) }

// postpone notes that a step will be tried again by a later delivery.
func (e *execution) postpone(code string, charged int, retryAfter time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pending == "" || charged > e.charged {
		e.pending = code
	}
	e.charged = max(e.charged, charged)
	e.later = max(e.later, retryAfter)
}

// vars are the values that expressions see now. Secrets are in them only for connectors.
func (e *execution) vars(secrets map[string]any) expr.Vars {
	user := make(map[string]any, len(e.user.Attributes)+3)
	for name, value := range e.user.Attributes {
		user[name] = value
	}
	user["username"], user["status"] = e.user.Username, e.user.Status
	if domain := domainOf(e.user.Attributes["email"]); strings.Contains(e.user.Attributes["email"], "@") {
		user["email_domain"] = domain
	}
	steps := map[string]any{}
	run := map[string]any{}
	e.hold.read(func(r *Run) {
		for id, s := range r.Steps {
			steps[id] = seen(s)
		}
		run = map[string]any{"key": r.Key, "pool": r.Pool, "region": e.message.Region, "sub": r.Sub,
			"generation": r.Generation, "source": r.Source, "client": r.Client,
			"age": e.options.Now().Sub(r.FirstSeen), "metadata": e.message.Metadata}
	})
	return expr.Vars{"user": user, "run": run, "steps": steps, "secrets": secrets}
}

// seen is a step's record as expressions see it.
func seen(s StepRecord) map[string]any {
	v := map[string]any{}
	if len(s.Output) > 0 {
		v, _ = decodeOutput(s.Output)
	}
	v["outcome"] = s.Outcome
	if s.Outcome == "" {
		v["outcome"] = string(s.State)
	}
	return v
}

// settle decides about the run once every step is over for this delivery.
func (e *execution) settle(ctx context.Context) Verdict {
	key := e.hold.run.Key
	if e.pending != "" {
		return e.giveBack(ctx, e.pending, e.charged, e.later)
	}
	if step, code := e.failed(); step != "" {
		return e.park(ctx, e.hold, code, step)
	}
	return e.finish(ctx, e.hold, Done, Verdict{Outcome: Completed, Run: key})
}

// failed finds the first step, in the order of the file, whose failure parks the run.
func (e *execution) failed() (step, code string) {
	e.hold.read(func(r *Run) {
		for _, s := range e.pipeline.Steps {
			if record := r.Steps[s.ID]; record.State == StepFailed && step == "" {
				step, code = s.ID, record.Code
			}
		}
		if record := r.Steps[enrich.AttributesStep]; record.State == StepFailed && step == "" {
			step, code = enrich.AttributesStep, record.Code
		}
	})
	return step, code
}

// giveBack ends the delivery with work left to do.
func (e *execution) giveBack(ctx context.Context, code string, charged int, retryAfter time.Duration) Verdict {
	v := Verdict{Outcome: Retry, Reason: code, Run: e.hold.run.Key}
	exponent := charged
	err := e.hold.save(ctx, func(r *Run) {
		if r.Owner, r.Pipeline = "", e.pipeline.Hash; charged == 0 {
			r.Releases++
			exponent = r.Releases
			v.Outcome = Released
		}
	})
	if err != nil {
		return e.unsaved(e.hold, err)
	}
	v.Hide = e.pause(exponent, retryAfter)
	return v
}

// release gives the run back uncharged because what is outside every step failed: the user could not be read, the
// ledger or the lease was lost, the program stops.
func (w *Worker) release(ctx context.Context, h *hold, cause error) Verdict {
	v := Verdict{Outcome: Released, Reason: reasonOf(cause), Run: h.run.Key}
	releases := 0
	ctx = context.WithoutCancel(ctx)
	if err := h.save(ctx, func(r *Run) { r.Owner = ""; r.Releases++; releases = r.Releases }); err != nil {
		return w.unsaved(h, err)
	}
	if v.Reason == "draining" {
		v.Hide = time.Duration(w.options.Rand() * float64(time.Second))
		return v
	}
	v.Hide = w.pause(releases, enrich.Failure(cause).RetryAfter)
	return v
}

func decodeOutput(raw json.RawMessage) (map[string]any, error) {
	v, err := decodeJSON(raw)
	m, _ := v.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	return m, err
}
