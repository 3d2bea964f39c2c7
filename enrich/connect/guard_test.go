package connect_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// D8, C6-136: more than 60 addresses, in every disguise.
func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	blocked := map[string][]string{
		"loopback":      {"127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1"},
		"this network":  {"0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"},
		"private":       {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "::ffff:10.0.0.1", "::ffff:192.168.1.1"},
		"carrier NAT":   {"100.64.0.1", "100.127.255.254", "::ffff:100.64.0.1"},
		"link-local":    {"169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.170.23", "fe80::1", "fe80::1%eth0", "febf::1", "::ffff:169.254.169.254"},
		"metadata":      {"fd00:ec2::254", "fd00:ec2::23", "100.100.100.200", "168.63.129.16", "192.0.0.192"},
		"registry":      {"192.0.0.1", "192.0.0.8", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1", "198.51.100.7", "203.0.113.9"},
		"benchmarks":    {"198.18.0.1", "198.19.255.254", "2001:2::1"},
		"reserved":      {"240.0.0.1", "254.255.255.254", "255.255.255.255"},
		"multicast":     {"224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"},
		"NAT64":         {"64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1"},
		"6to4":          {"2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:808:808::1"},
		"Teredo":        {"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"},
		"site-local":    {"fec0::1", "feff::1"},
		"unique local":  {"fc00::1", "fd00::1", "fdff:ffff::1"},
		"IPv4 in IPv6":  {"::10.0.0.1", "::8.8.8.8", "::ffff:0:10.0.0.1"},
		"documentation": {"2001:db8::1", "3fff::1"},
		"others":        {"100::1", "2001:10::1", "2001:20::1", "2620:4f:8000::1", "5f00::1", "4000::1", "2606:4700::1%eth0"},
	}
	count := 0
	for kind, addresses := range blocked {
		t.Run("C6-136 "+kind+" is refused", func(t *testing.T) {
			for _, ip := range addresses {
				if err := connect.CheckDial(false, nil, "tcp", net.JoinHostPort(ip, "443")); !errors.Is(err, connect.ErrBlocked) {
					t.Errorf("%s: got %v, want it blocked", ip, err)
				}
			}
		})
		count += len(addresses)
	}
	if count < 60 {
		t.Errorf("the table has %d addresses, want 60 and more", count)
	}
	t.Run("public addresses pass, on any port", func(t *testing.T) {
		for _, address := range []string{"8.8.8.8:443", "1.1.1.1:8443", "52.94.236.248:443", "[2606:4700:4700::1111]:443",
			"[2a00:1450:4001:80b::200e]:80", "172.32.0.1:443", "100.128.0.1:443", "[::ffff:8.8.8.8]:443"} {
			if err := connect.CheckDial(false, nil, "tcp4", address); err != nil {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
	t.Run("what is no address or not TCP is refused", func(t *testing.T) {
		for network, address := range map[string]string{"tcp4": "example.com:443", "tcp6": "", "udp": "8.8.8.8:53", "unix": "/run/x.sock"} {
			if err := connect.CheckDial(true, nil, network, address); !errors.Is(err, connect.ErrBlocked) {
				t.Errorf("%s %q: got %v", network, address, err)
			}
		}
	})
}

func TestOptionsOpenAddresses(t *testing.T) {
	prefixes := func(all ...string) (list []netip.Prefix) {
		for _, p := range all {
			list = append(list, netip.MustParsePrefix(p))
		}
		return list
	}
	everything := prefixes("0.0.0.0/0", "::/0")
	for _, test := range []struct {
		name     string
		loopback bool
		allowed  []netip.Prefix
		passes   []string
		blocked  []string
	}{
		{"loopback opens loopback and nothing else", true, nil,
			[]string{"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"},
			[]string{"10.0.0.1", "0.0.0.0", "169.254.169.254", "::127.0.0.1", "::", "::1%lo"}},
		{"a private prefix opens itself, mapped or not", false, prefixes("10.20.0.0/16", "fd12::/16"),
			[]string{"10.20.0.1", "::ffff:10.20.3.4", "fd12::5"},
			[]string{"10.21.0.1", "127.0.0.1", "fd13::5", "::10.20.0.1", "fd12::5%eth0"}},
		{"no prefix opens metadata, link-local or multicast", true, everything,
			[]string{"192.168.1.1", "100.64.0.1", "fd12::1", "198.18.0.1"},
			[]string{"169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "ff02::1",
				"0.0.0.0", "::", "255.255.255.255", "fec0::1", "::ffff:169.254.169.254"}},
		{"an address in disguise is judged by what is inside", true, prefixes("64:ff9b::/96", "2002::/16", "2001::/32", "::/96"),
			[]string{"64:ff9b::8.8.8.8", "2002:808:808::1"},
			[]string{"64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:5601:5601", "::169.254.169.254"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, ip := range test.passes {
				if err := connect.CheckDial(test.loopback, test.allowed, "tcp", net.JoinHostPort(ip, "80")); err != nil {
					t.Errorf("%s: %v", ip, err)
				}
			}
			for _, ip := range test.blocked {
				if err := connect.CheckDial(test.loopback, test.allowed, "tcp", net.JoinHostPort(ip, "80")); !errors.Is(err, connect.ErrBlocked) {
					t.Errorf("%s: got %v, want it blocked", ip, err)
				}
			}
		})
	}
}

func TestHostsAreCheckedBeforeAnyCall(t *testing.T) {
	closed, open := connect.NewClient(nil), connect.NewClient(&connect.Options{AllowLoopback: true})
	for _, host := range []string{"localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1"} {
		if err := closed.CheckHost(host); !errors.Is(err, connect.ErrBlocked) {
			t.Errorf("%s: got %v, want it blocked", host, err)
		}
		if err := open.CheckHost(host); err != nil {
			t.Errorf("%s with AllowLoopback: %v", host, err)
		}
		if !connect.Loopback(host) {
			t.Errorf("Loopback(%q) is false", host)
		}
	}
	for _, host := range []string{"api.example.com", "localhost.example.com", "8.8.8.8"} {
		if err := closed.CheckHost(host); err != nil || connect.Loopback(host) {
			t.Errorf("%s: %v, loopback %v", host, err, connect.Loopback(host))
		}
	}
	if err := open.CheckHost("169.254.169.254"); !errors.Is(err, connect.ErrBlocked) {
		t.Errorf("metadata: got %v", err)
	}
}

// D8: the address is checked when it is dialled, not when it is written.
func TestTheGuardStandsBehindTheResolver(t *testing.T) {
	vendor := pretend.New()
	defer vendor.Close()
	base, err := vendor.Listen()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(base, "http://"), ":")
	t.Run("D8 a blocked address fails for good, unsent, and nobody is asked", func(t *testing.T) {
		client := connect.NewClient(nil)
		_, err := client.Do(t.Context(), to(t, "GET", base+"/secret-path"))
		e := failure(t, err)
		if e.Code != connect.CodeBlocked || e.Kind != enrich.Permanent || e.Sent || strings.Contains(e.Error(), "secret") {
			t.Errorf("got %+v", e)
		}
		if len(vendor.Seen()) != 0 {
			t.Error("the vendor was asked")
		}
	})
	t.Run("D8 a name that moves to a private address is refused the second time", func(t *testing.T) {
		names := &nameServer{answers: [][4]byte{{127, 0, 0, 1}, {127, 0, 0, 2}}}
		client := connect.NewClient(&connect.Options{AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
		client.SetResolver(&net.Resolver{PreferGo: true, Dial: names.dial})
		defer names.wait()
		request := to(t, "GET", "http://rebind.example.com.:"+port+"/")
		request.Alone = true
		if _, err := client.Do(t.Context(), request); err != nil {
			t.Fatalf("first call: %v", err)
		}
		_, err := client.Do(t.Context(), request)
		if e := failure(t, err); e.Code != connect.CodeBlocked || e.Sent {
			t.Errorf("second call: got %+v", e)
		}
	})
	t.Run("a name that does not exist is dns, unsent", func(t *testing.T) {
		names := &nameServer{}
		client := connect.NewClient(nil)
		client.SetResolver(&net.Resolver{PreferGo: true, Dial: names.dial})
		defer names.wait()
		_, err := client.Do(t.Context(), to(t, "GET", "https://nobody.example.com./"))
		if e := failure(t, err); e.Code != connect.CodeDNS || e.Kind != enrich.Temporary || e.Sent ||
			!strings.HasSuffix(e.Error(), "no such host") {
			t.Errorf("got %+v", e)
		}
	})
}

// D8: a proxy from the environment would be a host that no file names.
//
// net/http reads the environment once per process, so a test that sets it proves nothing.
func TestTheEnvironmentHasNoSay(t *testing.T) {
	if connect.NewClient(nil).Proxied() {
		t.Error("a transport asks the environment for a proxy")
	}
}

// nameServer answers each A question with the next address, AAAA with nothing, and all with "no such name" when it has
// no addresses.
type nameServer struct {
	answers [][4]byte
	asked   atomic.Int64
	work    sync.WaitGroup
}

func (n *nameServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	n.work.Go(func() {
		defer func() { _ = ours.Close() }()
		for {
			var length [2]byte
			if _, err := io.ReadFull(ours, length[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(ours, question); err != nil {
				return
			}
			answer := n.answer(question)
			if _, err := ours.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
				return
			}
		}
	})
	return theirs, nil
}

func (n *nameServer) wait() { n.work.Wait() }

// answer writes a DNS message: the header, the question as it came, and at most one A record (RFC 1035, section 4).
func (n *nameServer) answer(question []byte) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	kind := binary.BigEndian.Uint16(question[end+1:])
	end += 5
	message := append([]byte{}, question[:end]...)
	copy(message[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	switch {
	case len(n.answers) == 0:
		message[3] |= 3
	case kind == 1:
		ip := n.answers[min(int(n.asked.Add(1)-1), len(n.answers)-1)]
		message[7] = 1
		message = append(message, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ip[0], ip[1], ip[2], ip[3])
	}
	return message
}
