package sqsout

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// system is the authority that this test process has as its system's only root.
var system = newAuthority("the system's root")

// TestMain gives the process a system of its own: crypto/x509 reads these variables once, when it is first asked.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "postconfirm-roots-")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(dir, "roots.pem")
	for _, err := range []error{
		os.WriteFile(file, system.pem(), 0o600), os.Setenv("SSL_CERT_FILE", file), os.Setenv("SSL_CERT_DIR", filepath.Join(dir, "none")),
	} {
		if err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// authority signs certificates. They are valid in the year 2000, too, where the bubbles of synctest begin.
type authority struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(name string) *authority {
	a := &authority{key: newKey()}
	a.root = sign(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: year(1990), NotAfter: year(2190),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, a.key, a)
	return a
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func year(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, by *authority) *x509.Certificate {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by.key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return certificate
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

func (a *authority) pool() *x509.CertPool { return pool(a.pem()) }

// certificate is one for a host, from the year 1990 up to another one.
func (a *authority) certificate(host string, until int) tls.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: year(1990), NotAfter: year(until), KeyUsage: x509.KeyUsageDigitalSignature}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	key := newKey()
	return tls.Certificate{Certificate: [][]byte{sign(template, a.root, key, a).Raw}, PrivateKey: key}
}

// told is a log that counts its lines and keeps the last one.
type told struct {
	lines int
	last  []byte
}

func (w *told) Write(p []byte) (int, error) {
	if bytes.Count(p, []byte("\n")) != 1 {
		return 0, fmt.Errorf("not one line: %q", p)
	}
	w.lines++
	w.last = append(w.last[:0], p...)
	return len(p), nil
}
