package connect_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// D9, C3-74.
func TestHeadersAreCheckedBeforeTheyLeave(t *testing.T) {
	for _, name := range []string{"", "A B", "A:", "A\r\nB", "Ä", "Host", "host", "Content-Length", "transfer-encoding", "Connection",
		"Cookie", "Set-Cookie", "TE", "Trailer", "Upgrade", "Expect", "Keep-Alive", "Accept-Encoding", "Proxy-Authorization", "HTTP2-Settings"} {
		if connect.CheckHeaderName(name) == nil {
			t.Errorf("the name %q is accepted", name)
		}
	}
	for _, name := range []string{"Authorization", "x-api-key", "Accept", "Content-Type", "Idempotency-Key", "X_Y.z"} {
		if err := connect.CheckHeaderName(name); err != nil {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	for _, value := range []string{"a\r\nX: y", "a\nb", "a\rb", "a\x00", "a\x7f", "é", "a\u2028b", "\xff", strings.Repeat("a", connect.MaxHeaderValue+1)} {
		err := connect.CheckHeaderValue(value)
		if err == nil {
			t.Errorf("the value %.20q is accepted", value)
		} else if strings.Contains(err.Error(), value) {
			t.Errorf("the error shows the value: %v", err)
		}
	}
	for _, value := range []string{"", "a", "a\tb", "~ !\"", strings.Repeat("a", connect.MaxHeaderValue)} {
		if err := connect.CheckHeaderValue(value); err != nil {
			t.Errorf("the value %.20q: %v", value, err)
		}
	}
}

func TestBadRequestsNeverLeave(t *testing.T) {
	good := &url.URL{Scheme: "http", Host: "api.example.com", Path: "/"}
	for _, test := range []struct {
		name, code string
		request    connect.Request
	}{
		{"no URL", connect.CodeBadURL, connect.Request{}},
		{"no host", connect.CodeBadURL, connect.Request{URL: &url.URL{Scheme: "https", Host: ":443"}}},
		{"a file", connect.CodeBadURL, connect.Request{URL: &url.URL{Scheme: "file", Host: "h", Path: "/etc/passwd"}}},
		{"a path without its slash", connect.CodeBadURL, connect.Request{URL: &url.URL{Scheme: "https", Host: "h", Path: "hunter2"}}},
		{"user information", connect.CodeBadURL, connect.Request{URL: &url.URL{Scheme: "https", Host: "h", User: url.UserPassword("u", "hunter2")}}},
		{"a second request in a header", connect.CodeBadHeader, connect.Request{URL: good, Header: http.Header{"X": {"hunter2\r\nHost: evil"}}}},
		{"a Host of our own", connect.CodeBadHeader, connect.Request{URL: good, Header: http.Header{"host": {"hunter2"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inMemory(t, connect.Options{}, nil, func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
				_, err := client.Do(t.Context(), test.request)
				if e := failure(t, err); e.Code != test.code || e.Kind != enrich.Permanent || e.Sent || strings.Contains(e.Error(), "hunter2") {
					t.Errorf("got %+v", e)
				}
				if len(vendor.Dialed()) != 0 {
					t.Error("the vendor was dialled")
				}
			})
		})
	}
}
