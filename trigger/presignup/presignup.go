// Package presignup is the pre sign-up Lambda: it decides who may sign up, and who needs no confirmation code.
//
// Everything it reads was written by whoever signs up, so it is asymmetric. What refuses is static data, checked when
// the policy was read, and matches generously: all spellings of a denied domain and its sub-domains. What grants
// matches narrowly: a plain ASCII address whose domain is, byte for byte, one that a rule names. Whatever is odd,
// doubtful, slow or broken means no grant: the sign-up goes on with its normal verification. Before anything is granted
// the pool is asked whether somebody holds the address already, because verifying it would take it away from them.
//
// It promises: an answer within the time that Cognito waits, whatever the pool does; never a panic; the event handed
// back as it came, but for the three flags of its response; a policy that can't fail at sign-up. It refuses to touch
// what administrators create and what other providers vouch for, unless a deny rule names them; to read membership
// from what the client merely claims, unless a rule says so by name; to tell people more than a fixed sentence.
//
// Every decision is one line in the log, with rule and reason, without an address, a name or a value of the event.
//
// Imports: the reader of JSON members, and IDNA tables for deny rules. The SDK is one floor down, in listusers.
package presignup

import (
	"cmp"
	"context"
	"io"
	"os"
	"time"

	"github.com/postconfirm/postconfirm/trigger/lines"
)

// DefaultPatience is how long the pool is asked in all. Cognito waits 5 seconds for the whole trigger (Amazon Cognito
// Developer Guide, Lambda triggers), and the person who signs up waits, too.
const DefaultPatience = 800 * time.Millisecond

// margin is what is left of the invocation's time when the pool is given up, for the line and the way back.
const margin = 500 * time.Millisecond

// Options is what may be different; nil and zero values mean the defaults.
type Options struct {
	Patience time.Duration    // for all questions to the pool together; default DefaultPatience
	Log      io.Writer        // gets each line in one Write, never two at a time; default os.Stdout
	Now      func() time.Time // for the times that are written; default time.Now
}

// Handler is the trigger. It satisfies the Handler interface of aws-lambda-go and is safe for concurrent use.
type Handler struct {
	policy   *Policy
	guard    Guard
	patience time.Duration
	log      *lines.Writer
	now      func() time.Time
}

// New makes a handler. A nil guard is for policies that ask nobody; where one is needed, there is no grant then.
func New(p *Policy, g Guard, o *Options) *Handler {
	if o == nil {
		o = &Options{}
	}
	h := &Handler{policy: p, guard: g, patience: cmp.Or(o.Patience, DefaultPatience), log: lines.New(os.Stdout), now: time.Now}
	if o.Log != nil {
		h.log = lines.New(o.Log)
	}
	if o.Now != nil {
		h.now = o.Now
	}
	return h
}

// Refusal is the error of a denied sign-up. Its text is the policy's own sentence; Cognito shows it to the person,
// after "PreSignUp failed with error " (Amazon Cognito Developer Guide, Lambda triggers).
type Refusal string

// Error is the sentence.
func (r Refusal) Error() string { return string(r) }

// Invoke decides about one event. It returns the event, with the flags of its response set to what was decided, or a
// Refusal. It keeps nothing of payload and doesn't change it.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	began := time.Now()
	r := record{Decision: Decision{Outcome: Panicked, Reason: "panic"}}
	answer = payload
	guarded(&r, func() {
		r.Decision = h.policy.Decide(payload)
		if r.Outcome == Confirm && len(r.questions) > 0 {
			r.doubt = h.ask(ctx, &r.Decision)
		}
		answer = r.apply(payload)
	})
	r.took = time.Since(began)
	guarded(&record{}, func() { h.log.Write(lineLimit, h.line(&r)) })
	if r.Outcome == Deny {
		return nil, Refusal(r.Message)
	}
	return answer, nil
}
