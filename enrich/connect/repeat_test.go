package connect_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

// A kept connection that dies under the second request is where net/http likes to help.
func TestNothingButReadsIsSentTwice(t *testing.T) {
	body := []byte(`{"a":1}`)
	for _, test := range []struct {
		name    string
		request connect.Request
		sent    int // times that the vendor reads the second request
		dialed  int
		fails   bool
	}{
		{"a GET is asked again, by net/http, which nothing can tell not to", connect.Request{Method: "GET"}, 2, 2, false},
		{"a HEAD too", connect.Request{Method: "HEAD"}, 2, 2, false},
		{"a POST is not", connect.Request{Method: "POST", Body: body}, 1, 1, true},
		{"a POST with a key is not", connect.Request{Method: "POST", Body: body, Header: http.Header{"Idempotency-Key": {"k"}}}, 1, 1, true},
		{"a PATCH with a key is not", connect.Request{Method: "PATCH", Body: body, Header: http.Header{"X-Idempotency-Key": {"k"}}}, 1, 1, true},
		{"a PUT is not", connect.Request{Method: "PUT", Body: body}, 1, 1, true},
		{"a DELETE is not", connect.Request{Method: "DELETE"}, 1, 1, true},
		{"a POST without a body goes alone", connect.Request{Method: "POST", Header: http.Header{"Idempotency-Key": {"k"}}}, 1, 2, true},
		{"what must not be repeated goes alone", connect.Request{Method: "POST", Body: body, Alone: true}, 1, 2, true},
		{"even a GET, if it says so", connect.Request{Method: "GET", Alone: true}, 1, 2, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			inMemory(t, connect.Options{}, script(pretend.JSON(200, "{}"), pretend.ResetRead(), pretend.JSON(200, "{}")),
				func(t *testing.T, vendor *pretend.Vendor, client *connect.Client) {
					first := to(t, "GET", "http://api.example.com/first")
					if _, err := client.Do(t.Context(), first); err != nil {
						t.Fatal(err)
					}
					test.request.URL = first.URL.JoinPath("/second")
					_, err := client.Do(t.Context(), test.request)
					if test.fails {
						if e := failure(t, err); e.Code != connect.CodeReset || !e.Unknown() {
							t.Errorf("got %+v, want an unknown reset", e)
						}
					} else if err != nil {
						t.Error(err)
					}
					if got := len(vendor.Seen()) - 1; got != test.sent || len(vendor.Dialed()) != test.dialed {
						t.Errorf("sent %d times over %d connections, want %d over %d", got, len(vendor.Dialed()), test.sent, test.dialed)
					}
				})
		})
	}
}

// Over HTTP/2 a server may refuse a stream, and net/http then sends it again unless the body is gone.
func TestHTTP2SendsNoBodyTwice(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/h1" && r.ProtoMajor != 1 || r.URL.Path != "/h1" && r.ProtoMajor != 2 {
			t.Errorf("%s came over %s", r.URL.Path, r.Proto)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler) // resets the stream
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := connect.NewClient(&connect.Options{AllowLoopback: true, RootCAs: trust(server.Certificate())})
	defer client.Close()
	for path, want := range map[string]int64{"/fine": 1, "/h1": 1, "/abort": 1} {
		asked.Store(0)
		request := to(t, "POST", server.URL+path)
		request.Body, request.Alone = bytes.Repeat([]byte("a"), 100), path == "/h1"
		_, err := client.Do(t.Context(), request)
		if path == "/abort" {
			if e := failure(t, err); e.Code != connect.CodeReset || !e.Unknown() {
				t.Errorf("%s: got %+v", path, e)
			}
		} else if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if asked.Load() != want {
			t.Errorf("%s: asked %d times, want %d", path, asked.Load(), want)
		}
	}
}

func TestTheBodyCannotBeRewound(t *testing.T) {
	spy := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.GetBody != nil {
			t.Error("the request has a GetBody")
		}
		return nil, errors.New("hunter2 was refused")
	})
	client := connect.NewClient(&connect.Options{Transport: spy})
	request := to(t, "POST", "https://api.example.com/")
	request.Body = []byte("x")
	_, err := client.Do(t.Context(), request)
	e := failure(t, err)
	if !e.Sent {
		t.Error("a transport that calls no hooks is believed to have sent nothing")
	}
	if e.Code != connect.CodeOther || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error reads %q", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
