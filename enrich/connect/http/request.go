package httpstep

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The codes of this connector, beside those of package connect. All are permanent, and nothing was sent.
const (
	CodeBadValue     = "bad_value"         // an expression failed, or its value is of no use where it stands
	CodeNoCredential = "no_credential"     // a token, user, password or key is null or empty
	CodeTooLarge     = "request_too_large" // the body is longer than MaxRequest
)

// MaxRequest is the longest body that is sent, in bytes.
const MaxRequest = 1 << 20

// request fills in the values of one call.
func (s *step) request(ctx context.Context, call enrich.Call) (r connect.Request, err error) {
	r = connect.Request{Method: s.method, MaxBody: int64(s.config.MaxBody),
		Unread: s.config.Answer == "none", Alone: s.class == enrich.Unsafe}
	if r.URL, err = s.url(ctx, call.Vars); err != nil {
		return r, err
	}
	if r.Body, err = s.body(ctx, call.Vars); err != nil {
		return r, err
	}
	r.Header, err = s.header(ctx, call, len(r.Body) > 0)
	return r, err
}

func (s *step) url(ctx context.Context, vars expr.Vars) (*url.URL, error) {
	u, err := s.address.url(ctx, vars)
	if err != nil {
		return nil, refused(connect.CodeBadURL, "url", err)
	}
	query := url.Values{}
	for _, name := range sorted(s.config.Query) {
		value, ok, err := s.config.Query[name].EvalString(ctx, vars)
		if err != nil {
			return nil, refused(CodeBadValue, "query "+name, err)
		}
		if ok {
			query.Set(name, value)
		}
	}
	if len(query) > 0 {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+query.Encode(), "&")
	}
	if len(u.RawQuery) > maxURL {
		return nil, refused(connect.CodeBadURL, "query", fmt.Errorf("it is longer than %d bytes", maxURL))
	}
	return u, nil
}

// body writes the json block as the API wants to read it.
func (s *step) body(ctx context.Context, vars expr.Vars) ([]byte, error) {
	if s.config.JSON == nil {
		return nil, nil
	}
	value, err := s.config.JSON.Eval(ctx, vars)
	if err != nil {
		return nil, refused(CodeBadValue, "json", err)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(written(value)); err != nil {
		return nil, refused(CodeBadValue, "json", fmt.Errorf("a %T that JSON can't write", err))
	}
	if b.Len() > MaxRequest {
		return nil, refused(CodeTooLarge, "json", fmt.Errorf("it is longer than %d bytes", MaxRequest))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// written gives times and durations the form that they have in any other text. The value belongs to this call.
func written(value any) any {
	switch v := value.(type) {
	case time.Time, time.Duration:
		text, _ := expr.Text(v)
		return text
	case map[string]any:
		for key := range v {
			v[key] = written(v[key])
		}
	case []any:
		for i := range v {
			v[i] = written(v[i])
		}
	}
	return value
}

func (s *step) header(ctx context.Context, call enrich.Call, body bool) (http.Header, error) {
	h := http.Header{"Accept": {"application/json"}}
	if body {
		h.Set("Content-Type", "application/json")
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
