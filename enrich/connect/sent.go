package connect

import (
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// countedConn counts the bytes that went out on it.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

// Write counts what it writes, also when it then fails.
func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	return n, err
}

// counterOf finds the counter below a connection, which may be inside TLS.
func counterOf(conn net.Conn) *countedConn {
	for conn != nil {
		if c, ok := conn.(*countedConn); ok {
			return c
		}
		inner, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		conn = inner.NetConn()
	}
	return nil
}

// watch sees whether anything of one request went out. It trusts bytes first: net/http says "headers written" when
// they are in its buffer, which is too early for a connection that turns out to be dead. Where it can't count it
// believes the hooks, and a transport that calls no hook at all is taken to have sent.
//
// It errs on one side only. On a shared HTTP/2 connection another request's bytes count too.
type watch struct {
	mu      sync.Mutex
	asked   bool         // the transport speaks: it looked for a connection
	headers bool         // the transport says that it wrote the headers
	conn    *countedConn // the connection in use, when it counts
	start   int64        // what conn had written before
	earlier bool         // something went out on a connection before conn
}

func (w *watch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { w.note(func() { w.asked = true }) },
		GotConn:      func(info httptrace.GotConnInfo) { w.note(func() { w.use(counterOf(info.Conn)) }) },
		WroteHeaders: func() { w.note(func() { w.headers = true }) },
	}
}

func (w *watch) note(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *watch) use(conn *countedConn) {
	w.earlier = w.earlier || w.counted()
	if w.conn = conn; conn != nil {
		w.start = conn.written.Load()
	}
}

func (w *watch) counted() bool { return w.conn != nil && w.conn.written.Load() > w.start }

// sent tells whether the request may have reached the other side.
func (w *watch) sent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !w.asked && !w.headers:
		return true
	case w.conn != nil:
		return w.earlier || w.counted()
	}
	return w.earlier || w.headers
}
