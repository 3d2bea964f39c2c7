// Package worker is the use case: one delivery from the queue becomes one verdict about it.
//
// [Worker.Handle] reads the message, takes the run's lease in the ledger, reads the user, runs the steps whose needs
// are met, writes the attributes once, runs what comes after, and says whether the message may be deleted, must stay
// hidden for a while, or has become a dead letter. [Daemon] feeds it from long polls.
//
// It promises: a message is deleted only after the ledger holds a final state; what a step answered is in the ledger
// the moment it arrives, so a retry or a duplicate asks nobody twice; an effect that must not be repeated has a
// durable intent before it starts; a throttle, a shutdown or a lost race is never charged to the user.
//
// It refuses: pools that are not on the pipeline's list; to write to anybody but the person who confirmed (same sub);
// to put a name, an address, or any value into a log line, a reason or an error. Logs carry the run key.
//
// It knows neither AWS nor any connector: its ports have one to three methods each and stand in ports.go.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
)

// Ports are what a Worker needs from outside. All are required and safe for concurrent use.
type Ports struct {
	Queue       Queue
	DeadLetters DeadLetters
	Directory   Directory
	Ledger      Ledger
	Secrets     enrich.Secrets
}

// Options are the settings of a Worker; the zero value of each is its default.
type Options struct {
	Attempts  int           // charged attempts of one step before the run is parked; 8
	Crashes   int           // lost leases before the run is parked; 3
	MaxAge    time.Duration // of a run before it is parked; 5 days
	Retention time.Duration // of the queue: a day before it drops a message, the run is parked; 14 days
	Grace     time.Duration // how long a message of a newer version waits for a newer worker; 1 hour
	Tries     int           // calls of one step inside one delivery; 3
	TryBase   time.Duration // pause before the second try, doubled each time; 200ms
	HideBase  time.Duration // first pause through the queue, doubled with each charged attempt; 5s
	HideMax   time.Duration // longest pause through the queue; 15min
	Probe     time.Duration // how long a sick dependency is left alone before one call tries it again; 30s
	Lease     time.Duration // of a run; the queue's visibility less a margin; 55s
	Owner     string        // names this process in leases; a random word
	Budget    *Budget       // of Cognito writes; from the pipeline's limits
	Hints     Hints         // of the other workers about sick dependencies; none
	Log       *slog.Logger  // slog.Default()
	Observer  Observer      // told of every step and run; nobody
	Now       func() time.Time
	Rand      func() float64 // uniform in [0, 1), for jitter
	// Pipelines finds the pipeline file of a hash, for messages that want another one than the worker's own: an operator who
	// replays with the file of then. ErrNoPipeline says that there is none, which is what nil means for all: such a message
	// waits for Grace, then its run is parked. Any other error is asked about again until the run is too old.
	Pipelines    func(ctx context.Context, hash string) (*enrich.Pipeline, error)
	SchemaMaxAge time.Duration // how long a pool's schema is believed; 10min
	AnyPool      bool          // touch pools that are not on the pipeline's list: for a local cloud, never for AWS
}

func (o *Options) withDefaults(p *enrich.Pipeline) Options {
	var v Options
	if o != nil {
		v = *o
	}
	v.Attempts = or(v.Attempts, 8)
	v.Crashes = or(v.Crashes, 3)
	v.MaxAge = or(v.MaxAge, 5*24*time.Hour)
	v.Retention = or(v.Retention, 14*24*time.Hour)
	v.Grace = or(v.Grace, time.Hour)
	v.Tries = or(v.Tries, 3)
	v.TryBase = or(v.TryBase, 200*time.Millisecond)
	v.HideBase = or(v.HideBase, 5*time.Second)
	v.HideMax = or(v.HideMax, 15*time.Minute)
	v.Probe = or(v.Probe, 30*time.Second)
	v.Lease = or(v.Lease, 55*time.Second)
	v.SchemaMaxAge = or(v.SchemaMaxAge, 10*time.Minute)
	if v.Owner == "" {
		v.Owner = fmt.Sprintf("%08x", rand.Uint32())
	}
	if v.Log == nil {
		v.Log = slog.Default()
	}
	if v.Now == nil {
		v.Now = time.Now
	}
	if v.Rand == nil {
		v.Rand = rand.Float64
	}
	if v.Observer == nil {
		v.Observer = nobody{}
	}
	if v.Budget == nil {
		v.Budget = NewBudget(p.Limits.CognitoWrites, v.Now)
	}
	return v
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Worker turns deliveries into verdicts. It is safe for concurrent use.
type Worker struct {
	pipeline *enrich.Pipeline
	ports    Ports
	options  Options
	schemas  schemas
	outside  map[string]*dependency
	claims   atomic.Int64
	left     left
	suspect  chan struct{} // has room for the one whose turn it is
	pinned   pinned        // workers on other pipeline files

	unclaimed atomic.Uint64 // claims that the ledger did not answer, since the last that it did
}

// New makes a Worker for one pipeline. o may be nil.
func New(p *enrich.Pipeline, ports Ports, o *Options) *Worker {
	w := &Worker{pipeline: p, ports: ports, options: o.withDefaults(p), suspect: make(chan struct{}, 1)}
	w.outside = newDependencies(p, w.options)
	w.schemas = schemas{directory: ports.Directory, reading: make(chan struct{}, 1), maxAge: w.options.SchemaMaxAge, now: w.options.Now}
	return w
}

// Handle does for one delivery what can be done now and says what becomes of the message. It never panics: a panic
// inside leaves the run's lease to end by itself, which counts as a crash, and three crashes park the run. When ctx
// ends, or 1.5 s before d.Deadline, running calls are cut; when d.Draining closes, or 3 s before d.Deadline, nothing new
// is started and the run is released uncharged.
func (w *Worker) Handle(ctx context.Context, d Delivery) (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			v = w.panicked(v.Run)
			w.options.Log.Error("worker: recovered a panic", "message", d.ID, "at", firstOwnFrame(debug.Stack()))
		}
		w.report(d, v)
	}()
	ctx, cancel := d.within(ctx, settling)
	defer cancel()
	m, err := event.Decode(d.Body)
	if err != nil {
		return w.unreadable(ctx, d, err)
	}
	if !w.allowed(m) {
		return w.poison(ctx, d, "pool_not_allowed")
	}
	w, err = w.of(ctx, m.Pipeline)
	if err != nil {
		return w.withoutPipeline(ctx, d, m, err)
	}
	return w.handleRun(ctx, d, m, "")
}

func (w *Worker) panicked(run string) Verdict {
	return Verdict{Outcome: Retry, Reason: "panic", Hide: w.pause(1, 0), Run: run}
}

// LongestCall is the longest time-out of the calls that this worker makes: it can do nothing useful in a Lambda function
// that has not so much and a few seconds.
func (w *Worker) LongestCall() time.Duration {
	longest := writeTimeout
	for _, s := range w.pipeline.Steps {
		longest = max(longest, s.Timeout)
	}
	return longest
}

// owner names one claim: two deliveries of one message in one process are two owners, but not a delivery and the one
// before it that could not give its lease back.
func (w *Worker) owner(run string) string {
	if name := w.left.take(run); name != "" {
		return name
	}
	return w.options.Owner + "-" + strconv.FormatInt(w.claims.Add(1), 10)
}

// allowed checks the message's pool against the pipeline's list, and its region against the pool's.
func (w *Worker) allowed(m event.Message) bool {
	region, _, _ := strings.Cut(m.Pool, "_")
	listed := w.options.AnyPool || slices.Contains(w.pipeline.Pools, m.Pool)
	return listed && (m.Region == "" || m.Region == region)
}

func (w *Worker) report(d Delivery, v Verdict) {
	w.options.Observer.Finished(v)
	w.options.Log.Info("worker: verdict", "run", v.Run, "message", d.ID, "outcome", v.Outcome.String(), "reason", v.Reason,
		"delete", v.Delete, "hide", v.Hide.Round(time.Millisecond).String(), "receives", d.Receives)
}

// firstOwnFrame names the place of a panic: a function of this module, without arguments or values.
func firstOwnFrame(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") {
			for _, after := range lines[i+1:] {
				if name, _, ok := strings.Cut(after, "("); ok && strings.HasPrefix(name, "github.com/postconfirm/") {
					return name
				}
			}
		}
	}
	return "unknown"
}
