package httpstep

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The codes of this connector, beside those of package connect. All are permanent, and nothing was sent.
const (
	CodeBadValue     = "bad_value"         // an expression failed, or its value is of no use where it stands
	CodeNoCredential = "no_credential"     // a token, user, password or key is null or empty
	CodeTooLarge     = "request_too_large" // the body is longer than MaxRequest
)

// MaxRequest is the longest body that is sent, in bytes.
const MaxRequest = connect.MaxRequest

// rendered is a request with the values of one call, and who may ask for its token.
type rendered struct {
	request connect.Request
	grant   *oauth.ClientCredentials // nil without tokens
}

// render fills in the values of one call.
func (s *step) render(ctx context.Context, call enrich.Call) (r rendered, err error) {
	r.request = connect.Request{Method: s.method, MaxBody: int64(s.config.MaxBody),
		Unread: s.config.Answer == "none", Alone: s.class == enrich.Unsafe}
	if r.request.URL, err = s.url(ctx, call.Vars); err != nil {
		return r, err
	}
	kind := ""
	if r.request.Body, kind, err = s.body(ctx, call.Vars); err != nil {
		return r, err
	}
	if r.request.Header, err = s.header(ctx, call, kind); err != nil {
		return r, err
	}
	r.grant, err = s.grant(ctx, call.Vars)
	return r, err
}

// grant is who asks for tokens.
func (s *step) grant(ctx context.Context, vars expr.Vars) (*oauth.ClientCredentials, error) {
	if s.tokenURL == nil {
		return nil, nil
	}
	id, err := credential(ctx, vars, "client-id", s.config.ClientID)
	if err != nil {
		return nil, err
	}
	secret, err := credential(ctx, vars, "client-secret", s.config.ClientSecret)
	if err != nil {
		return nil, err
	}
	return &oauth.ClientCredentials{Endpoint: s.tokenURL, ID: id, Secret: enrich.NewSecret(secret), Scope: s.config.Scope,
		Audience: s.config.Audience, InBody: s.config.ClientAuth == "body"}, nil
}

func (s *step) url(ctx context.Context, vars expr.Vars) (*url.URL, error) {
	u, err := s.address.url(ctx, vars)
	if err != nil {
		return nil, refused(connect.CodeBadURL, "url", err)
	}
	query, err := values(ctx, vars, "query", s.config.Query)
	if err != nil {
		return nil, err
	}
	if s.config.AuthQuery != "" {
		key, err := credential(ctx, vars, "auth-value", s.config.AuthValue)
		if err != nil {
			return nil, err
		}
		query.Set(s.config.AuthQuery, key)
	}
	if len(query) > 0 {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+query.Encode(), "&")
	}
	if len(u.RawQuery) > maxURL {
		return nil, refused(connect.CodeBadURL, "query", fmt.Errorf("it is longer than %d bytes", maxURL))
	}
	return u, nil
}

// values evaluates a map; a null leaves its key out.
func values(ctx context.Context, vars expr.Vars, field string, templates map[string]*expr.Template) (url.Values, error) {
	all := url.Values{}
	for _, name := range sorted(templates) {
		value, ok, err := templates[name].EvalString(ctx, vars)
		if err != nil {
			return nil, refused(CodeBadValue, field+" "+name, err)
		}
		if ok {
			all.Set(name, value)
		}
	}
	return all, nil
}

// body writes the block json or form as the API wants to read it, and tells its type.
func (s *step) body(ctx context.Context, vars expr.Vars) (body []byte, kind string, err error) {
	switch {
	case s.config.JSON != nil:
		body, err = s.json(ctx, vars)
		return body, "application/json", err
	case s.config.Form != nil:
		form, err := values(ctx, vars, "form", s.config.Form)
		if err != nil {
			return nil, "", err
		}
		if body = []byte(form.Encode()); len(body) > MaxRequest {
			return nil, "", refused(CodeTooLarge, "form", connect.ErrTooLarge)
		}
		return body, "application/x-www-form-urlencoded", nil
	}
	return nil, "", nil
}

func (s *step) json(ctx context.Context, vars expr.Vars) ([]byte, error) {
	value, err := s.config.JSON.Eval(ctx, vars)
	if err != nil {
		return nil, refused(CodeBadValue, "json", err)
	}
	body, err := connect.EncodeJSON(value)
	switch {
	case errors.Is(err, connect.ErrTooLarge):
		return nil, refused(CodeTooLarge, "json", err)
	case err != nil:
		return nil, refused(CodeBadValue, "json", err)
	}
	return body, nil
}

func (s *step) header(ctx context.Context, call enrich.Call, kind string) (http.Header, error) {
	h := http.Header{"Accept": {"application/json"}}
	if kind != "" {
		h.Set("Content-Type", kind)
	}
	for _, name := range sorted(s.config.Headers) {
		value, ok, err := s.config.Headers[name].EvalString(ctx, call.Vars)
		if err != nil {
			return nil, refused(CodeBadValue, "header "+name, err)
		}
		if ok {
			h.Set(name, value)
		}
	}
	if s.config.Key != "" {
		h.Set(s.config.Key, call.EffectKey)
	}
	return h, s.authorize(ctx, call.Vars, h)
}

// authorize adds the credentials. A missing one is an error here and now: without it the request would only collect a
// 401, or reach an API that treats strangers as somebody.
func (s *step) authorize(ctx context.Context, vars expr.Vars, h http.Header) error {
	c := &s.config
	if c.Bearer != nil {
		token, err := credential(ctx, vars, "bearer", c.Bearer)
		if err != nil {
			return err
		}
		h.Set("Authorization", "Bearer "+token)
	}
	if c.User != nil {
		user, err := credential(ctx, vars, "basic-user", c.User)
		if err != nil {
			return err
		}
		password, err := credential(ctx, vars, "basic-password", c.Password)
		if err != nil {
			return err
		}
		if strings.Contains(user, ":") {
			return refused(CodeBadValue, "basic-user", fmt.Errorf("it has a colon, which ends a user's name"))
		}
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	if c.AuthHeader != "" {
		key, err := credential(ctx, vars, "auth-value", c.AuthValue)
		if err != nil {
			return err
		}
		h.Set(c.AuthHeader, key)
	}
	return nil
}

func credential(ctx context.Context, vars expr.Vars, field string, t *expr.Template) (string, error) {
	text, ok, err := t.EvalString(ctx, vars)
	switch {
	case err != nil:
		return "", refused(CodeBadValue, field, err)
	case !ok || text == "":
		return "", refused(CodeNoCredential, field, fmt.Errorf("it is null or empty"))
	}
	return text, nil
}

// refused is a request that can't be made, and why: the field of the file and what is wrong with its value, never the
// value.
func refused(code, field string, err error) error {
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Err: fmt.Errorf("%s: %w", field, err)}
}
