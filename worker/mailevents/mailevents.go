// Package mailevents reads what Amazon SES tells later about mails of the ses connector, and settles the effects that
// were left open: a mail whose answer was lost is done once SES says that it was sent, and failed once SES says that it
// was not. A [Collector] is a handler for the queue of a configuration set's event destination, behind the daemon or
// the function as the worker itself is.
//
// It promises: an event is deleted only after the ledger holds what it says, or when there is nothing to hold; a run
// that is open is left to its worker, and the event comes back; events that come twice, late or in another order change
// nothing; of two that contradict each other the stronger wins, whichever comes first.
//
// It refuses what is not SES's, does not carry the connector's four tags, or whose effect key is not that of the run
// that the tags name. Such events are deleted, counted and logged; neither log nor metric shows anything of a mail but
// the run key and the step.
package mailevents

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Ledger is the ledger as a Collector uses it.
type Ledger interface {
	// Find reads one run by its identity, consistently; ok is false if there is none.
	Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error)
	// Amend stores r over the version that has its fence and raises the fence; else worker.ErrLeaseLost.
	Amend(ctx context.Context, r worker.Run) error
}

// Observer is told of every event that was handled. Calls come from many goroutines and must return at once.
type Observer interface {
	// MailEvent hears the kind of the event and what became of it, each one of a few words.
	MailEvent(kind, outcome string)
}

// Outcome is what became of an event.
type Outcome string

// The outcomes. All but Later and Failing let the event go.
const (
	Sent       Outcome = "done"        // the effect is done now
	NotSent    Outcome = "failed"      // the effect has failed now
	Known      Outcome = "known"       // the ledger knew it, or something stronger
	Stale      Outcome = "stale"       // it tells of a mail of an earlier try
	Later      Outcome = "later"       // a worker may be at the run, or the ledger does not know it yet
	Failing    Outcome = "error"       // the ledger could not be asked, or did not take it
	UnknownRun Outcome = "unknown_run" // the ledger does not know the run, and had time enough, or not the step
	Foreign    Outcome = "foreign"     // not of a mail of ours, or of a kind that tells nothing
	Unreadable Outcome = "unreadable"  // no event of SES
)

// Options are the settings of a Collector; the zero value of each is its default.
type Options struct {
	// Patience is how long an event whose run is not known is kept; 1 hour.
	Patience time.Duration
	// Observer counts; nobody.
	Observer Observer
	// Now is the clock of what is settled; time.Now.
	Now func() time.Time
	// Log hears of what was settled and of what was deleted unread; slog.Default().
	Log *slog.Logger
}

// Collector settles effects by what SES tells. It is a worker.Handler, and safe for concurrent use.
type Collector struct {
	ledger  Ledger
	options Options
}

var _ worker.Handler = (*Collector)(nil)

// New makes a collector; o may be nil.
func New(l Ledger, o *Options) *Collector {
	c := &Collector{ledger: l}
	if o != nil {
		c.options = *o
	}
	c.options.Patience = cmp.Or(c.options.Patience, time.Hour)
	if c.options.Now == nil {
		c.options.Now = time.Now
	}
	c.options.Log = cmp.Or(c.options.Log, slog.Default())
	return c
}

// patience bounds the calls of the ledger for one event.
const patience = 15 * time.Second

// Handle does what one message says, and tells whether it may be deleted. It never panics. The verdict's reason is the
// Outcome.
func (c *Collector) Handle(ctx context.Context, d worker.Delivery) (v worker.Verdict) {
	var e Event
	outcome := Failing
	defer func() {
		if p := recover(); p != nil {
			c.options.Log.Error("mail event: recovered a panic", "message", d.ID, "stack", frames(debug.Stack()))
			outcome = Failing
		}
		v = c.verdict(d, e, outcome)
	}()
	e, err := Read(d.Body)
	switch {
	case errors.Is(err, ErrForeign):
		outcome = Foreign
	case err != nil:
		outcome = Unreadable
	default:
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if outcome, err = c.settle(ctx, d, e); err != nil {
			c.options.Log.Error("mail event: settle", "run", e.ID.Key(), "step", e.Step, "error", err.Error())
		}
	}
	return v
}

// rounds bounds how often a run is read again that moved meanwhile.
const rounds = 3

// settle stores what an event says of a step, if it is news.
func (c *Collector) settle(ctx context.Context, d worker.Delivery, e Event) (Outcome, error) {
	for range rounds {
		r, ok, err := c.ledger.Find(ctx, e.ID)
		switch {
		case err != nil:
			return Failing, err
		case !ok && c.options.Now().Sub(d.Sent) < c.options.Patience:
			return Later, nil
		case !ok:
			return UnknownRun, nil
		}
		about := e
		var outcome Outcome
		if about.Step, outcome = e.of(&r); outcome == "" {
			outcome = about.judge(&r)
		}
		if outcome != Sent && outcome != NotSent {
			return outcome, nil
		}
		if r.Settle(about.Step, worker.Settlement{Sent: e.Kind.sent(), Code: e.Kind.Code()}, c.options.Now()) != nil {
			return Known, nil
		}
		if err := c.ledger.Amend(ctx, r); !errors.Is(err, worker.ErrLeaseLost) {
			if err != nil {
				outcome = Failing
			}
			return outcome, err
		}
	}
	return Later, nil
}

// The pauses of an event that comes back: doubled with each receive.
const (
	hideBase = 15 * time.Second // a worker stores its answer within this, as a rule
	hideMax  = 15 * time.Minute
)

// verdict tells everybody what became of an event.
func (c *Collector) verdict(d worker.Delivery, e Event, outcome Outcome) worker.Verdict {
	if c.options.Observer != nil {
		c.options.Observer.MailEvent(e.Kind.String(), string(outcome))
	}
	v := worker.Verdict{Delete: true, Outcome: worker.Duplicate, Reason: string(outcome)}
	if e.Step != "" {
		v.Run = e.ID.Key()
	}
	level := slog.LevelInfo
	switch outcome {
	case Later, Failing:
		v.Delete, v.Outcome, v.Hide = false, worker.Released, min(hideMax, hideBase<<min(max(d.Receives-1, 0), 10))
		level = slog.LevelDebug
	case Known:
		level = slog.LevelDebug
	case Foreign: // a configuration set may serve other mails, too
		v.Outcome = worker.Poison
	case UnknownRun, Unreadable:
		v.Outcome, level = worker.Poison, slog.LevelWarn
	case Sent, NotSent:
		v.Outcome = worker.Completed
	}
	c.options.Log.Log(context.Background(), level, "mail event: handled", "run", v.Run, "step", e.Step, "message", d.ID,
		"event", e.Kind.String(), "outcome", string(outcome), "delete", v.Delete, "hide", v.Hide.String())
	return v
}

// frames are the names of this module's functions in a stack, without arguments.
func frames(stack []byte) string {
	var names []string
	for line := range strings.Lines(string(stack)) {
		if name, _, ok := strings.Cut(line, "("); ok && strings.HasPrefix(name, "github.com/postconfirm/") {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
