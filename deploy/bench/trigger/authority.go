package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// authority is a root with one intermediate, RSA 2048 as Amazon's. The certificate of the stub has an ECDSA key: a
// signature with RSA takes Go 0.7 ms, which is as long as half of a start, and here it would be made on the cores of the
// subjects, not of AWS.
type authority struct {
	root        []byte // PEM
	certificate tls.Certificate
}

// link is one certificate of the chain, with its key.
type link struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// rsaLeaf gives the stub an RSA key nevertheless, to see what it does.
func newAuthority(rsaLeaf bool) (a authority, err error) {
	root, err := newLink("bench root", nil, true, true)
	if err != nil {
		return a, err
	}
	between, err := newLink("bench intermediate", root, true, true)
	if err != nil {
		return a, err
	}
	leaf, err := newLink("127.0.0.1", between, false, rsaLeaf)
	if err != nil {
		return a, err
	}
	a.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.certificate.Raw})
	a.certificate = tls.Certificate{Certificate: [][]byte{leaf.certificate.Raw, between.certificate.Raw}, PrivateKey: leaf.key}
	return a, nil
}

func newKey(isRSA bool) (crypto.Signer, error) {
	if isRSA {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// newLink makes a certificate; one without a parent signs itself.
func newLink(name string, by *link, ca, isRSA bool) (*link, error) {
	key, err := newKey(isRSA)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: ca, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if !ca {
		template.IPAddresses, template.KeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, x509.KeyUsageDigitalSignature
	}
	if by == nil {
		by = &link{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	return &link{certificate, key}, err
}
