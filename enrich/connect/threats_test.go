package connect_test

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// D8: an operator who opens a range for a CRM has not opened what a gateway would make of its addresses.
func TestThreatD8AnOpenPrefixHidesNoMetadataService(t *testing.T) {
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for name, addresses := range map[string][]string{
		"NAT64 of the well-known prefix (RFC 6052)": {"64:ff9b::a9fe:a9fe", "64:ff9b::168.63.129.16"},
		"NAT64 of the local prefix, /96 (RFC 8215)": {"64:ff9b:1::a9fe:a9fe", "64:ff9b:1:abcd::100.100.100.200"},
		"NAT64 of the local prefix, /48 (RFC 6052)": {"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a83f:81:1000::"},
		"SIIT (RFC 7915)":                            {"::ffff:0:a9fe:a9fe", "::ffff:0:0.0.0.1"},
		"ISATAP (RFC 5214)":                          {"2a00:1450:4001:80b:0:5efe:a9fe:a9fe", "fd12::5efe:255.255.255.255", "fd12::200:5efe:169.254.169.254"},
		"6to4, Teredo, IPv4-compatible, IPv4-mapped": {"2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:5601:5601", "::169.254.169.254", "::ffff:169.254.169.254"},
	} {
		t.Run("C6-136 "+name, func(t *testing.T) {
			for _, ip := range addresses {
				if err := connect.CheckDial(false, everything, "tcp", net.JoinHostPort(ip, "80")); !errors.Is(err, connect.ErrBlocked) {
					t.Errorf("%s: got %v, want it blocked", ip, err)
				}
			}
		})
	}
	t.Run("C6-136 ISATAP behind a public prefix needs no option to be refused", func(t *testing.T) {
		if err := connect.CheckDial(false, nil, "tcp6", "[2a00:1450:4001:80b:0:5efe:10.0.0.1]:443"); !errors.Is(err, connect.ErrBlocked) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is in them and public, or allowed, passes", func(t *testing.T) {
		for _, ip := range []string{"64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8", "64:ff9b:1:808:8:800::", "::ffff:0:8.8.8.8", "fd12::5efe:8.8.8.8", "fd12::5efe:10.0.0.1", "fd12::1", "2a00:1450:4001:80b::200e"} {
			if err := connect.CheckDial(false, everything, "tcp", net.JoinHostPort(ip, "80")); err != nil {
				t.Errorf("%s: %v", ip, err)
			}
		}
	})
}

// C6-133: a challenge is an answer like any other. Nobody looks for a password for it.
func TestThreatC6133AChallengeIsNotMet(t *testing.T) {
	for _, status := range []int{401, 407} {
		answer := pretend.Reply(status, http.Header{"Www-Authenticate": {`Basic realm="x"`}, "Proxy-Authenticate": {"Negotiate"}, "Set-Cookie": {"a=b"}}, "")
		inMemory(t, connect.Options{}, script(answer), func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
			got, err := client.Do(t.Context(), to(t, "GET", "http://api.example.com/"))
			if err != nil || got.Status != status || got.Failure() == nil || len(vendor.Seen()) != 1 {
				t.Errorf("%d: %+v, %v after %d requests", status, got, err, len(vendor.Seen()))
			}
			for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
				if vendor.Seen()[0].Header.Get(name) != "" {
					t.Errorf("%d: %s is sent", status, name)
				}
			}
		})
	}
}
