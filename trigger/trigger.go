// Package trigger is the post confirmation Lambda: it puts the confirmed user on the queue and hands Cognito its event
// back, byte for byte.
//
// Cognito waits 5 seconds for the answer, and the person who signs up sees whatever goes wrong here, although the
// account is confirmed already. So the handler promises: it answers inside its budget, whatever the queue does; it
// never panics; and unless Options.OnError is FailClosed it never fails. What could not be sent is in the log as a
// journal line, and reconcile finds the user in the pool.
//
// It reads six fields of the event (triggerSource, region, userPoolId, userName, request.userAttributes.sub,
// callerContext.clientId) and the client metadata keys that are allowed by name, in their exact spelling. It sends
// only PostConfirmation_ConfirmSignUp; anything else is handed back and counted as ignored. It refuses to guess: an
// identity that is missing, malformed or there twice is handed back, logged, and not sent.
//
// Every sign-up writes two lines, every other event one: see journal.go and result.go. No line carries an e-mail, a
// name, a user name or a metadata value.
//
// Imports: the standard library and the message. The SDK is one floor down, in sqsout.
package trigger

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger/lines"
)

// The budget of one invocation. Cognito waits 5 seconds in all (Amazon Cognito Developer Guide, Lambda triggers), and
// the cold start and the way back are in them.
const (
	DefaultBudget = 2500 * time.Millisecond
	MinBudget     = 100 * time.Millisecond
	MaxBudget     = 4 * time.Second
)

// MaxMetadataKeys is how many client metadata keys may be allowed: with values of event.MaxMetadataValue bytes, that
// keeps the message far below the limit of SQS.
const MaxMetadataKeys = 32

// Sender puts one message on the queue. Send is called from a goroutine of its own and must be safe for concurrent
// use: a try that outlives its context is left behind while the next one runs. It must not change body. It does not
// repeat anything: the second try is the handler's.
//
// group is whose message it is, for a queue that shares itself out fairly between groups (Options.FairQueues); "" is no
// group. It is text from the event, at most 2,048 bytes of it: a Sender whose queue can't take it sends without it.
//
// Two methods of its error are heard, where they exist: Permanent() bool, true when a second try can't help (access
// denied, no such queue), and Code() string, a short word for the log, such as AccessDenied.
type Sender interface {
	Send(ctx context.Context, body []byte, group string) error
}

// The values of Options.OnError.
const (
	FailOpen   = "open"   // the event is returned whatever happens; journal and reconcile recover
	FailClosed = "closed" // a confirmed user who isn't on the queue sees ErrNotEnqueued
)

// FairByClient is the one value of Options.FairQueues besides none: the app client is the group, so that one client's
// rush doesn't delay the sign-ups of the others.
const FairByClient = "client"

// ErrNotEnqueued is what Invoke returns with FailClosed. Its text is shown to the person who signs up (Amazon Cognito
// Developer Guide, Lambda triggers), so it says nothing of the inside. That person is confirmed nevertheless.
var ErrNotEnqueued error = sentence("Your account is confirmed, but setting it up is delayed. Please try to sign in.")

// sentence is an error for people. Its type's name goes to Cognito as errorType.
type sentence string

func (s sentence) Error() string { return string(s) }

// Options is what may be different; nil and zero values mean the defaults.
type Options struct {
	Budget       time.Duration    // for everything, lines included; default DefaultBudget, kept within MinBudget and MaxBudget
	OnError      string           // FailOpen or FailClosed; default, and for any other value, FailOpen
	FairQueues   string           // FairByClient; default, and for any other value, messages have no group
	MetadataKeys []string         // clientMetadata keys that travel, the first MaxMetadataKeys of them; default none
	Log          io.Writer        // gets each line in one Write, never two at a time; default os.Stdout
	Now          func() time.Time // for the times that are written; default time.Now
}

// Handler is the trigger. It satisfies the Handler interface of aws-lambda-go and is safe for concurrent use.
type Handler struct {
	sender Sender
	budget time.Duration
	closed bool
	fair   bool // the app client is the group
	keys   []string
	log    *lines.Writer
	now    func() time.Time
	open   atomic.Int64 // sends that have not returned, the ones left behind included
}

// New makes a handler that sends with s.
func New(s Sender, o *Options) *Handler {
	if o == nil {
		o = &Options{}
	}
	h := &Handler{
		sender: s,
		budget: min(max(cmp.Or(o.Budget, DefaultBudget), MinBudget), MaxBudget),
		closed: o.OnError == FailClosed,
		fair:   o.FairQueues == FairByClient,
		keys:   slices.Clone(o.MetadataKeys[:min(len(o.MetadataKeys), MaxMetadataKeys)]),
		log:    lines.New(os.Stdout),
		now:    time.Now,
	}
	if o.Log != nil {
		h.log = lines.New(o.Log)
	}
	if o.Now != nil {
		h.now = o.Now
	}
	return h
}

// Invoke handles one event and returns payload itself. It ends inside the budget and before the deadline of ctx, less
// a margin for the way back. Its only error is ErrNotEnqueued, with FailClosed only. It keeps nothing of payload.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	began := time.Now()
	var r result
	t := times{line: minLine}
	guard(&r, func() {
		t = divide(ctx, began, h.budget)
		h.handle(ctx, payload, t, &r)
	})
	r.took = time.Since(began)
	guard(&result{}, func() { h.log.Write(t.line, r.encode(h.now())) })
	if h.closed && r.lost() {
		return nil, ErrNotEnqueued
	}
	return payload, nil
}

// handle reads the event, writes the journal line, and sends. What came of it is in r, also when it panics halfway.
func (h *Handler) handle(ctx context.Context, payload []byte, t times, r *result) {
	x := Explain(payload, h.keys)
	r.trigger, r.reason = x.Source, x.Reason
	if x.Message == nil {
		r.outcome = x.Outcome
		return
	}
	m := *x.Message
	m.At = h.now()
	r.run = m.Key()
	h.log.Write(t.line, journal(m))
	h.send(ctx, h.parcel(m), t, r)
}

// parcel is a message as the Sender gets it. An event without a client id makes one without a group.
func (h *Handler) parcel(m event.Message) parcel {
	p := parcel{body: m.Encode()}
	if h.fair {
		p.group = m.Client
	}
	return p
}
