package connect

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrBlocked is the refusal to connect to an address that is not public.
var ErrBlocked = errors.New("connect: the address is not public")

// guard decides which addresses may be dialled. It is asked by the dialer with the address that is about to be used,
// after the name was resolved, so a name that resolves to something else the second time gains nothing.
//
// The list of public addresses is that of code.dny.dev/ssrf, made from the special-purpose registries of IANA. On top
// of it come the addresses that no option opens, and the IPv4 addresses hidden inside IPv6 ones.
type guard struct {
	public   *ssrf.Guardian
	loopback bool
	allowed  []netip.Prefix
}

func newGuard(loopback bool, allowed []netip.Prefix) *guard {
	return &guard{public: ssrf.New(ssrf.WithAnyPort()), loopback: loopback, allowed: slices.Clone(allowed)}
}

// control is the net.Dialer's last question before it connects.
func (g *guard) control(network, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return fmt.Errorf("%w: neither an IP address nor TCP", ErrBlocked)
	}
	return g.check(target.Addr())
}

func (g *guard) check(ip netip.Addr) error {
	if ip.Zone() != "" {
		return fmt.Errorf("%w: an address with a zone", ErrBlocked)
	}
	ip = ip.Unmap()
	switch {
	case !ip.IsValid(), ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), inside(ip, neverDialled()):
		return fmt.Errorf("%w: %s", ErrBlocked, ip)
	case ip.IsLoopback() && g.loopback:
		return nil
	}
	if inner, ok := embedded(ip); ok && g.check(inner) != nil {
		return fmt.Errorf("%w: %s", ErrBlocked, ip)
	}
	if inside(ip, g.allowed) {
		return nil
	}
	if g.public.SafeAddr(ip) != nil {
		return fmt.Errorf("%w: %s", ErrBlocked, ip)
	}
	return nil
}

// checkHost is check for a host as a URL writes it, when it is an address or a name for this machine. Any other name
// passes: it is checked when it is dialled.
func (g *guard) checkHost(host string) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		return g.check(ip)
	}
	if Loopback(host) && !g.loopback {
		return fmt.Errorf("%w: %s is this machine", ErrBlocked, host)
	}
	return nil
}

// CheckHost refuses a host, without brackets or port, that the client could never connect to: an address that is not
// public, or a name for this machine, unless the options allow it. The error is an [ErrBlocked].
func (c *Client) CheckHost(host string) error { return c.guard.checkHost(host) }

// Loopback tells whether a host, without brackets or port, is this machine by its very name.
func Loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// neverDialled are services of the machine's surroundings that hand out credentials or settings: no option opens them.
// Link-local addresses (169.254.169.254 and its like) are refused as a whole before.
func neverDialled() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),          // "this network": many systems take it for loopback
		netip.MustParsePrefix("240.0.0.0/4"),        // reserved, with the broadcast address
		netip.MustParsePrefix("fd00:ec2::/32"),      // AWS: metadata, DNS and time over IPv6
		netip.MustParsePrefix("fec0::/10"),          // site-local, given up in RFC 3879
		netip.MustParsePrefix("100.100.100.200/32"), // Alibaba Cloud: metadata
		netip.MustParsePrefix("168.63.129.16/32"),   // Azure: host agent, a public address
		netip.MustParsePrefix("192.0.0.192/32"),     // Oracle Cloud: metadata
	}
}

func inside(ip netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// embedded is the IPv4 address that a gateway would make of an IPv6 one.
func embedded(ip netip.Addr) (netip.Addr, bool) {
	if !ip.Is6() {
		return netip.Addr{}, false
	}
	b := ip.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b:1::/48").Contains(ip) && [5]byte(b[11:16]) == [5]byte{}:
		return netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}), true // NAT64 of a network (RFC 8215; RFC 6052, 2.2, for 48 bits)
	case inside(ip, mapped()):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true // 6to4 (RFC 3056)
	case netip.MustParsePrefix("2001::/32").Contains(ip):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true // Teredo (RFC 4380)
	case [4]byte(b[8:12]) == [4]byte{0, 0, 0x5e, 0xfe}, [4]byte(b[8:12]) == [4]byte{2, 0, 0x5e, 0xfe}:
		return netip.AddrFrom4([4]byte(b[12:16])), true // ISATAP (RFC 5214, 6.1)
	}
	return netip.Addr{}, false
}

// mapped are the prefixes behind which the last 32 bits are an IPv4 address.
func mapped() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("64:ff9b::/96"),    // NAT64 (RFC 6052)
		netip.MustParsePrefix("64:ff9b:1::/48"),  // NAT64 of a network (RFC 8215)
		netip.MustParsePrefix("::/96"),           // IPv4-compatible (RFC 4291)
		netip.MustParsePrefix("::ffff:0:0:0/96"), // SIIT (RFC 7915)
	}
}
