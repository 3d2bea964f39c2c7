package localcloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// ErrNotLoopback is returned by Listen for an address that others could reach: nothing here checks who calls.
var ErrNotLoopback = errors.New("not a loopback address")

// closeTimeout is how long Close lets calls finish, once they were told to.
const closeTimeout = 5 * time.Second

// Server is a Cloud on a port. Create it with Listen.
type Server struct {
	listener net.Listener
	http     *http.Server
	hangUp   context.CancelFunc // ends the contexts of all calls
	served   chan error
	silent   silent
}

// Listen serves the cloud on a loopback address, for instance "127.0.0.1:0" for a free port or "localhost:4566". Any
// other address, and one without a host, is ErrNotLoopback. Close the server when done.
func (c *Cloud) Listen(addr string) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("localcloud: listen: %w", err)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("localcloud: listen on %q: %w (use 127.0.0.1)", addr, ErrNotLoopback)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("localcloud: listen: %w", err)
	}
	ctx, hangUp := context.WithCancel(context.Background())
	s := &Server{listener: listener, hangUp: hangUp, served: make(chan error, 1)}
	s.http = &http.Server{
		Handler: c, ReadHeaderTimeout: 10 * time.Second, ConnState: s.silent.note,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// URL is where SDKs find the cloud, for instance "http://127.0.0.1:4566", without a slash at the end.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops listening, ends long polls, waits for the calls under way, at most five seconds, and closes all
// connections. It is called once.
func (s *Server) Close() error {
	s.hangUp()
	err := s.listener.Close()
	if served := <-s.served; !errors.Is(served, net.ErrClosed) {
		err = errors.Join(err, served)
	}
	s.silent.close()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if late := s.http.Shutdown(ctx); late != nil {
		err = errors.Join(err, late, s.http.Close())
	}
	if err != nil {
		return fmt.Errorf("localcloud: close: %w", err)
	}
	return nil
}

// silent are the connections on which nothing has been said yet. Clients open some in advance, and a server that is
// told to shut down would wait five seconds for each to speak.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
}

// note follows a connection from one state to the next.
func (s *silent) note(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != http.StateNew {
		delete(s.conns, conn)
		return
	}
	if s.conns == nil {
		s.conns = map[net.Conn]bool{}
	}
	s.conns[conn] = true
}

func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}
