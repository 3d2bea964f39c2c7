// Package pretend is an outside system on a script: a vendor that answers what a test or a demo tells it to, well or
// badly, and remembers what it was asked.
//
// A [Vendor] speaks HTTP/1.1 by writing bytes itself, so it can also do what no honest server does: stop in the middle,
// never stop, reset, drip, explode when unpacked. It can be reached through sockets ([Vendor.Listen]), through a
// net.Dialer's place ([Vendor.Dial]) and as an http.RoundTripper ([Vendor.RoundTrip]); the last two need no sockets,
// so the clock of testing/synctest runs over them.
//
// It promises that every goroutine has ended when [Vendor.Close] returns, and that it counts what it wrote.
// It refuses nothing: it does what the script says. It knows nothing of connectors, and does not import testing.
package pretend

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Request is what a vendor was asked.
type Request struct {
	Method string
	Target string // path and query as they were written on the wire
	Host   string
	Header http.Header
	Body   []byte
}

// Contains tells whether a text is anywhere in the request: in the target or its unescaped form, in a header, in the
// user and password of basic authorization, or in the body, also where that is a form.
func (r Request) Contains(text string) bool {
	plain, err := url.QueryUnescape(r.Target)
	if err == nil && strings.Contains(plain, text) || strings.Contains(r.Target, text) || bytes.Contains(r.Body, []byte(text)) {
		return true
	}
	if form, err := url.QueryUnescape(string(r.Body)); err == nil && strings.Contains(form, text) {
		return true
	}
	for _, values := range r.Header {
		if strings.Contains(strings.Join(values, "\n"), text) {
			return true
		}
	}
	encoded, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Basic ")
	basic, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil && bytes.Contains(basic, []byte(text))
}

// Vendor is an outside system on a script. It is safe for concurrent use. Make one with New; Close it at the end.
type Vendor struct {
	mu        sync.Mutex
	script    []Answer
	routes    []*route
	seen      []Request
	dialed    []string
	down      bool
	conns     map[net.Conn]bool
	listeners []net.Listener
	closed    bool
	done      chan struct{}

	written atomic.Int64
	work    sync.WaitGroup
	memory  *http.Transport
}

// New makes a vendor with a script; see Say.
func New(script ...Answer) *Vendor {
	v := &Vendor{conns: map[net.Conn]bool{}, done: make(chan struct{})}
	v.memory = &http.Transport{DialContext: v.Dial, DisableCompression: true}
	v.Say(script...)
	return v
}

// Down makes the vendor refuse connections through Dial, or accept them again. Connections that exist are cut.
func (v *Vendor) Down(down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down = down
	if down {
		for conn := range v.conns {
			_ = conn.Close()
		}
	}
}

// Seen are the requests so far that were read to their end, oldest first.
func (v *Vendor) Seen() []Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Request{}, v.seen...)
}

// Dialed are the addresses that Dial was asked for, oldest first.
func (v *Vendor) Dialed() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string{}, v.dialed...)
}

// Written counts the bytes of all answers so far. Those that the other side is just reading count a moment later.
func (v *Vendor) Written() int64 { return v.written.Load() }

// Dial connects to the vendor in memory, whatever the address, and notes the address.
func (v *Vendor) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	v.mu.Lock()
	v.dialed = append(v.dialed, address)
	refuse := v.down || v.closed
	v.mu.Unlock()
	if refuse || !v.serve(ours) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return theirs, nil
}

// RoundTrip asks the vendor in memory, http and https alike.
func (v *Vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	plain := r.WithContext(r.Context())
	u := *r.URL
	u.Scheme = "http"
	plain.URL = &u
	return v.memory.RoundTrip(plain)
}

// Listen opens a port of this machine for the vendor and gives its base URL, without a path.
func (v *Vendor) Listen() (base string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("pretend: listen: %w", err)
	}
	v.mu.Lock()
	v.listeners = append(v.listeners, l)
	v.mu.Unlock()
	v.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			v.serve(conn)
		}
	})
	return "http://" + l.Addr().String(), nil
}

// Close ends every connection and waits for all that the vendor started.
func (v *Vendor) Close() {
	v.mu.Lock()
	if !v.closed {
		v.closed = true
		close(v.done)
	}
	for conn := range v.conns {
		_ = conn.Close()
	}
	for _, l := range v.listeners {
		_ = l.Close()
	}
	v.mu.Unlock()
	v.memory.CloseIdleConnections()
	v.work.Wait()
}

// serve starts answering on a connection, unless the vendor is closed.
func (v *Vendor) serve(conn net.Conn) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		_ = conn.Close()
		return false
	}
	v.conns[conn] = true
	v.work.Go(func() {
		defer func() {
			v.mu.Lock()
			delete(v.conns, conn)
			v.mu.Unlock()
			_ = conn.Close()
		}()
		v.answer(conn)
	})
	return true
}

// answer plays the script on one connection until one side has enough.
func (v *Vendor) answer(conn net.Conn) {
	x := &exchange{Vendor: v, conn: conn, reader: bufio.NewReader(conn)}
	if v.unread() {
		x.reset()
		return
	}
	for v.read(x) {
		if !v.next(x.request).play(x) {
			return
		}
	}
}

// read takes one whole request off the connection.
func (v *Vendor) read(x *exchange) bool {
	r, err := http.ReadRequest(x.reader)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	x.request = Request{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}
	x.last = r.Close
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen = append(v.seen, x.request)
	return true
}
