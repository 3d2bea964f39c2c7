package connect

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// transports makes the two ways to send.
//
// net/http repeats requests on its own. Over HTTP/1.1 it does so when a kept connection dies before the first byte of
// the answer and the request is a GET, HEAD, OPTIONS or TRACE without a body, or any request with an Idempotency-Key
// header whose body is empty or can be rewound. Over HTTP/2 it does so when the server says that it refused the
// stream, is going away, or saw a protocol error, unless a body was written that can't be rewound.
//
// So requests never get a GetBody, and what must not be repeated goes alone: HTTP/1.1, on a connection of its own.
// There net/http has nothing to repeat on, and no kept connection that the server has just given up can turn a plain
// POST into one whose outcome nobody knows.
func (c *Client) transports(o *Options) (shared, alone *http.Transport) {
	shared, alone = c.transport(o), c.transport(o)
	shared.ForceAttemptHTTP2 = true
	alone.DisableKeepAlives = true
	alone.Protocols = new(http.Protocols)
	alone.Protocols.SetHTTP1(true)
	return shared, alone
}

func (c *Client) transport(o *Options) *http.Transport {
	dial := c.dialer.DialContext
	if o.Dial != nil {
		dial = o.Dial
	}
	return &http.Transport{
		Proxy:                  nil, // the environment has no say in where secrets go
		DialContext:            counted(dial),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    tlsTimeout,
		ResponseHeaderTimeout:  positive(o.HeaderTimeout, DefaultHeaders),
		MaxResponseHeaderBytes: maxHeaders,
		DisableCompression:     true, // asked for and undone in body.go, under our own cap
		MaxIdleConns:           4 * positive(o.Idle, DefaultIdle),
		MaxIdleConnsPerHost:    positive(o.Idle, DefaultIdle),
		IdleConnTimeout:        idleTimeout,
	}
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// counted makes a dialer give up after dialTimeout, and its connections count what is written to them. The bound must
// be here: net/http dials on when the request has gone, in case the next one needs the connection.
func counted(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countedConn{Conn: conn}, nil
	}
}
