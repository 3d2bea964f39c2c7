package function

import (
	"bytes"
	"io"
	"sync"
)

// maxLine is the longest line kept together (the size of one CloudWatch log event); longer ones are cut.
const maxLine = 256 << 10

// sharedWriter lets many processes write to one place, one line at a time.
type sharedWriter struct {
	mu sync.Mutex
	to io.Writer
}

// line writes one whole line. A reader that went away must not break the program that writes: errors are dropped.
func (s *sharedWriter) line(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.to.Write(b)
}

// lines gathers one stream of one process into whole lines. It is used by one goroutine at a time.
type lines struct {
	to   *sharedWriter
	rest []byte
}

// Write never fails.
func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 {
			break
		}
		l.to.line(l.rest[:i+1])
		l.rest = l.rest[i+1:]
	}
	if len(l.rest) > maxLine {
		l.flush()
	}
	return len(b), nil
}

// flush writes what is left as a line.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.to.line(append(l.rest, '\n'))
		l.rest = nil
	}
}
