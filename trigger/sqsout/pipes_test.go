package sqsout

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// pipes is a network of one host, inside the process and so inside a bubble of synctest: serve is at the other end of
// each connection.
type pipes struct {
	dials func(ctx context.Context, n int) error // what becomes of the n-th dial; nil: it works
	serve func(net.Conn)
	count int
	last  *end // our end of the connection that was opened last
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.count++
	if p.dials != nil {
		if err := p.dials(ctx, p.count); err != nil {
			return nil, err
		}
	}
	there, back := newStream(), newStream()
	far := &end{in: there, out: back}
	go func() {
		defer func() { _ = far.Close() }()
		p.serve(far)
	}()
	p.last = &end{in: back, out: there}
	return p.last, nil
}

// window is how much a stream holds that nobody has read: as in a socket, small writes don't wait for their reader.
const window = 64 << 10

// stream is one direction of a connection.
type stream struct {
	mu     sync.Mutex
	change *sync.Cond
	bytes  []byte
	closed bool
}

func newStream() *stream {
	s := &stream{}
	s.change = sync.NewCond(&s.mu)
	return s
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.bytes) == 0 {
		if s.closed {
			return 0, io.EOF
		}
		s.change.Wait()
	}
	n := copy(p, s.bytes)
	s.bytes = s.bytes[n:]
	s.change.Broadcast()
	return n, nil
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.bytes) > window && !s.closed {
		s.change.Wait()
	}
	if s.closed {
		return 0, syscall.EPIPE
	}
	s.bytes = append(s.bytes, p...)
	s.change.Broadcast()
	return len(p), nil
}

func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.change.Broadcast()
}

// end is one end of a connection. It has no deadlines; whoever wants to end a wait closes it.
type end struct {
	in, out *stream
	writes  atomic.Int64
}

func (e *end) Read(p []byte) (int, error)  { return e.in.Read(p) }
func (e *end) Write(p []byte) (int, error) { e.writes.Add(1); return e.out.Write(p) }

func (e *end) Close() error {
	e.in.close()
	e.out.close()
	return nil
}

func (e *end) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (e *end) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }
