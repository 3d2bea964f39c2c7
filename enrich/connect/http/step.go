package httpstep

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// step is the connector of one step. It is immutable.
type step struct {
	config  Config
	client  *connect.Client
	address *address
	outputs map[string][]string
	class   enrich.Class
	method  string
}

// Class is what repeating this request means; see Config.class.
func (s *step) Class() enrich.Class { return s.class }

// Dependency is the host: all steps that talk to it share its breaker and its rate.
func (s *step) Dependency() string { return s.address.skeleton.Host }

// Run sends the request once.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	request, err := s.request(ctx, call)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	response, err := s.client.Do(ctx, request)
	switch {
	case err != nil:
		return nil, err
	case slices.Contains(s.config.NotFound, response.Status):
		return nil, enrich.ErrNotFound
	case response.Failure() != nil:
		return nil, response.Failure()
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
