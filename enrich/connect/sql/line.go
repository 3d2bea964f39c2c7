package sqlstep

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// maxWire is what a server may send in answer to one thing that we said, in bytes: rows, padding, notices, all of it.
// The byte cap of a step is far below; this one holds for what drivers read before anybody can count.
const maxWire = 1 << 20

var errTooLong = errors.New("sql: the answer is longer than any that is read")

type conn = net.Conn

// line is the one connection of a session. A driver gets it once: another, to send a request to cancel, is refused,
// because the server's own time limit ends what nobody waits for.
type line struct {
	dial func(ctx context.Context) (conn, error)

	capped *capped
	failed error // why there is no connection
	open   bool  // the server has let us in: from now on it can be believed to be one
}

// connect is what drivers dial with.
func (l *line) connect(ctx context.Context) (net.Conn, error) {
	if l.capped != nil || l.failed != nil {
		return nil, net.ErrClosed
	}
	c, err := l.dial(ctx)
	if err != nil {
		l.failed = err
		return nil, err
	}
	l.capped = &capped{Conn: c}
	return l.capped, nil
}

// overrun tells whether the server said more than maxWire at once.
func (l *line) overrun() bool { return l.capped != nil && l.capped.over.Load() }

// hangUp closes the connection at once.
func (l *line) hangUp() {
	if l.capped != nil {
		_ = l.capped.Close()
	}
}

// capped counts what is read between two writes, and ends the connection when it is too much.
type capped struct {
	net.Conn
	read atomic.Int64
	over atomic.Bool
}

// Read reads within the cap.
func (c *capped) Read(b []byte) (int, error) {
	if c.read.Load() > maxWire {
		c.over.Store(true)
		_ = c.Close()
		return 0, errTooLong
	}
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// Write starts the count anew.
func (c *capped) Write(b []byte) (int, error) {
	c.read.Store(0)
	return c.Conn.Write(b)
}
