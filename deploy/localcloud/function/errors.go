package function

import "errors"

// These tell apart what went wrong outside of the program's own answer. They are wrapped: use errors.Is.
var (
	// ErrTimeout means that the program did not answer, or did not start, in its time. It was killed.
	ErrTimeout = errors.New("function: timed out")
	// ErrExit means that the process ended without an answer, or could not be started.
	ErrExit = errors.New("function: exited")
	// ErrThrottled means that no environment became free as long as the caller waited.
	ErrThrottled = errors.New("function: throttled")
	// ErrClosed means that the function was closed.
	ErrClosed = errors.New("function: closed")
)

// Error is what a caller of Lambda reads as errorType and errorMessage. When the program returned it, it wraps
// nothing. When Lambda itself speaks for a program that can't, it wraps ErrTimeout or ErrExit, and Type is
// "Sandbox.Timedout", "Runtime.ExitError", "Runtime.NoResponse" or "Runtime.InvalidEntrypoint"; a program that said
// why it can't start keeps its own Type, and wraps ErrExit.
type Error struct {
	Type    string // the program's own word, for Go programs the name of the error's type
	Message string // the program's own text
	cause   error
}

// Error gives the type and the message.
func (e *Error) Error() string { return "function: " + e.Type + ": " + e.Message }

// Unwrap gives ErrTimeout or ErrExit, or nil for an error that the program returned.
func (e *Error) Unwrap() error { return e.cause }
