// Package lines writes the log of a trigger: whole lines of JSON, of which CloudWatch makes metrics.
//
// It promises one Write for each line and one at a time, from any number of handlers; that a log that hangs, fails or
// panics holds nobody for longer than a limit; and that Word and Where let nothing into a line that somebody else wrote.
// It refuses to tell of its own failures: there is no other place to tell them. Standard library only, but for the
// strings of enrich/event.
package lines

import (
	"io"
	"time"
)

// Writer writes lines. It is safe for concurrent use.
type Writer struct {
	turn chan struct{}
	w    io.Writer
}

// New makes a Writer on w.
func New(w io.Writer) *Writer { return &Writer{make(chan struct{}, 1), w} }

// Write writes one line, which ends with its newline, and takes no longer than the limit. A line that hangs is left
// behind, and until it is through, the others give up as well.
func (l *Writer) Write(limit time.Duration, line []byte) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
	case <-timer.C:
		return
	}
	done := make(chan struct{})
	go func() {
		defer func() { _ = recover(); <-l.turn; close(done) }()
		_, _ = l.w.Write(line)
	}()
	select {
	case <-done:
	case <-timer.C:
	}
}
