package pretend

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Vendor is one outside system in a [Web].
type Vendor struct {
	Name    string       // what people call it: "hubspot"
	Host    string       // the name that pipelines write: "api.hubapi.com"; it is served at port 443 of that
	Handler http.Handler // what it does
	// Repeated counts the effects that it was asked for a second time. nil is for a vendor that has none: one that only
	// answers questions.
	Repeated func() int
	// Unreachable says that nobody can connect while the vendor is down. Without it, every call gets a 503 then.
	Unreachable bool
}

// Web is all the internet that a scene's worker can reach: a few vendors, each at its real host name, behind TLS, on one
// loopback port. Names are not looked up and nothing else can be dialled, so no packet leaves the machine.
//
// It is safe for concurrent use. Make one with [NewWeb] and close it.
type Web struct {
	vendors []Vendor
	roots   *x509.CertPool
	server  *http.Server
	address string // of the listener
	serving sync.WaitGroup

	mu     sync.Mutex
	down   map[string]bool
	counts map[string]Count
}

// NewWeb serves vendors on a free loopback port, with a certificate for their hosts that only Roots vouch for.
func NewWeb(vendors ...Vendor) (*Web, error) {
	hosts := make([]string, len(vendors))
	for i, v := range vendors {
		hosts[i] = v.Host
	}
	certificate, roots, err := certified(hosts, time.Now())
	if err != nil {
		return nil, fmt.Errorf("pretend: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("pretend: listen: %w", err)
	}
	w := &Web{vendors: vendors, roots: roots, address: listener.Addr().String(), down: map[string]bool{}, counts: map[string]Count{}}
	w.server = &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}}
	w.serving.Go(func() { _ = w.server.ServeTLS(listener, "", "") })
	return w, nil
}

// Close ends all connections and the listener.
func (w *Web) Close() error {
	defer w.serving.Wait()
	return w.server.Close()
}

// Roots are the authorities to check the vendors' certificates against.
func (w *Web) Roots() *x509.CertPool { return w.roots }

// Dial connects to a vendor, whose address is its host and the port 443. Every other address is an unreachable network,
// and a vendor that is down and unreachable refuses the connection.
func (w *Web) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	i := slices.IndexFunc(w.vendors, func(v Vendor) bool { return net.JoinHostPort(v.Host, "443") == address })
	if i < 0 {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ENETUNREACH}
	}
	if v := w.vendors[i]; v.Unreachable && w.refused(v.Name) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", w.address)
}

// SetDown takes a vendor down or brings it back.
func (w *Web) SetDown(name string, down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[name] = down
}

// Counts is what each vendor did so far.
func (w *Web) Counts() map[string]Count {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]Count{}
	for _, v := range w.vendors {
		c := w.counts[v.Name]
		if v.Repeated != nil {
			c.Repeated = v.Repeated()
		}
		out[v.Name] = c
	}
	return out
}

// ServeHTTP is all vendors, told apart by their hosts.
func (w *Web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	i := slices.IndexFunc(w.vendors, func(v Vendor) bool { return v.Host == r.Host })
	switch {
	case i < 0:
		reply(out, http.StatusMisdirectedRequest, map[string]any{"error": "no such host"})
	case w.refused(w.vendors[i].Name):
		reply(out, http.StatusServiceUnavailable, map[string]any{"error": "down for maintenance"})
	default:
		w.count(w.vendors[i].Name, Count{Answered: 1})
		w.vendors[i].Handler.ServeHTTP(out, r)
	}
}

// refused tells whether a vendor is down, and counts the refusal.
func (w *Web) refused(name string) bool {
	w.mu.Lock()
	down := w.down[name]
	w.mu.Unlock()
	if down {
		w.count(name, Count{Refused: 1})
	}
	return down
}

func (w *Web) count(name string, more Count) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.counts[name]
	c.Answered, c.Refused = c.Answered+more.Answered, c.Refused+more.Refused
	w.counts[name] = c
}
