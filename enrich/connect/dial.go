package connect

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/postconfirm/postconfirm/enrich"
)

// Dial makes one guarded TCP connection for a connector that speaks something other than HTTP: a database. It gives up
// after ten seconds, and sooner with ctx. Whoever dials closes what it got, at the latest in a function given to
// [Client.OnClose].
//
// private lets the connection go to a private address (RFC 1918, RFC 6598, RFC 4193), where databases usually are: a
// pipeline file must have said so in plain words. This machine stays behind Options.AllowLoopback; link-local
// addresses and metadata services are refused whatever is said.
//
// The error is an *enrich.Error that names neither host nor address.
func (c *Client) Dial(ctx context.Context, address string, private bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	dial := c.dialer.DialContext
	if private {
		dial = (&net.Dialer{Control: c.guard.withPrivate().control}).DialContext
	}
	if c.worldDial != nil {
		dial = c.worldDial
	}
	conn, err := dial(ctx, "tcp", address)
	if err == nil {
		return conn, nil
	}
	e := Fault(ctx, "dial", err, false)
	if e.Code == CodeBlocked {
		e.Err = fmt.Errorf("dial: %w", ErrBlocked)
	}
	return nil, e
}

// TLS is how connectors check the certificate of host: TLS 1.2 or later, Options.RootCAs or else the system's.
func (c *Client) TLS(host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots, ServerName: host}
}

// OnClose has f called by every [Client.Close] from now on: for connectors that keep connections of their own for the
// next call. f must not wait for calls under way.
func (c *Client) OnClose(f func()) {
	c.closing.Lock()
	defer c.closing.Unlock()
	c.closers = append(c.closers, f)
}

// closeKept calls what OnClose was given.
func (c *Client) closeKept() {
	c.closing.Lock()
	closers := slices.Clone(c.closers)
	c.closing.Unlock()
	for _, f := range closers {
		f()
	}
}

// Fault classifies what a connection failed with, for connectors with a protocol of their own. asked stands in front of
// the cause. Its text is made of our own words and those of the operating system. sent says whether the request may
// have left.
func Fault(ctx context.Context, asked string, err error, sent bool) *enrich.Error {
	return fault(ctx, asked, err, sent)
}

// withPrivate is the guard with the private networks opened, and nothing else.
func (g *guard) withPrivate() *guard {
	return &guard{public: g.public, loopback: g.loopback, allowed: append(slices.Clone(g.allowed),
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"))}
}
