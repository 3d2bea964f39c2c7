package onewrite_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
)

// stream is a body of a type that net/http doesn't know, as the SDK's is. It notes its close, after which it yields
// nothing, and fails on command.
type stream struct {
	r                 io.Reader
	readErr, closeErr error
	closed            atomic.Bool
}

func (s *stream) Read(p []byte) (int, error) {
	if s.closed.Load() {
		return 0, errors.New("read after close")
	}
	n, err := s.r.Read(p)
	if err == io.EOF && s.readErr != nil {
		err = s.readErr
	}
	return n, err
}

func (s *stream) Close() error {
	s.closed.Store(true)
	return s.closeErr
}

// writes counts what leaves each connection.
type writes struct {
	net.Conn
	count *atomic.Int64
}

func (c writes) Write(p []byte) (int, error) {
	c.count.Add(1)
	return c.Conn.Write(p)
}

// counting gives a client whose connections and writes are counted.
func counting(t *testing.T) (client *http.Client, connections, written *atomic.Int64) {
	connections, written = new(atomic.Int64), new(atomic.Int64)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		connections.Add(1)
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return writes{conn, written}, err
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, connections, written
}

func echo(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server
}

// post sends one body of an unknown type and returns the answer's.
func post(t *testing.T, do onewrite.Doer, url, text string) string {
	t.Helper()
	body := &stream{r: strings.NewReader(text)}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(text))
	answer, err := do.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestARequestLeavesInOneWriteOverOneConnection(t *testing.T) {
	server, text := echo(t), strings.Repeat("x", 900)
	client, connections, written := counting(t)
	for range 200 {
		if got := post(t, onewrite.Client{Doer: client}, server.URL, text); got != text {
			t.Fatalf("the server got %q", got)
		}
	}
	if connections.Load() != 1 || written.Load() != 200 {
		t.Errorf("%d connections, %d writes for 200 requests", connections.Load(), written.Load())
	}
}

func TestWithoutItNetHTTPWritesTheBodyApart(t *testing.T) {
	// The reason for this package. When this fails, net/http or the SDK's body has changed: perhaps it can go.
	server := echo(t)
	client, _, written := counting(t)
	post(t, client, server.URL, "hello")
	if written.Load() < 2 {
		t.Errorf("%d write: the package isn't needed any more", written.Load())
	}
}

// fixed is a Doer that keeps the request and answers as told.
type fixed struct {
	got *http.Request
	err error
}

func (f *fixed) Do(r *http.Request) (*http.Response, error) {
	f.got = r
	return &http.Response{StatusCode: 200, Body: http.NoBody}, f.err
}

func TestTheBodyCanBeSentAgain(t *testing.T) {
	next := &fixed{}
	r := httptest.NewRequest(http.MethodPost, "/", &stream{r: strings.NewReader("hello")})
	if _, err := (onewrite.Client{Doer: next}).Do(r); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		body, err := next.got.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(body); string(got) != "hello" || next.got.ContentLength != 5 {
			t.Errorf("%q, length %d", got, next.got.ContentLength)
		}
	}
}

func TestARequestWithoutBodyIsPassedOnAsItIs(t *testing.T) {
	for name, body := range map[string]io.ReadCloser{"nil": nil, "NoBody": http.NoBody} {
		t.Run(name, func(t *testing.T) {
			next := &fixed{}
			r := &http.Request{Method: http.MethodGet, Body: body}
			if _, err := (onewrite.Client{Doer: next}).Do(r); err != nil || next.got.Body != body || next.got.GetBody != nil {
				t.Errorf("%+v, %v", next.got, err)
			}
		})
	}
	t.Run("an empty stream becomes NoBody", func(t *testing.T) {
		next := &fixed{}
		r := &http.Request{Method: http.MethodPost, Body: &stream{r: strings.NewReader("")}}
		if _, err := (onewrite.Client{Doer: next}).Do(r); err != nil || next.got.Body != http.NoBody || next.got.ContentLength != 0 {
			t.Errorf("%+v, %v", next.got, err)
		}
	})
}

func TestFailuresAreHandedUpAndTheBodyIsClosed(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		body *stream
		next *fixed
	}{
		"of reading the body": {&stream{r: strings.NewReader("half"), readErr: broken}, &fixed{}},
		"of closing the body": {&stream{r: strings.NewReader("all"), closeErr: broken}, &fixed{}},
		"of the Doer within":  {&stream{r: bytes.NewReader(nil)}, &fixed{err: broken}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &http.Request{Method: http.MethodPost, Body: tt.body}
			_, err := onewrite.Client{Doer: tt.next}.Do(r)
			if !errors.Is(err, broken) || !tt.body.closed.Load() {
				t.Errorf("error %v, closed %v", err, tt.body.closed.Load())
			}
			if sent := tt.next.got != nil; sent != (tt.next.err != nil) {
				t.Errorf("sent: %v", sent)
			}
		})
	}
}
