package ses

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/postconfirm/postconfirm/enrich/connect"
)

// maxAnswer is the longest answer that is read, in bytes: SES's own have a few hundred.
const maxAnswer = 64 << 10

// exchange carries one call of the SDK through the connectors' client, and keeps what came of it: the SDK's own error
// says neither whether the request left nor how long to wait. It sends once, whatever the SDK thinks.
type exchange struct {
	client *connect.Client
	asked  bool              // the SDK got as far as sending
	answer *connect.Response // nil without one
	failed error             // an *enrich.Error of the client
}

var errTwice = errors.New("ses: a second request for one mail")

// Do sends the request.
func (x *exchange) Do(r *http.Request) (*http.Response, error) {
	if x.asked {
		return nil, errTwice
	}
	x.asked = true
	body, err := io.ReadAll(r.Body)
	if err != nil {
		x.asked = false
		return nil, fmt.Errorf("ses: read the request's body: %w", err)
	}
	x.answer, x.failed = x.client.Do(r.Context(), connect.Request{Method: r.Method, URL: r.URL, Header: r.Header, Body: body,
		MaxBody: maxAnswer, Alone: true})
	if x.failed == nil && x.answer.Failure() == nil {
		_, x.failed = x.answer.JSON()
	}
	if x.failed != nil {
		return nil, x.failed
	}
	return &http.Response{StatusCode: x.answer.Status, Header: x.answer.Header, Request: r,
		ContentLength: int64(len(x.answer.Body)), Body: io.NopCloser(bytes.NewReader(x.answer.Body))}, nil
}
