package connect_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// dialled tells whether the guard lets an address pass; nobody need be there.
func dialled(t *testing.T, c *connect.Client, address string, private bool) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	cancel()
	_, late := c.Dial(ctx, address, private)
	ctx, cancel = context.WithTimeout(t.Context(), 20e6)
	defer cancel()
	conn, err := c.Dial(ctx, address, private)
	if err == nil {
		_ = conn.Close()
		return true
	}
	var e *enrich.Error
	if !errors.As(err, &e) || !errors.As(late, &e) || e.Sent || strings.Contains(err.Error(), strings.Split(address, ":")[0]) {
		t.Errorf("%s: got %v, %v", address, err, late)
	}
	return enrich.Failure(err).Code != connect.CodeBlocked
}

func TestPrivateNetworksOpenWithAWordAndNothingElseDoes(t *testing.T) {
	plain, open := connect.NewClient(nil), connect.NewClient(&connect.Options{AllowLoopback: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for _, test := range []struct {
		address string
		private bool
		client  *connect.Client
		want    bool
	}{
		{"10.255.255.1:1", false, plain, false}, {"10.255.255.1:1", true, plain, true}, {"10.255.255.1:1", false, open, true},
		{"172.31.255.1:1", true, plain, true}, {"192.168.255.254:1", true, plain, true}, {"100.64.255.254:1", true, plain, true}, {"[fd12::1]:1", true, plain, true},
		{"[::ffff:10.255.255.1]:1", true, plain, true}, {"[::ffff:10.255.255.1]:1", false, plain, false},
		{"127.0.0.1:1", true, plain, false}, {"127.0.0.1:1", true, open, true}, {"[::1]:1", true, plain, false}, {"localhost:1", true, plain, false},
		{"169.254.169.254:80", true, open, false}, {"[fd00:ec2::254]:80", true, open, false}, {"100.100.100.200:80", true, open, false}, {"0.0.0.0:1", true, open, false},
		{"[fe80::1]:1", true, open, false}, {"224.0.0.1:1", true, open, false}, {"198.18.0.1:1", true, plain, false},
	} {
		if got := dialled(t, test.client, test.address, test.private); got != test.want {
			t.Errorf("%s, private %v: passes %v, want %v", test.address, test.private, got, test.want)
		}
	}
}

func TestWhatConnectorsKeepIsClosedWithTheClient(t *testing.T) {
	c := connect.NewClient(nil)
	calls := 0
	c.OnClose(func() { calls++ })
	c.OnClose(func() { calls += 10 })
	c.Close()
	c.Close()
	if calls != 22 {
		t.Errorf("got %d", calls)
	}
	if dialed := connect.NewClient(&connect.Options{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("canary") }}); dialed.TLS("h").ServerName != "h" || dialed.TLS("h").MinVersion < 0x0303 {
		t.Error("TLS is not checked")
	} else if _, err := dialed.Dial(t.Context(), "h:1", false); enrich.Failure(err).Code != connect.CodeOther || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}
