package webhook_test

import (
	"io"
	"net/http"
)

// recorder is a transport that notes what it was sent and answers with nothing.
type recorder struct {
	request *http.Request
	body    []byte
}

// RoundTrip notes and answers.
func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	var err error
	r.request = q
	if r.body, err = io.ReadAll(q.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}, nil
}
