// Package onewrite keeps the AWS SDK's connections alive.
//
// The SDK hands net/http a body of a type of its own. net/http then sends the headers first and the body after them,
// and reads the body once more to see that it ended. When the answer is back before that last read, the SDK has
// closed the body, net/http takes this for a failed write, and drops the connection after the answer: no call is
// lost, but the next one pays for a new TCP and TLS handshake. Fast answers make it happen often.
//
// [Client] gives net/http the bytes themselves: one write, one connection, as long as the server keeps it.
//
// Standard library only; both the trigger and the worker use it.
package onewrite

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Doer is what the AWS SDK wants as its HTTPClient.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client reads each request's body into memory before it passes the request on. It is as safe for concurrent use as
// the Doer within. Meant for the small bodies of SQS and Cognito, not for uploads.
type Client struct {
	Doer Doer // required: usually an *http.Client
}

// mostAhead is what is made room for on the word of a request alone; what is longer than that grows as it is read.
const mostAhead = 1 << 20

// Do sends the request with its body in one piece. It replaces the body of r, and sets GetBody: net/http can then move
// the request to a new connection when the server closed the old one before a byte was written.
func (c Client) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.Doer.Do(r)
	}
	var whole bytes.Buffer
	whole.Grow(int(min(max(r.ContentLength, 0), mostAhead)) + bytes.MinRead)
	_, err := whole.ReadFrom(r.Body)
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("onewrite: read the request's body: %w", err)
	}
	body := whole.Bytes()
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	if len(body) == 0 {
		r.Body = http.NoBody // a zero length with any other body means "unknown" to net/http
	}
	return c.Doer.Do(r)
}
