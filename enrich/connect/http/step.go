package httpstep

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
)

// step is the connector of one step. It is immutable.
type step struct {
	config   Config
	shared   *shared
	address  *address
	tokenURL *url.URL // nil without tokens
	outputs  map[string][]string
	class    enrich.Class
	method   string
	space    uint64 // of what is remembered
}

// Class is what repeating this request means; see Config.class.
func (s *step) Class() enrich.Class { return s.class }

// Dependency is the host: all steps that talk to it share its breaker and its rate.
func (s *step) Dependency() string { return s.address.skeleton.Host }

// Run sends the request once.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	r, err := s.render(ctx, call)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	response, err := s.answer(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.read(response)
}

// Remembered gives the answer of an earlier user's request that was the same.
func (s *step) Remembered(ctx context.Context, call enrich.Call) (result enrich.Result, known bool, err error) {
	if s.config.Cache == 0 {
		return nil, false, nil
	}
	r, err := s.render(ctx, call)
	if err != nil {
		return nil, false, nil // Run will say why
	}
	response := s.shared.lookups.Known(s.key(r))
	if response == nil {
		return nil, false, nil
	}
	result, err = s.read(response)
	return result, true, err
}

// answer is what the vendor says, or said before.
func (s *step) answer(ctx context.Context, r rendered) (*connect.Response, error) {
	if s.config.Cache == 0 {
		return s.send(ctx, r)
	}
	return s.shared.lookups.Do(ctx, s.key(r), s.life, func(ctx context.Context) (*connect.Response, error) { return s.send(ctx, r) })
}

// key names the question. The token is not in it, because it changes while the answer does not; who asks for it is.
func (s *step) key(r rendered) connect.LookupKey {
	if r.grant == nil {
		return s.shared.lookups.KeyOf(s.space, r.request)
	}
	return s.shared.lookups.KeyOf(s.space, r.request, r.grant.ID, r.grant.Secret.Reveal())
}

// life is how long an answer is remembered. What is not found may be there tomorrow, so it is forgotten sooner; failures
// and "not ready" are not kept at all, nor is an answer that can't be read.
func (s *step) life(response *connect.Response) time.Duration {
	_, err := s.read(response)
	switch {
	case err == nil:
		return s.config.Cache
	case enrich.Failure(err).Kind == enrich.NotFound:
		return s.config.Cache / 10
	}
	return 0
}

func (s *step) send(ctx context.Context, r rendered) (*connect.Response, error) {
	if r.grant == nil {
		return s.shared.client.Do(ctx, r.request)
	}
	return s.shared.tokens.Do(ctx, *r.grant, func(token oauth.Token) (connect.Request, error) {
		request := r.request
		request.Header = r.request.Header.Clone()
		request.Header.Set("Authorization", "Bearer "+token.Value.Reveal())
		return request, nil
	})
}

// read tells what an answer means to this step.
func (s *step) read(response *connect.Response) (enrich.Result, error) {
	failed := response.Failure()
	switch {
	case slices.Contains(s.config.NotFound, response.Status):
		return nil, enrich.ErrNotFound
	case slices.Contains(s.config.Pending, response.Status):
		return nil, &enrich.Error{Kind: enrich.Throttled, Code: enrich.CodePending, Sent: true, Refused: true,
			RetryAfter: response.RetryAfter()}
	case failed != nil:
		return nil, failed
	}
	return s.result(response)
}

// unsent classifies what stopped a request from being made: the caller, or values that will be the same next time.
func unsent(ctx context.Context, err error) error {
	var known *enrich.Error
	switch {
	case ctx.Err() != nil:
		code := connect.CodeCanceled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			code = connect.CodeTimeout
		}
		return &enrich.Error{Kind: enrich.Temporary, Code: code, Err: ctx.Err()}
	case errors.As(err, &known):
		return known
	}
	return &enrich.Error{Kind: enrich.Permanent, Code: CodeBadValue, Err: err}
}

// result is what the step learned from a 2xx.
func (s *step) result(response *connect.Response) (enrich.Result, error) {
	result := enrich.Result{"status": int64(response.Status), "body": nil}
	if s.config.Answer == "none" {
		return result, nil
	}
	body, err := response.JSON()
	if err != nil {
		return nil, err
	}
	result["body"] = body
	for name, path := range s.outputs {
		result[name] = at(body, path)
	}
	return result, nil
}

// at follows a plain path; where it leads nowhere is null.
func at(value any, path []string) any {
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
