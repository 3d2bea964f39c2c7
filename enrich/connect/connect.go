// Package connect is the toolkit for connectors that speak HTTP: one client, bounded in every direction, and one
// reading of what comes back.
//
// A [Client] is shared by all connectors of a worker. It promises: no connection to an address that is not public,
// checked after the name was resolved; deadlines for the first header and for the whole call; a cap on the headers and
// on the decoded body of an answer; a failure that says whether the request can have reached the other side; and no
// request but GET and HEAD is ever sent twice by the machinery below.
//
// It refuses: redirects (a 3xx is an answer), cookies, proxies from the environment, TLS below 1.2, and unchecked
// certificates. No switch turns any of this off. Loopback and private addresses need an explicit option.
//
// Its errors are *enrich.Error with a code from this package's list. They name the method, the host and the status,
// never a path, a query, a header or a body, neither ours nor theirs.
package connect

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// The documented defaults of [Options].
const (
	DefaultMaxBody = 1 << 20          // bytes of one answer, decoded
	DefaultTimeout = time.Minute      // one whole call
	DefaultHeaders = 30 * time.Second // from the written request to the answer's headers
	DefaultIdle    = 64               // connections to one host that are kept for the next request

	maxHeaders  = 64 << 10 // bytes of one answer's headers
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
	idleTimeout = 60 * time.Second
)

// Options are the settings of a deployment, never of a pipeline file. Nil and zero values mean the defaults.
type Options struct {
	// AllowLoopback lets connectors reach this machine: pretend vendors, sidecars, egress proxies. Default: refused.
	AllowLoopback bool
	// AllowPrefixes lets connectors reach these addresses although they are not public: a CRM inside the VPC. Link-local
	// and multicast addresses and cloud metadata services stay refused whatever stands here. Default: none.
	AllowPrefixes []netip.Prefix
	// MaxBody is the longest answer that is read, in bytes after decompression. Default: DefaultMaxBody.
	MaxBody int64
	// Timeout bounds one call from the look-up of the name to the last byte of the answer, below whatever deadline the
	// caller's context has. Default: DefaultTimeout.
	Timeout time.Duration
	// HeaderTimeout bounds the wait for an answer's headers. Default: DefaultHeaders.
	HeaderTimeout time.Duration
	// Idle is how many connections to one host are kept for the next request, and a quarter of how many are kept in all.
	// With fewer than there are calls at once, a connection is closed and a new one made for many a call. Default:
	// DefaultIdle.
	Idle int
	// RootCAs are the authorities that certificates are checked against. Default: the system's.
	RootCAs *x509.CertPool
	// Dial makes connections in place of the guarded dialer: for worlds without sockets, whose addresses mean nothing.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Transport carries requests in place of the client's own transports, with neither their guard nor their deadlines
	// for headers: for worlds in memory. It should call the httptrace hooks GetConn and WroteHeaders; a transport that
	// calls none of them is taken to have sent every request that failed.
	Transport http.RoundTripper
	// UserAgent is sent with every request. Default: "postconfirm".
	UserAgent string
	// Now is the clock that dates in Retry-After are compared with. Default: time.Now.
	Now func() time.Time
	// Local is the URL of what plays Amazon's mail service on this machine, for a local cloud: no mail leaves it then,
	// whatever credentials are around. Default: Amazon's.
	Local string
}

// Client sends requests of connectors. It is safe for concurrent use, and one per process is enough.
type Client struct {
	shared  http.RoundTripper // keeps connections for the next request
	alone   http.RoundTripper // a connection for each request
	guard   *guard
	dialer  *net.Dialer
	maxBody int64
	timeout time.Duration
	agent   string
	now     func() time.Time

	roots     *x509.CertPool
	worldDial dialFunc // Options.Dial
	local     string   // Options.Local

	closing sync.Mutex
	closers []func() // what OnClose was given
}

// Local is Options.Local.
func (c *Client) Local() string { return c.local }

// NewClient makes a client. It opens nothing yet.
func NewClient(o *Options) *Client {
	if o == nil {
		o = &Options{}
	}
	c := &Client{
		guard:   newGuard(o.AllowLoopback, o.AllowPrefixes),
		maxBody: positive(o.MaxBody, DefaultMaxBody),
		timeout: positive(o.Timeout, DefaultTimeout),
		agent:   o.UserAgent,
		now:     o.Now,

		roots:     o.RootCAs,
		worldDial: o.Dial,
		local:     o.Local,
	}
	c.dialer = &net.Dialer{Control: c.guard.control}
	if c.agent == "" {
		c.agent = "postconfirm"
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.shared, c.alone = o.Transport, o.Transport
	if o.Transport == nil {
		c.shared, c.alone = c.transports(o)
	}
	return c
}

// Close closes the connections that are kept for later, and gives up those that are being made for nobody. Calls under
// way are not touched, and the client stays usable. Then it calls what [Client.OnClose] was given.
func (c *Client) Close() {
	defer c.closeKept()
	for _, t := range []http.RoundTripper{c.shared, c.alone} {
		if closer, ok := t.(interface{ CloseIdleConnections() }); ok {
			closer.CloseIdleConnections()
		}
	}
}

func positive[T ~int | ~int64](value, otherwise T) T {
	if value > 0 {
		return value
	}
	return otherwise
}
