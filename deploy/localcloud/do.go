package localcloud

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// Do carries out one request without a socket, in the caller's goroutine: give the Cloud to an AWS SDK as its
// HTTPClient. It waits on channels and timers alone, so that inside testing/synctest a long poll is durably blocked.
//
// When the request's context ends first, Do returns its error. An answer that was ready all the same is returned, so
// that no message is lost between the queue and a caller who gives up in the same instant. A lost answer (see
// Fault.LostRate) is syscall.ECONNRESET. The response's Request is r; its Body is in memory and needs no Close.
func (c *Cloud) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := newRecorder()
	c.ServeHTTP(rec, received(r))
	if rec.broken {
		return nil, syscall.ECONNRESET
	}
	if err := r.Context().Err(); err != nil && rec.status >= http.StatusInternalServerError {
		return nil, err
	}
	return rec.response(r), nil
}

// received is a client's request as a server sees it. The client's own is left alone.
func received(r *http.Request) *http.Request {
	in := r.WithContext(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	return in
}

// recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	status int // 0 until the header is written
	body   bytes.Buffer
	broken bool
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

// Header returns the header to write.
func (rec *recorder) Header() http.Header { return rec.header }

// WriteHeader keeps the first status it is given.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
}

// Write adds to the body.
func (rec *recorder) Write(p []byte) (int, error) {
	rec.WriteHeader(http.StatusOK)
	return rec.body.Write(p)
}

func (rec *recorder) response(r *http.Request) *http.Response {
	rec.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: strconv.Itoa(rec.status) + " " + http.StatusText(rec.status), StatusCode: rec.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(&rec.body), ContentLength: int64(rec.body.Len()), Request: r,
	}
}

// breakConnection lets the caller see a broken connection where the answer should be.
func breakConnection(w http.ResponseWriter) {
	if rec, ok := w.(*recorder); ok {
		rec.broken = true
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2 can't be hijacked; Listen doesn't speak it
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = conn.Close()
}
