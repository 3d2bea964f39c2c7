package lambdaenv

import (
	"net"
	"net/http"
	"time"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
)

// ConnectLimit is how long a TCP connection may take, and again its TLS handshake.
const ConnectLimit = time.Second

const (
	idleLimit = 50 * time.Second // an older connection is not used again, also after a freeze: net/http compares wall clocks
	maxIdle   = 64               // connections kept: as many as handlers may run at a time
)

// Client is the HTTPClient of an SDK client: HTTP/1.1 over connections that are kept, no redirect, and at most
// MaxAnswer bytes of an answer. It marks requests as ones that may be repeated, so that net/http itself moves one to
// a new connection when the server has closed the kept one: it is for calls that may arrive twice. Safe for concurrent
// use.
type Client struct {
	transport *http.Transport
	client    *http.Client
	max       int64
}

// NewTransport speaks HTTP/1.1 over connections that are kept. It asks nobody yet: its fields may be changed before it is
// used.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: ConnectLimit}).DialContext,
		TLSHandshakeTimeout: ConnectLimit,
		IdleConnTimeout:     idleLimit,
		MaxIdleConns:        maxIdle,
		MaxIdleConnsPerHost: maxIdle,
		DisableCompression:  true,
	}
}

// NewClient makes a client that reads at most maxAnswer bytes of an answer. t is usually a NewTransport.
func NewClient(t *http.Transport, maxAnswer int64) *Client {
	return &Client{transport: t, max: maxAnswer, client: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends one request with its body in one piece.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	return onewrite.Client{Doer: bounded{c}}.Do(r)
}

// CloseIdleConnections closes the connections that are kept, so that the next call begins with a new one: Lambda
// freezes the process between invocations, and what was open before may be gone.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// bounded is the last thing between the SDK and net/http. The header is empty, so it isn't sent (net/http, Transport).
type bounded struct{ *Client }

func (b bounded) Do(r *http.Request) (*http.Response, error) {
	r.Header["Idempotency-Key"] = []string{}
	answer, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, b.max)
	return answer, nil
}
