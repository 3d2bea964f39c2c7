package hubspot_test

import (
	"io"
	"net/http"
	"strings"
)

// recorder is a transport that notes the body it was sent and answers what it holds, or with a contact.
type recorder struct {
	body   []byte
	status int
	answer string
}

// RoundTrip notes and answers.
func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	var err error
	if r.body, err = io.ReadAll(q.Body); err != nil {
		return nil, err
	}
	status, answer := r.status, r.answer
	if status == 0 {
		status, answer = http.StatusOK, `{"results":[{"id":"1"}]}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer))}, nil
}
