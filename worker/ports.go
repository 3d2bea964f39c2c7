package worker

import (
	"context"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// Delivery is one receive of one message.
type Delivery struct {
	ID         string    // the queue's message id: for logs only, a redrive makes a new one
	Receipt    string    // names this receive; a later receive of the same message makes it worthless
	Body       []byte    // as it came
	Sent       time.Time // the queue's clock; the arbiter of age
	ReceivedAt time.Time // our clock
	Visible    time.Time // when the message comes back if nothing is done
	Receives   int       // how often it was received; 0 when the queue did not say. Never an attempt count
	// Draining closes when the program is asked to stop: finish what runs, start nothing. nil never closes.
	Draining <-chan struct{}
	// Last ends when nothing may be waited for any more, not even that what happened is written down: a moment after
	// running calls were cut. nil never ends.
	Last context.Context
	// Deadline is when the program is stopped whatever it does, as at the end of a Lambda invocation; zero is never.
	// No call is started that could go on in the last 1.5 s before it, and no lease is taken beyond it. What does not
	// fit is released uncharged, with the reason "deadline".
	Deadline time.Time
}

// Queue is where deliveries come from.
type Queue interface {
	// Receive waits for messages, at most a long poll, and returns up to ten; none is no error.
	Receive(ctx context.Context) ([]Delivery, error)
	// Delete removes up to ten messages. failed are those that remain; they come back, which is harmless.
	Delete(ctx context.Context, batch []Delivery) (failed []Delivery, err error)
	// Hide makes the message invisible for d from now; 0 shows it at once.
	Hide(ctx context.Context, m Delivery, d time.Duration) error
}

// Letter is the dead-letter copy of a message: the body untouched, and why.
type Letter struct {
	Body     []byte
	Reason   string // stable code
	Run      string // run key, "" for what is no message of ours
	Step     string // the step that failed, if one did
	Class    string // temporary, permanent, …
	Attempts int    // charged attempts of that step
	Reopens  int    // how often an operator reopened the run
	Pipeline string // hash of the pipeline file
}

// DeadLetters keeps what waits for a person.
type DeadLetters interface {
	// Send returns nil only when the copy is durable.
	Send(ctx context.Context, l Letter) error
}

// User is a user of the pool as it is now.
type User struct {
	Username   string            // immutable; another person may have it after this one is deleted
	Sub        string            // the person
	Status     string            // CONFIRMED, EXTERNAL_PROVIDER, …
	Attributes map[string]string // all of them, sub included
}

// addressee is what writes are addressed to. A name can belong to somebody else a moment after it was read; a sub never
// does. Cognito takes the sub of a local user in its place, but wants the user name of one who signs in elsewhere (Amazon
// Cognito API reference, AdminUpdateUserAttributes, Username).
func (u User) addressee() string {
	if u.Status == "EXTERNAL_PROVIDER" {
		return u.Username
	}
	return u.Sub
}

// ErrNoUser says that the pool has no such user.
var ErrNoUser = errors.New("no such user")

// Rejected says that the pool refused one attribute; nothing was written.
type Rejected struct {
	Attribute string // its name; "" if the pool named none
	Code      string
}

// Error gives code and name.
func (r *Rejected) Error() string { return r.Code + ": " + r.Attribute }

// Directory is the user pool. Errors are *enrich.Error, ErrNoUser or *Rejected.
type Directory interface {
	// User reads one user by its username.
	User(ctx context.Context, pool, username string) (User, error)
	// Write sets attributes in one call; it is not repeated inside.
	Write(ctx context.Context, pool, username string, values []Value) error
	// Schema reads which attributes the pool has.
	Schema(ctx context.Context, pool string) (Schema, error)
}

// Value is one attribute to write. An empty Text would delete the attribute and is never written.
type Value struct{ Name, Text string }

// Schema is what a pool accepts, by attribute name ("custom:company", "website").
type Schema map[string]Field

// Field is one attribute of a pool's schema. Nil bounds are no bounds.
type Field struct {
	Type      string // String, Number, DateTime, Boolean
	Mutable   bool
	MinLength *int // characters, of strings
	MaxLength *int
	MinValue  *float64
	MaxValue  *float64
}

// Busy says that somebody else holds the run's lease.
type Busy struct{ Until time.Time }

// Error is fixed.
func (*Busy) Error() string { return "the run is held by another worker" }

// ErrLeaseLost says that the run was claimed by somebody else meanwhile: nothing was stored.
var ErrLeaseLost = errors.New("the lease is lost")

// Ledger is the durable memory of every run, and the truth about it. An implementation passes the suite in
// worker/workertest.
type Ledger interface {
	// Claim takes the lease on a run until the given time and returns the run as stored, with a new fence; a run
	// that is not known is created. A lease that ended without being given back counts as a crash. A run in a final
	// state is returned as it is, without a lease. *Busy if another owner holds it, or any other run of the same
	// person: there is one writer of a person's attributes at a time, whatever the generation.
	Claim(ctx context.Context, id Identity, owner string, now, until time.Time) (Run, error)
	// Save stores the run if its fence is still the newest, durably when it returns nil; else ErrLeaseLost. A run
	// saved with an empty Owner has given its lease back.
	Save(ctx context.Context, r Run) error
	// Written returns what the runs of this person wrote last, as MergeWritten has it.
	Written(ctx context.Context, pool, sub string) (map[string]Wrote, error)
}

// ErrDamaged says that the ledger has a run and can't trust what it has: its checksum is wrong. Nobody else's run is
// touched by it.
var ErrDamaged = errors.New("damaged")

// Observer is told what happens, for metrics and for people who watch. Calls come from many goroutines and must
// return at once.
type Observer interface {
	// Stepped is told of each step that was due, after its last try of this delivery; with no try at all if its
	// dependency's breaker or rate kept it away.
	Stepped(StepNote)
	// Finished is told of each verdict.
	Finished(Verdict)
}

// StepNote is what an Observer hears of a step. It carries no value.
type StepNote struct {
	Run, Step, Uses string
	Dependency      string // the outside system it talks to: enrich.Step.DependencyName, or "cognito:write"
	Class           enrich.Class
	State           StepState // "" means: will be tried again
	Code            string    // of the failure, if there was one
	Kind            enrich.FailureKind
	Sent            bool          // the call that failed may have reached the other side
	Tries           int           // calls of this delivery; 0 if it was kept from calling, or had nothing to write
	Attempt         int           // charged attempts so far
	Charged         bool          // this delivery's failure was charged
	Took            time.Duration // all tries of this delivery, with the pauses between them and the waits for the pace
	RetryAfter      time.Duration
}

type nobody struct{}

func (nobody) Stepped(StepNote) {}
func (nobody) Finished(Verdict) {}
