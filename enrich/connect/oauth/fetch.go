package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// The codes of failures to get a token, beside "token_" with a code of package connect and "token_" with an error code
// of RFC 6749, section 5.2, such as token_invalid_client. Nothing was sent but the question for a token.
const (
	CodeKey   = "token_bad_key"   // denied: the private key is none that can sign
	CodeEmpty = "token_not_given" // denied: the answer has no token that a header can carry
)

// fetch asks for a token. Its failure says that nothing was sent: the request that needs the token was not.
func (t *Tokens) fetch(ctx context.Context, g Grant) (*held, *enrich.Error) {
	asked := t.now()
	request, err := g.request(asked)
	if err != nil {
		return nil, enrich.Failure(err)
	}
	request.MaxBody = maxAnswer
	response, err := t.client.Do(ctx, request)
	if err != nil {
		return nil, unmet(enrich.Failure(err), "")
	}
	body, err := response.JSON()
	answer, _ := body.(map[string]any)
	switch failed := response.Failure(); {
	case failed != nil:
		return nil, unmet(failed, reason(answer))
	case err != nil:
		return nil, unmet(enrich.Failure(err), "")
	}
	return accept(answer, asked)
}

// unmet makes a failure of the token endpoint one of the call that needs the token.
func unmet(e *enrich.Error, reason string) *enrich.Error {
	kind, code := e.Kind, e.Code
	if kind == enrich.Permanent || kind == enrich.NotFound || code == connect.CodeUnauthorized || code == connect.CodeForbidden {
		kind = enrich.Denied
	}
	if reason != "" {
		code = reason
	}
	return &enrich.Error{Kind: kind, Code: "token_" + code, RetryAfter: e.RetryAfter, Err: fmt.Errorf("token: %w", e.Err)}
}

// reason is the error that the answer names, if it is one that everybody knows: others may be anything.
func reason(answer map[string]any) string {
	text, _ := answer["error"].(string)
	if slices.Contains([]string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
		"unsupported_grant_type", "invalid_scope", "invalid_client_id", "inactive_user", "inactive_org"}, text) {
		return text
	}
	return ""
}

// accept reads a token out of an answer.
func accept(answer map[string]any, asked time.Time) (*held, *enrich.Error) {
	value, _ := answer["access_token"].(string)
	if value == "" || strings.ContainsAny(value, " \t") || connect.CheckHeaderValue(value) != nil {
		return nil, &enrich.Error{Kind: enrich.Denied, Code: CodeEmpty, Err: errors.New("the answer has no token that a header can carry")}
	}
	if kind, said := answer["token_type"].(string); said && !strings.EqualFold(kind, "bearer") {
		return nil, &enrich.Error{Kind: enrich.Denied, Code: CodeEmpty, Err: errors.New("the token is no bearer token")}
	}
	life := life(answer["expires_in"])
	instance, _ := answer["instance_url"].(string)
	return &held{token: Token{Value: enrich.NewSecret(value), Instance: instance}, until: asked.Add(life - min(margin, life/10))}, nil
}

// life reads expires_in, which is a number of seconds and in some answers one in quotes. Without one it is DefaultLife.
func life(value any) time.Duration {
	seconds := DefaultLife.Seconds()
	switch v := value.(type) {
	case int64:
		seconds = float64(v)
	case float64:
		seconds = v
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil && n == n {
			seconds = n
		}
	}
	return time.Duration(min(max(seconds, 0), MaxLife.Seconds()) * float64(time.Second))
}
