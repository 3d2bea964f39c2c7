package trigger

import (
	"io"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// lines writes whole lines, one Write each, one at a time, from any number of handlers. A log that hangs holds nobody
// for longer than the limit: its line is left behind, and until it is through, the others give up as well.
type lines struct {
	turn chan struct{}
	w    io.Writer
}

func newLines(w io.Writer) *lines { return &lines{make(chan struct{}, 1), w} }

// write has no error: there is no other place to tell it. What the log loses, reconcile still finds in the pool.
func (l *lines) write(limit time.Duration, line []byte) {
	began := time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
	case <-timer.C:
		return
	}
	_ = within(limit-time.Since(began), func() error {
		defer func() { <-l.turn }()
		_, err := l.w.Write(line)
		return err
	})
}

// field appends one string member and a comma; empty ones are left out.
func field(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(event.AppendString(b, key), ':')
	return append(event.AppendString(b, value), ',')
}
