package enrich

import (
	"errors"
	"time"
)

// FailureKind says what may be done about a failed call.
type FailureKind uint8

// The kinds. The zero value is the one that loses nothing: try again.
const (
	Temporary FailureKind = iota // time-out, 5xx, reset: try again, and charge the attempt
	Throttled                    // the other side asks to wait: try again later, nothing is charged
	Permanent                    // the answer will stay the same: give up
	NotFound                     // an answer: there is no such thing
	Denied                       // we are not let in: nothing is charged, and it works again when somebody has mended it
)

// String is the kind as logs and ledger write it.
func (k FailureKind) String() string {
	return [...]string{"temporary", "throttled", "permanent", "not-found", "denied"}[min(k, Denied)]
}

// Error is a classified failure. Its text never carries a personal value, a secret, or a body.
type Error struct {
	Kind       FailureKind
	Code       string        // stable, lower case with underscores: "http_503", "timeout", "tls"
	Sent       bool          // the request may have reached the other side
	Refused    bool          // the other side answered that it did nothing
	RetryAfter time.Duration // what the other side asks for; 0 = nothing said
	Err        error         // the cause; may be nil
}

// Error gives the code and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Code
	}
	return e.Code + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrNotFound is the answer that there is no such thing.
var ErrNotFound = &Error{Kind: NotFound, Code: "not_found", Sent: true, Refused: true}

// Failure is err as a classified failure. What nobody classified is temporary, and may have been sent.
func Failure(err error) *Error {
	var classified *Error
	if errors.As(err, &classified) {
		return classified
	}
	return &Error{Kind: Temporary, Code: "unclassified", Sent: true, Err: err}
}

// CodePending is the code of a throttled failure in which the other side says that it works on an answer: "not ready, ask
// again". It is about one user, and says that the other side is well; every other throttled failure says that it has
// too much to do.
const CodePending = "pending"

// Pending tells whether the other side said that it works on an answer.
func (e *Error) Pending() bool { return e.Kind == Throttled && e.Code == CodePending }

// Unknown tells whether nobody can say if the call had its effect: it left, and no answer denied it.
func (e *Error) Unknown() bool { return e.Sent && !e.Refused }
