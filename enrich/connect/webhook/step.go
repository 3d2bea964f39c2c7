package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// step is the connector of one step. All it remembers is until when the receiver is left alone.
type step struct {
	config  Config
	client  *connect.Client
	url     *url.URL
	keyLife time.Duration
	goneFor time.Duration
	gone    atomic.Pointer[time.Time] // nil until a 410
}

// Class is keyed: receivers tell a repeat by its webhook-id.
func (s *step) Class() enrich.Class { return enrich.Keyed }

// KeyLife is how long the receiver remembers a webhook-id, as the file says.
func (s *step) KeyLife() time.Duration { return s.keyLife }

// Dependency is the host: all steps that talk to it share its breaker and its rate.
func (s *step) Dependency() string { return s.url.Host }

// Run posts the event once.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	if until := s.gone.Load(); until != nil && time.Now().Before(*until) {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: CodeGone,
			Err: fmt.Errorf("the receiver answered 410 less than %s ago and is not called", s.goneFor)}
	}
	request, err := s.request(ctx, call)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	response, err := s.client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if f := response.Failure(); f != nil {
		return nil, s.failed(f, response.Status)
	}
	return enrich.Result{"status": int64(response.Status)}, nil
}

// failed notes a 410; everything else is as the toolkit reads it.
func (s *step) failed(f *enrich.Error, status int) error {
	if status != http.StatusGone {
		return f
	}
	until := time.Now().Add(s.goneFor)
	s.gone.Store(&until)
	e := *f
	e.Code = CodeGone
	return &e
}

// request fills in and signs one try.
func (s *step) request(ctx context.Context, call enrich.Call) (r connect.Request, err error) {
	keys, err := s.keys(ctx, call.Vars)
	if err != nil {
		return r, err
	}
	now := time.Now()
	body, contentType, err := s.body(ctx, call, now)
	if err != nil {
		return r, err
	}
	header, err := signed(call.EffectKey, now, body, keys)
	if err != nil {
		return r, err
	}
	header.Set("Content-Type", contentType)
	return connect.Request{Method: http.MethodPost, URL: s.url, Header: header, Body: body, Unread: true}, nil
}

// unsent classifies what stopped a request from being made: the caller, or values that will be the same next time.
func unsent(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	code := connect.CodeCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = connect.CodeTimeout
	}
	return &enrich.Error{Kind: enrich.Temporary, Code: code, Err: ctx.Err()}
}
