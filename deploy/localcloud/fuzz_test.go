package localcloud_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzFaults puts any bytes to /_local/faults: they are refused, or taken, told and taken again the same.
func FuzzFaults(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"sqs":null}`, `{"sqs":{"*":{"latency":"1h","throttle":1e9,"errorRate":1,"lostRate":1e-300,"outage":true}}}`,
		`{"sqs":{"SendMessage":{}}}`, `{"sqs":{"queue:a.b":{"duplicateRate":0.5,"duplicateWithin":"1ns","reorderRate":1,"clockSkew":"-9000h"},"*":{"clockSkew":"1h"}}}`, `{"sqs":{"*":{"throttle":-0}}}`, `{"s3":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newCloud()
		ask := func(method, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "/_local/faults", strings.NewReader(body))
			r.Host = "localhost"
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			return w
		}
		answer := ask(http.MethodPut, string(body))
		if answer.Code == http.StatusBadRequest && answer.Body.Len() > 0 && len(c.Faults()) == 0 {
			return
		}
		told := ask(http.MethodGet, "").Body.String()
		if answer.Code != http.StatusNoContent || ask(http.MethodPut, told).Code != http.StatusNoContent {
			t.Fatalf("%q was answered %d %s and told as %s", body, answer.Code, answer.Body, told)
		}
		if again := ask(http.MethodGet, "").Body.String(); again != told {
			t.Errorf("%q is told as %s, then as %s", body, told, again)
		}
	})
}
