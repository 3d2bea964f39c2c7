package sqsout

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

const (
	connectLimit = lambdaenv.ConnectLimit
	sessions     = 8 // TLS sessions kept, which make a later connection to the same host cheaper
)

// dialer opens the connections to SQS: TCP alone for an emulator, TCP and TLS for the rest. The first of them may have
// been opened before anybody asked for it, see early.
type dialer struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error) // TCP
	trust   *trust
	session tls.ClientSessionCache
	early   earlyBird
	reached chan struct{} // closed when the first dial has ended
	once    sync.Once
}

func newDialer(t *trust) *dialer {
	return &dialer{
		dial:    (&net.Dialer{Timeout: connectLimit}).DialContext,
		trust:   t,
		session: tls.NewLRUClientSessionCache(sessions),
		reached: make(chan struct{}),
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
		conn, final, err := d.handshake(ctx, network, address)
		var stranger *tls.CertificateVerificationError
		if err == nil || final || !errors.As(err, &stranger) {
			return conn, err
		}
		d.trust.widen()
	}
}

// handshake connects once; final tells that no other roots are left to ask.
func (d *dialer) handshake(ctx context.Context, network, address string) (conn net.Conn, final bool, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, true, err
	}
	raw, err := d.dial(ctx, network, address)
	d.once.Do(func() { close(d.reached) })
	if err != nil {
		return nil, true, err
	}
	roots, final := d.trust.roots()
	secured := tls.Client(raw, &tls.Config{
		ServerName: host, RootCAs: roots, ClientSessionCache: d.session,
		DynamicRecordSizingDisabled: true, // a message is one record, and so one write
	})
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error is the one that counts
		return nil, final, err
	}
	return secured, final, nil
}
