package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

func trust(certificates ...*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certificates {
		pool.AddCert(c)
	}
	return pool
}

// certificate is self-signed for 127.0.0.1, valid until the given time.
func certificate(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sheet := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, sheet, sheet, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestOnlyGoodTLSCarriesARequest(t *testing.T) {
	now := time.Now()
	good, expired := certificate(t, now.Add(time.Hour)), certificate(t, now.Add(-time.Hour))
	for _, test := range []struct {
		name    string
		server  *tls.Config
		trusted *x509.CertPool
		host    string
		cause   string // "" is success
	}{
		{"a good certificate", &tls.Config{Certificates: []tls.Certificate{good}}, trust(good.Leaf), "127.0.0.1", ""},
		{"TLS 1.2", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, trust(good.Leaf), "127.0.0.1", ""},
		{"an unknown authority", &tls.Config{Certificates: []tls.Certificate{good}}, nil, "127.0.0.1", "unknown authority"},
		{"an expired certificate", &tls.Config{Certificates: []tls.Certificate{expired}}, trust(expired.Leaf), "127.0.0.1", "expired"},
		{"another host's certificate", &tls.Config{Certificates: []tls.Certificate{good}}, trust(good.Leaf), "localhost", "another host"},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, trust(good.Leaf), "127.0.0.1", "no common TLS"},
		{"a client certificate asked for", &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, trust(good.Leaf), "127.0.0.1", "no common TLS"},
	} {
		t.Run("C6-134 "+test.name, func(t *testing.T) {
			reached := false
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
			server.TLS, server.Config.ErrorLog = test.server, log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()
			client := connect.NewClient(&connect.Options{AllowLoopback: true, RootCAs: test.trusted})
			defer client.Close()
			request := to(t, "POST", strings.Replace(server.URL, "127.0.0.1", test.host, 1)+"/secret")
			request.Body = []byte("secret")
			_, err := client.Do(t.Context(), request)
			if test.cause == "" {
				if err != nil || !reached {
					t.Errorf("got %v, reached %v", err, reached)
				}
				return
			}
			e := failure(t, err)
			if e.Code != connect.CodeTLS || e.Kind != enrich.Temporary || e.Sent || !strings.Contains(err.Error(), test.cause) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, sent %v", err, e.Sent)
			}
			if reached {
				t.Error("the request arrived")
			}
		})
	}
	t.Run("C6-134 no TLS at all", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		client := connect.NewClient(&connect.Options{AllowLoopback: true})
		defer client.Close()
		_, err := client.Do(t.Context(), to(t, "GET", strings.Replace(server.URL, "http:", "https:", 1)))
		if e := failure(t, err); e.Code != connect.CodeTLS || e.Sent {
			t.Errorf("got %+v", e)
		}
	})
}
