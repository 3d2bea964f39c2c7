package connect

import (
	"net"
	"net/http"
	"net/netip"
)

// SetResolver makes the guarded dialer ask r, so that a test can be the name server.
func (c *Client) SetResolver(r *net.Resolver) { c.dialer.Resolver = r }

// CheckDial is what the dialer asks before it connects.
func CheckDial(loopback bool, allowed []netip.Prefix, network, address string) error {
	return newGuard(loopback, allowed).control(network, address, nil)
}

// Proxied tells whether any of the client's transports would ask for a proxy.
func (c *Client) Proxied() bool {
	return c.shared.(*http.Transport).Proxy != nil || c.alone.(*http.Transport).Proxy != nil
}
