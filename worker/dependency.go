package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/postconfirm/postconfirm/enrich"
)

// The breaker's settings.
const (
	sickAfter  = 3                // runs that failed with no success between them: then it is not the users' fault
	maxWait    = 15 * time.Minute // for which everybody leaves a dependency alone that asked one run to wait
	maxRefunds = 10_000           // runs whose charge is remembered to be given back
)

// dependency is one outside system as this process knows it: is it well, and how often may it be asked.
//
// Its breaker opens when several different runs failed one after the other with no success between: one user whom a
// vendor can't stand never opens it, and is charged. What was charged on the way to the opening is given back when
// the run comes again: a sick vendor is nobody's attempt.
type dependency struct {
	name    string
	board   *board // what the other workers know of it; nil without
	breaker *gobreaker.CircuitBreaker[enrich.Result]
	limiter *rate.Limiter // nil without a limit
	probe   time.Duration // how long an open breaker waits before it lets one call through
	now     func() time.Time

	mu      sync.Mutex
	repeats repeats
	failing map[string]bool // runs that failed since the last success
	waiting map[string]bool // runs that were asked to wait since the last success
	charged map[string]bool // those of them that were charged for it
	refunds map[string]bool // runs that were charged for what turned out to be the dependency's sickness
	until   time.Time       // when an open breaker lets a call through
	busy    time.Time       // until when it asked to be left alone
}

// The pool's reads of users and the writes of the built-in attributes step are dependencies, too: an outage of theirs is
// nobody's attempt either, and a pool that is out is hardly asked.
const (
	poolReads  = "cognito:read"
	poolWrites = "cognito:write"
)

// newDependencies are those of the pool and of the pipeline's steps, by name. The slowest rate of the steps that share one counts.
func newDependencies(p *enrich.Pipeline, o Options) map[string]*dependency {
	board := newBoard(o)
	all := map[string]*dependency{poolReads: newDependency(poolReads, board, o), poolWrites: newDependency(poolWrites, board, o)}
	for _, s := range p.Steps {
		name := s.DependencyName()
		d := all[name]
		if d == nil {
			d = newDependency(name, board, o)
			all[name] = d
		}
		if s.Rate > 0 && (d.limiter == nil || rate.Limit(s.Rate) < d.limiter.Limit()) {
			d.limiter = rate.NewLimiter(rate.Limit(s.Rate), 1)
		}
	}
	return all
}

func newDependency(name string, board *board, o Options) *dependency {
	d := &dependency{name: name, board: board, now: o.Now, probe: o.Probe, repeats: repeats{left: maxRepeats, at: o.Now()},
		failing: map[string]bool{}, waiting: map[string]bool{}, charged: map[string]bool{}, refunds: map[string]bool{}}
	d.breaker = gobreaker.NewCircuitBreaker[enrich.Result](gobreaker.Settings{
		Name: name, MaxRequests: 1, Timeout: o.Probe,
		ReadyToTrip:   func(gobreaker.Counts) bool { return d.sick() },
		OnStateChange: func(_ string, _, to gobreaker.State) { d.changed(to) },
		IsSuccessful:  answered,
		IsExcluded:    excluded,
	})
	return d
}

// answered tells whether the other side answered in its own words, be it no.
func answered(err error) bool {
	var rejected *Rejected
	if err == nil || errors.Is(err, ErrNoUser) || errors.As(err, &rejected) {
		return true
	}
	kind := enrich.Failure(err).Kind
	return kind != enrich.Temporary && kind != enrich.Denied
}

// excluded are failures that say nothing about the dependency: our own stop, a throttle. One who says that an answer is
// not ready yet is no throttle: he is well, and asks one run to wait, not all.
func excluded(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return err != nil
	}
	f := enrich.Failure(err)
	return f.Kind == enrich.Throttled && !f.Pending()
}

func (d *dependency) sick() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.failing) >= sickAfter
}

func (d *dependency) changed(to gobreaker.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if to != gobreaker.StateOpen {
		return
	}
	d.until = d.now().Add(d.probe)
	for run := range d.charged {
		if len(d.refunds) < maxRefunds {
			d.refunds[run] = true
		}
	}
	clear(d.charged)
}

// call makes one call if the dependency is thought well, here and by the other workers, at its pace. waits bounds the
// wait for the pace.
func (d *dependency) call(waits context.Context, run string, f func() (enrich.Result, error)) (enrich.Result, error) {
	if left := d.askedToWait(); left > 0 {
		return nil, &enrich.Error{Kind: enrich.Throttled, Code: AskedToWait, RetryAfter: left}
	}
	if d.breaker.State() != gobreaker.StateOpen {
		if wait := d.board.admit(waits, d.name); wait > 0 {
			return nil, &enrich.Error{Kind: enrich.Throttled, Code: BreakerOpen, RetryAfter: max(time.Second, wait)}
		}
	}
	if d.limiter != nil {
		if err := d.limiter.Wait(waits); err != nil {
			return nil, &enrich.Error{Kind: enrich.Throttled, Code: "rate_limit", Err: err}
		}
	}
	called := false
	result, err := d.breaker.Execute(func() (enrich.Result, error) {
		called = true
		result, err := f()
		d.note(run, err)
		return result, err
	})
	if called && !excluded(err) {
		d.board.tell(waits, d.name, answered(err), d.breaker.State() == gobreaker.StateOpen)
	}
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, &enrich.Error{Kind: enrich.Throttled, Code: BreakerOpen, RetryAfter: d.wait()}
	}
	return result, err
}

func (d *dependency) note(run string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case excluded(err):
		d.waits(run, enrich.Failure(err).RetryAfter)
	case !answered(err):
		d.failing[run] = true
	default:
		d.repeats.earn(perSuccess)
		clear(d.failing)
		clear(d.charged)
		clear(d.waiting)
	}
}

// waits notes that a run was asked to wait. When several were, with no success between them, it is a limit of the
// account that is used up, not of one user, and everybody leaves the dependency alone.
func (d *dependency) waits(run string, after time.Duration) {
	if after <= 0 {
		return
	}
	if d.waiting[run] = true; len(d.waiting) >= sickAfter {
		d.busy = d.now().Add(min(after, maxWait))
		clear(d.waiting)
	}
}

// askedToWait is how long the dependency still wants to be left alone.
func (d *dependency) askedToWait() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.busy.Sub(d.now())
}

// wait is how long it takes until the breaker lets a call through.
func (d *dependency) wait() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(time.Second, d.until.Sub(d.now()))
}

// charge tells whether a failed run is to be charged: not while the breaker is open, nor while another worker's was and
// nobody has seen the dependency well since, nor while so many calls fail, among others that succeed, that the budget
// of repeats is spent.
func (d *dependency) charge(run string) bool {
	if d.breaker.State() != gobreaker.StateClosed || d.board.hinted(d.name) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.repeats.spent(d.now()) {
		return false
	}
	d.charged[run] = true
	return true
}

// mayRepeat takes a repeat from the budget, if there is one left. Of nil there is no end.
func (d *dependency) mayRepeat() bool {
	if d == nil {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.repeats.take(d.now())
}

// refund tells, once, whether the run's last charge is to be given back.
func (d *dependency) refund(run string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	given := d.refunds[run]
	delete(d.refunds, run)
	return given
}

// Sick tells whether a breaker is open, here or at another worker: what comes now can probably not be finished.
func (w *Worker) Sick() bool {
	for _, d := range w.outside {
		if d.breaker.State() == gobreaker.StateOpen || d.board.keepsAway(d.name) {
			return true
		}
	}
	return false
}
