package replay

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"github.com/postconfirm/postconfirm/worker/audit"
)

// RunOptions say how a plan is run. Zero values are the defaults.
type RunOptions struct {
	Operator               // Why is the plan's if it is empty
	Rate     float64       // runs per second; half of the plan's write limit
	Limit    int           // stop after so many were reopened; all
	Window   int           // how many reopened runs may be unfinished at once; 200
	Wait     time.Duration // for the last runs to end, before the report; not at all
	Tell     func(Progress)
}

// Progress is how far a running has come.
type Progress struct {
	Done, Total int    // entries dealt with
	Reopened    int    // by this running
	Unfinished  int    // reopened runs that the worker has not finished yet, as far as is known
	Waiting     string // why nothing goes on right now; "" while something does
}

// End says how a running ended.
type End string

// The ends.
const (
	AtEnd       End = "at_end"      // every entry is dealt with
	Nothing     End = "nothing"     // that was so before: nothing was done
	AtLimit     End = "at_limit"    // RunOptions.Limit; another running goes on
	WasPaused   End = "paused"      // by somebody, or by another running
	Sick        End = "sick"        // paused by itself: too many failed again
	WasCanceled End = "cancelled"   // by somebody
	Interrupted End = "interrupted" // ctx ended; another running goes on
)

// Result is what a running did.
type Result struct {
	Plan     Plan
	End      End
	Reopened int // by this running
	Woken    int // reopened by an earlier running or a parallel one, and sent their message again
	Already  int // reopened by this plan before, and over by now
}

// Default values of RunOptions, and the bounds of a batch: cancel looks through as many entries behind the cursor as one
// batch has, since no more can be reopened without their message.
const (
	DefaultWindow = 200
	batchSize     = 10
	batchTime     = time.Second // how long a reopened run may wait for its message
	tick          = time.Second // how soon a pause is seen
)

// running is one running of one plan.
type running struct {
	*Desk
	id      string
	options RunOptions
	plan    Plan
	pos     int // the next entry
	chunkNo int
	chunk   []Entry
	limiter *rate.Limiter
	watch   watch
	polled  time.Time
	result  Result
}

// Run goes through a plan from where it was left: it reopens every run that still is as it was planned, at the pace, and
// sends its message. It may be killed at any moment and run again, and by several at once. It returns an error if ledger
// or queue fail, and ErrPaused, ErrCancelled, ErrUnfinished; when ctx ends, it finishes what it began, and says
// Interrupted.
func (d *Desk) Run(ctx context.Context, id string, o RunOptions) (Result, error) {
	p, err := d.runnable(ctx, id)
	if err != nil {
		return Result{Plan: p}, err
	}
	if p.State == Sent {
		return Result{Plan: p, End: Nothing}, d.note(ctx, o.Operator, "replay run", audit.Done, p, map[string]int{"reopened": 0})
	}
	if err := d.note(ctx, o.Operator, "replay run", audit.Begun, p, nil); err != nil {
		return Result{Plan: p}, err
	}
	if o.Rate <= 0 {
		o.Rate = DefaultRate(p.Limit)
	}
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	r := &running{Desk: d, id: id, options: o, plan: p, pos: p.Cursor, chunkNo: -1, limiter: rate.NewLimiter(rate.Limit(o.Rate), 1),
		watch: watch{ledger: d.Ledger, plan: id}}
	err = r.work(ctx)
	return r.end(ctx, err)
}

// runnable reads a plan that may be run, or was.
func (d *Desk) runnable(ctx context.Context, id string) (p Plan, err error) {
	if p, err = d.Load(ctx, id); err != nil {
		return p, err
	}
	switch p.State {
	case Making:
		return p, ErrUnfinished
	case Paused:
		return p, ErrPaused
	case Cancelled:
		return p, ErrCancelled
	}
	return p, nil
}

// work is Run without its beginning and its end.
func (r *running) work(ctx context.Context) error {
	if err := r.recall(ctx); err != nil {
		return r.cut(ctx, err)
	}
	for r.result.End == "" && r.pos < r.plan.Entries {
		if err := r.room(ctx); err != nil {
			return r.cut(ctx, err)
		}
		if r.result.End != "" {
			break
		}
		if err := r.batch(ctx); err != nil {
			return r.cut(ctx, err)
		}
		if err := r.health(ctx, ""); err != nil {
			return r.cut(ctx, err)
		}
	}
	if r.result.End == "" {
		r.result.End = AtEnd
		r.settle(ctx)
	}
	return nil
}

// cut tells the end of ctx, which is no failure, from everything else.
func (r *running) cut(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		r.result.End = Interrupted
		return nil
	}
	return err
}

// recall fills the window with what earlier runnings reopened last.
func (r *running) recall(ctx context.Context) error {
	for i := max(0, r.pos-r.options.Window); i < r.pos; i++ {
		e, err := r.entry(ctx, i)
		if err != nil {
			return err
		}
		r.watch.open = append(r.watch.open, &tracked{Entry: e})
	}
	r.watch.poll(ctx, len(r.watch.open))
	return ctx.Err()
}

// entry is one of the plan's.
func (r *running) entry(ctx context.Context, i int) (e Entry, err error) {
	if n := i / chunkSize; n != r.chunkNo {
		if r.chunk, err = r.Desk.chunk(ctx, &r.plan, n); err != nil {
			return e, err
		}
		r.chunkNo = n
	}
	return r.chunk[i%chunkSize], nil
}

// room waits until fewer reopened runs than the window holds are unfinished.
func (r *running) room(ctx context.Context) error {
	for r.result.End == "" && len(r.watch.open) >= r.options.Window {
		if err := sleep(ctx, tick); err != nil {
			return err
		}
		if err := r.look(ctx); err != nil {
			return err
		}
		if err := r.health(ctx, "the worker has to finish what was reopened"); err != nil {
			return err
		}
	}
	return nil
}

// look reads the plan's header: somebody may have paused or cancelled it.
func (r *running) look(ctx context.Context) error {
	p, err := r.Load(ctx, r.id)
	if err != nil {
		return err
	}
	r.heed(p)
	return nil
}

func (r *running) heed(p Plan) {
	r.plan = p
	switch p.State {
	case Paused:
		r.result.End = WasPaused
	case Cancelled:
		r.result.End = WasCanceled
	}
}

// health looks how the reopened runs fare, once a second, and pauses the plan if they fail again.
func (r *running) health(ctx context.Context, waiting string) error {
	if now := time.Now(); now.Sub(r.polled) >= tick {
		r.polled = now
		r.watch.poll(ctx, pollSize)
	}
	if r.options.Tell != nil {
		r.options.Tell(Progress{Done: r.pos, Total: r.plan.Entries, Reopened: r.result.Reopened, Unfinished: len(r.watch.open), Waiting: waiting})
	}
	why, sick := r.watch.sick()
	if !sick || r.result.End != "" || r.pos >= r.plan.Entries {
		return nil
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	p, err := r.pause(ctx, r.id, Operator{Who: r.options.Who, Why: why}, "")
	switch {
	case errors.Is(err, ErrOver), errors.Is(err, ErrCancelled): // by somebody, meanwhile
		return r.look(ctx)
	case err != nil:
		return err
	}
	r.plan, r.result.End = p, Sick
	return nil
}

// settle waits for the last runs to end.
func (r *running) settle(ctx context.Context) {
	for until := time.Now().Add(r.options.Wait); len(r.watch.open) > 0 && time.Now().Before(until); {
		if sleep(ctx, tick/2) != nil {
			return
		}
		r.watch.poll(ctx, len(r.watch.open))
		if r.options.Tell != nil {
			r.options.Tell(Progress{Done: r.pos, Total: r.plan.Entries, Reopened: r.result.Reopened, Unfinished: len(r.watch.open),
				Waiting: "every message is sent; the last runs are being finished"})
		}
	}
}

// sleep waits for d of time, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// end makes the report, unless somebody wants to go, and has the audit log say what came of it.
func (r *running) end(ctx context.Context, failure error) (Result, error) {
	if failure == nil && r.result.End != Interrupted && ctx.Err() == nil {
		failure = r.report(ctx)
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if p, err := r.Load(ctx, r.id); err == nil {
		r.plan = p
	}
	r.result.Plan = r.plan
	state := audit.Partly
	switch {
	case failure != nil:
		state = audit.Failed
	case r.result.End == AtEnd:
		state = audit.Done
	}
	counts := r.plan.Counts.byName()
	counts["reopened_now"], counts["woken_again"] = r.result.Reopened, r.result.Woken
	return r.result, errors.Join(failure, r.note(ctx, r.options.Operator, "replay run", state, r.plan, counts))
}

// report stores what became of the plan so far.
func (r *running) report(ctx context.Context) error {
	report, err := r.Report(ctx, r.plan)
	if err != nil {
		return err
	}
	_, err = r.change(ctx, r.id, func(p *Plan) error {
		p.Report = &report
		return nil
	})
	return err
}
