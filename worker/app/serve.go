package app

import (
	"context"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"
)

// silence is how long a daemon may go without a receive that succeeded. A long poll takes 20 s.
const silence = 2 * time.Minute

// ready tells whether a daemon does its job.
type ready struct {
	ledger   func() error     // not nil once the ledger does nothing any more
	received func() time.Time // the last receive that succeeded
	full     func() bool      // nothing is received on purpose
	draining atomic.Bool
}

// why is what keeps the daemon from being ready; "" is nothing.
func (r *ready) why() string {
	last := r.received()
	switch {
	case r.draining.Load():
		return "draining"
	case r.ledger() != nil:
		return "the ledger has failed"
	case last.IsZero():
		return "nothing was received yet"
	case time.Since(last) > silence && !r.full():
		return "no receive has succeeded for two minutes"
	}
	return ""
}

// ServeHTTP answers 200, or 503 and why.
func (r *ready) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if why := r.why(); why != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, why+"\n")
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// handler is what the listener answers: /metrics for Prometheus, /healthz while the process lives, /readyz while it does
// its job. Nothing of it is anybody's data, so it may listen where a container needs it.
func (n *numbers) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", n.page.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "alive\n") })
	mux.Handle("GET /readyz", &n.ready)
	return mux
}

// serve answers until the function that it returns is called, which returns when nobody is served any more.
func (n *numbers) serve() (stop func()) {
	if n.listener == nil {
		return func() {}
	}
	server := &http.Server{Handler: n.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(n.listener) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-ended
	}
}
