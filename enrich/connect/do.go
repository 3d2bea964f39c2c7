package connect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// Request is one question to an outside system.
type Request struct {
	Method string      // "GET" when empty
	URL    *url.URL    // http or https, with a host, without user information
	Header http.Header // checked with CheckHeaderName and CheckHeaderValue; may be nil
	Body   []byte      // sent in one piece; empty for none
	// MaxBody is the longest answer in bytes, if that is less than the client's own limit. 0 means the client's.
	MaxBody int64
	// Unread says that nobody wants the body. Nothing about it is an error then, and Response.Body is nil.
	Unread bool
	// Alone says that a second arrival would be a second effect. The request goes over HTTP/1.1 on a connection of its
	// own, where nothing below us can repeat it. It costs one handshake.
	Alone bool
}

// Response is the whole answer, whatever its status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // decoded; nil when there was none, nobody wanted it, or reading that of a refusal failed

	asked  string // method and host, for errors
	failed *enrich.Error
	at     time.Time // when it came
}

// Do sends a request once and reads the answer. An answer with any status is a Response: ask its Failure. The error,
// always an *enrich.Error, is for everything else: see the codes. It says whether the request may have arrived.
//
// Do may be called from many goroutines. It honours ctx and ends by Options.Timeout in any case.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	request, err := c.build(r)
	if err != nil {
		return nil, err
	}
	asked := request.Method + " " + request.URL.Host
	if ctx.Err() != nil {
		return nil, fault(ctx, asked, ctx.Err(), false)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	seen := &watch{}
	answer, err := c.way(r).RoundTrip(request.WithContext(httptrace.WithClientTrace(ctx, seen.trace())))
	if err != nil {
		return nil, fault(ctx, asked, err, seen.sent())
	}
	defer func() { _ = answer.Body.Close() }()
	return c.receive(ctx, asked, answer, r)
}

// build makes the request of net/http. It has no GetBody, so that nobody can send the body twice.
func (c *Client) build(r Request) (*http.Request, error) {
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if err := checkURL(r.URL); err != nil {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: CodeBadURL, Err: err}
	}
	if err := checkHeaders(r.Header); err != nil {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: CodeBadHeader, Err: err}
	}
	request := &http.Request{Method: r.Method, URL: r.URL, Host: r.URL.Host, Header: r.Header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if len(r.Body) > 0 {
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", c.agent)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	return request, nil
}

func checkURL(u *url.URL) error {
	switch {
	case u == nil || u.Hostname() == "":
		return errors.New("the URL has no host")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("the URL is neither https nor http")
	case u.User != nil:
		return errors.New("the URL has user information")
	case u.Path != "" && u.Path[0] != '/': // url.JoinPath makes such of a URL without a path; on the wire it is no HTTP
		return errors.New("the URL's path does not begin with a slash")
	}
	return nil
}

// way picks the transport. A body that can't be rewound protects a POST from being repeated; one without a body has
// no such protection, so it goes alone as well.
func (c *Client) way(r Request) http.RoundTripper {
	effect := r.Method == http.MethodPost || r.Method == http.MethodPatch
	if r.Alone || effect && len(r.Body) == 0 {
		return c.alone
	}
	return c.shared
}

func (c *Client) limit(r Request) int64 {
	if r.MaxBody > 0 {
		return min(r.MaxBody, c.maxBody)
	}
	return c.maxBody
}

// receive reads the body. Outside 2xx the status has said what matters, so a body that can't be read is no error.
func (c *Client) receive(ctx context.Context, asked string, answer *http.Response, request Request) (*Response, error) {
	r := &Response{Status: answer.StatusCode, Header: answer.Header, asked: asked, at: c.now()}
	if r.failed = Classify(r.Status, r.Header, r.at); r.failed != nil {
		r.failed.Err = fmt.Errorf("%s answered %d", asked, r.Status)
	}
	if r.Status < 200 { // after 101 the body is the open connection
		return r, nil
	}
	if request.Unread {
		skip(answer)
		return r, nil
	}
	var err error
	if r.Body, err = readBody(answer, c.limit(request)); err == nil || r.failed != nil {
		return r, nil
	}
	var known *enrich.Error
	if errors.As(err, &known) {
		known.Err = fmt.Errorf("%s: %w", asked, known.Err)
		return nil, known
	}
	return nil, fault(ctx, asked, err, true)
}

// RetryAfter is how long the answer asks to wait, whatever its status; see the function of that name.
func (r *Response) RetryAfter() time.Duration { return RetryAfter(r.Header, r.at) }

// Failure is the answer's status as [Classify] reads it, with a cause that names method, host and status. It is nil
// for 2xx. (Keep the type until it is known not to be nil: a nil *enrich.Error in an error is not nil.)
func (r *Response) Failure() *enrich.Error { return r.failed }
