package sqsout

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheRootsAreThePublishedOnes holds the file against the fingerprints in the repository of Amazon Trust Services.
func TestTheRootsAreThePublishedOnes(t *testing.T) {
	want := map[string]string{
		"Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
		"Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
		"Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
		"Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
		"Starfield Services Root Certificate Authority - G2": "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
	}
	got := map[string]string{}
	for block, rest := pem.Decode([]byte(amazonRoots)); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !c.IsCA || c.CheckSignatureFrom(c) != nil {
			t.Errorf("%s is no root", c.Subject)
		}
		sum := sha256.Sum256(block.Bytes)
		got[c.Subject.CommonName] = fmt.Sprintf("%x", sum)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// secureHost listens on this machine and shows a certificate. It counts connections.
func secureHost(t *testing.T, c tls.Certificate) (address string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	connections = new(atomic.Int64)
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{c}}).Handshake() // its end is told to the client
			_ = conn.Close()
		}
	}()
	return l.Addr().String(), connections
}

func TestWhatTheSystemAcceptsIsAcceptedAndNothingElse(t *testing.T) {
	amazon, stranger := newAuthority("amazon"), newAuthority("stranger")
	first := func() *x509.CertPool { return amazon.pool() }
	for name, tt := range map[string]struct {
		trust       *trust
		certificate tls.Certificate
		accepted    bool
		connections int64 // of two dials
		wide        bool
	}{
		"Amazon's is accepted at once":                            {&trust{first: first}, amazon.certificate("127.0.0.1", 2190), true, 2, false},
		"the system's is accepted, and asked first then":          {&trust{first: first}, system.certificate("127.0.0.1", 2190), true, 3, true},
		"a stranger's is refused":                                 {&trust{first: first}, stranger.certificate("127.0.0.1", 2190), false, 3, true},
		"Amazon's for another host is refused":                    {&trust{first: first}, amazon.certificate("127.0.0.2", 2190), false, 3, true},
		"the system's for another host is refused":                {&trust{first: first}, system.certificate("127.0.0.2", 2190), false, 3, true},
		"Amazon's that has ended is refused":                      {&trust{first: first}, amazon.certificate("127.0.0.1", 1991), false, 3, true},
		"the system's alone: its own is accepted":                 {&trust{}, system.certificate("127.0.0.1", 2190), true, 2, false},
		"the system's alone: Amazon's is refused":                 {&trust{}, amazon.certificate("127.0.0.1", 2190), false, 2, false},
		"a bundle alone: its own is accepted":                     {&trust{last: stranger.pool()}, stranger.certificate("127.0.0.1", 2190), true, 2, false},
		"a bundle alone: the system's is refused":                 {&trust{last: stranger.pool()}, system.certificate("127.0.0.1", 2190), false, 2, false},
		"an empty bundle, as after a mistake, vouches for no one": {&trust{last: x509.NewCertPool()}, system.certificate("127.0.0.1", 2190), false, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			address, connections := secureHost(t, tt.certificate)
			d := newDialer(tt.trust)
			for range 2 {
				conn, err := d.secure(t.Context(), "tcp", address)
				var refused *tls.CertificateVerificationError
				if (err == nil) != tt.accepted || err != nil && !errors.As(err, &refused) {
					t.Fatalf("accepted: %v; %v", err == nil, err)
				}
				if err == nil {
					_ = conn.Close()
				}
			}
			if got := connections.Load(); got != tt.connections || tt.trust.wide.Load() != tt.wide {
				t.Errorf("%d connections, want %d; the system's roots have the word: %v", got, tt.connections, tt.trust.wide.Load())
			}
		})
	}
}

func TestTheVariablesOfTheRootsAreHeard(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	own := newAuthority("own")
	if err := os.WriteFile(bundle, own.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env   map[string]string
		first bool
		last  *x509.CertPool
	}{
		"nothing is set: Amazon's, then the system's":      {nil, true, nil},
		"SSL_CERT_FILE: the system's":                      {map[string]string{"SSL_CERT_FILE": "x.pem"}, false, nil},
		"SSL_CERT_DIR: the system's":                       {map[string]string{"SSL_CERT_DIR": "/x"}, false, nil},
		"AWS_CA_BUNDLE: its own and no others":             {map[string]string{"AWS_CA_BUNDLE": bundle}, false, own.pool()},
		"AWS_CA_BUNDLE goes before the system's variables": {map[string]string{"AWS_CA_BUNDLE": bundle, "SSL_CERT_FILE": "x"}, false, own.pool()},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(env(tt.env))
			got := e.trust()
			if err := e.Err(); err != nil {
				t.Fatal(err)
			}
			if (got.first != nil) != tt.first || !got.last.Equal(tt.last) {
				t.Errorf("asks Amazon's first: %v; last %v", got.first != nil, got.last)
			}
			if tt.first && !got.first().Equal(pool([]byte(amazonRoots))) {
				t.Error("others than Amazon's are asked first")
			}
		})
	}
}

func TestABundleThatCannotBeReadIsAMistake(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + ".not-there"} {
		_, err := NewSender(env(map[string]string{
			"POSTCONFIRM_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/signups", "AWS_CA_BUNDLE": file,
		}))
		if err == nil || !strings.Contains(err.Error(), "AWS_CA_BUNDLE is ") || !strings.Contains(err.Error(), "is meant") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// BenchmarkRoots shows what the small pool saves: the system's roots here are one; on Lambda they are about 150.
func BenchmarkRoots(b *testing.B) {
	for b.Loop() {
		pool([]byte(amazonRoots))
	}
}
