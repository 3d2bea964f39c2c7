package sqsout

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

const (
	connectLimit = time.Second // for the TCP connection, and again for the TLS handshake
	sessions     = 8           // TLS sessions kept, which make a later connection to the same host cheaper
)

// dialer opens the connections to SQS: TCP alone for an emulator, TCP and TLS for the rest. The first of them may have
// been opened before anybody asked for it, see early.
type dialer struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error) // TCP
	trust   *trust
	session tls.ClientSessionCache
	early   earlyBird
}

func newDialer(t *trust) *dialer {
	return &dialer{
		dial:    (&net.Dialer{Timeout: connectLimit}).DialContext,
		trust:   t,
		session: tls.NewLRUClientSessionCache(sessions),
	}
}

// plain is the DialContext of the transport.
func (d *dialer) plain(ctx context.Context, network, address string) (net.Conn, error) {
	if conn := d.early.take(ctx, address); conn != nil {
		return conn, nil
	}
	return d.dial(ctx, network, address)
}

// secure is its DialTLSContext.
func (d *dialer) secure(ctx context.Context, network, address string) (net.Conn, error) {
	if conn := d.early.take(ctx, address); conn != nil {
		return conn, nil
	}
	return d.trusted(ctx, network, address)
}

// trusted connects with the roots that are asked first, and once more with the last ones if those don't vouch for the
// certificate. Nothing has been sent by then.
func (d *dialer) trusted(ctx context.Context, network, address string) (net.Conn, error) {
	for {
		roots, final := d.trust.roots()
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := d.handshake(ctx, network, address, &tls.Config{
			ServerName: host, RootCAs: roots, ClientSessionCache: d.session,
			DynamicRecordSizingDisabled: true, // a message is one record, and so one write
		})
		var stranger *tls.CertificateVerificationError
		if err == nil || final || !errors.As(err, &stranger) {
			return conn, err
		}
		d.trust.widen()
	}
}

func (d *dialer) handshake(ctx context.Context, network, address string, config *tls.Config) (net.Conn, error) {
	raw, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error is the one that counts
		return nil, err
	}
	return conn, nil
}
