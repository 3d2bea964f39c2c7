package attach_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// replacing changes text in answers.
func replacing(t *testing.T, from, to string) func(*http.Response) {
	return func(r *http.Response) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(body), from, to)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		r.Header.Del("Content-Length")
		r.Header.Del("X-Amz-Crc32")
	}
}
