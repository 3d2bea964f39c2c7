package sqsout

import (
	"crypto/tls"
	"net/http"
	"time"
)

const (
	idleLimit = 50 * time.Second // an older connection is not used again, also after a freeze: net/http compares wall clocks
	maxIdle   = 64               // connections kept: as many as handlers may run at a time (AWS_LAMBDA_MAX_CONCURRENCY)
	maxAnswer = 64 << 10         // bytes read of an answer, and of its headers: SendMessage's has a few hundred
)

// newTransport speaks HTTP/1.1, over connections that are kept. What goes through a proxy is checked by the last roots.
func newTransport(d *dialer) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            d.plain,
		DialTLSContext:         d.secure,
		TLSClientConfig:        &tls.Config{RootCAs: d.trust.last},
		TLSHandshakeTimeout:    connectLimit,
		IdleConnTimeout:        idleLimit,
		MaxResponseHeaderBytes: maxAnswer,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		DisableCompression:     true,
	}
}

// newClient follows no redirect: it would carry the signed message to another host.
func newClient(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// wire is the last thing between the SDK and net/http.
type wire struct{ client *http.Client }

// Do marks the request as one that may be repeated: then net/http itself moves it to a new connection when the server
// has closed the kept one. The header is empty, so it isn't sent (net/http, Transport). A message that arrives twice
// is one run. And it bounds what is read of the answer.
func (w wire) Do(r *http.Request) (*http.Response, error) {
	r.Header["Idempotency-Key"] = []string{}
	answer, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	return answer, nil
}
