package salesforce

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/oauth"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The codes of this connector, beside those of packages connect and oauth and the error codes of Salesforce in lower case.
const (
	CodeBadValue = "bad_value"         // permanent, unsent: an expression failed, or its value is of no use where it stands
	CodeNoSecret = "no_credential"     // permanent, unsent: id, secret, key or user is null or empty
	CodeTooLarge = "request_too_large" // permanent, unsent: the body is longer than connect.MaxRequest
	CodeSeveral  = "several_matches"   // permanent, refused: several records have this external id

	codeNotSaved = "not_saved"          // permanent, refused: a 2xx that says so
	codeInstance = "token_bad_instance" // denied, unsent: see errInstance
)

// maxValue is the longest external id, in bytes: a text field that is one has at most 255 characters.
const maxValue = 1024

// step is the connector of one step. It is immutable.
type step struct {
	config Config
	login  *url.URL // scheme and host
}

// Class is idempotent: the record after two calls is the record after one.
func (*step) Class() enrich.Class { return enrich.Idempotent }

// Dependency is the org's host.
func (s *step) Dependency() string { return s.login.Host }

// Run writes the record.
func (s *step) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	grant, err := s.grant(ctx, call.Vars)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	segment, err := s.segment(ctx, call.Vars)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	body, err := s.body(ctx, call.Vars)
	if err != nil {
		return nil, unsent(ctx, err)
	}
	response, err := s.config.tokens.Do(ctx, grant, func(token oauth.Token) (connect.Request, error) {
		return s.request(token, segment, body)
	})
	if err != nil {
		return nil, err
	}
	return read(response)
}

func (s *step) request(token oauth.Token, segment string, body []byte) (r connect.Request, err error) {
	origin, err := s.instance(token.Instance)
	if err != nil {
		return r, err
	}
	number := s.config.Version
	if number == "" {
		number = defaultVersion
	}
	target, err := origin.Parse("/services/data/v" + number + "/sobjects/" + s.config.Object + "/" + s.config.External + "/" + segment)
	if err != nil {
		return r, refused(CodeBadValue, "value", errors.New("it fits into no URL"))
	}
	return connect.Request{Method: http.MethodPatch, URL: target, Body: body, Header: http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + token.Value.Reveal()}}}, nil
}

// segment is the external id's value, escaped as one segment of a path.
func (s *step) segment(ctx context.Context, vars expr.Vars) (string, error) {
	value, ok, err := s.config.Value.EvalString(ctx, vars)
	switch {
	case err != nil:
		return "", refused(CodeBadValue, "value", err)
	case !ok || value == "":
		return "", refused(CodeBadValue, "value", errors.New("it is null or empty"))
	case len(value) > maxValue:
		return "", refused(CodeBadValue, "value", errors.New("it is too long for an external id"))
	case leaves(value):
		return "", refused(CodeBadValue, "value", errors.New("it would lead out of the path"))
	}
	return url.PathEscape(value), nil
}

// leaves tells whether the value would be read as a way out of its segment by somebody who decodes slashes first, takes
// backslashes for slashes, or cuts parameters behind a semicolon off.
func leaves(value string) bool {
	depth := 0
	for _, piece := range strings.FieldsFunc(value, func(r rune) bool { return r == '/' || r == '\\' }) {
		switch name, _, _ := strings.Cut(piece, ";"); name {
		case ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return depth == 0
}

func (s *step) body(ctx context.Context, vars expr.Vars) ([]byte, error) {
	value, err := s.config.Fields.Eval(ctx, vars)
	if err != nil {
		return nil, refused(CodeBadValue, "fields", err)
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, refused(CodeBadValue, "fields", errors.New("they are no map"))
	}
	for name := range fields {
		if !apiName.MatchString(name) || strings.EqualFold(name, "Id") || strings.EqualFold(name, s.config.External) {
			return nil, refused(CodeBadValue, "fields", errors.New("a key is no API name, or is the id or the external id, which the URL names"))
		}
	}
	body, err := connect.EncodeJSON(fields)
	switch {
	case errors.Is(err, connect.ErrTooLarge):
		return nil, refused(CodeTooLarge, "fields", err)
	case err != nil:
		return nil, refused(CodeBadValue, "fields", err)
	}
	return body, nil
}

// grant is how the step gets its tokens.
func (s *step) grant(ctx context.Context, vars expr.Vars) (oauth.Grant, error) {
	c := &s.config
	endpoint := &url.URL{Scheme: s.login.Scheme, Host: s.login.Host, Path: "/services/oauth2/token"}
	id, err := credential(ctx, vars, "client-id", c.ClientID)
	if err != nil {
		return nil, err
	}
	if c.PrivateKey == nil {
		secret, err := credential(ctx, vars, "client-secret", c.Secret)
		return oauth.ClientCredentials{Endpoint: endpoint, ID: id, Secret: enrich.NewSecret(secret)}, err
	}
	key, err := credential(ctx, vars, "private-key", c.PrivateKey)
	if err != nil {
		return nil, err
	}
	user, err := credential(ctx, vars, "username", c.Username)
	audience := c.Audience
	if audience == "" {
		audience = defaultAudience
	}
	return oauth.JWTBearer{Endpoint: endpoint, Issuer: id, Subject: user, Audience: audience, Key: enrich.NewSecret(key)}, err
}

func credential(ctx context.Context, vars expr.Vars, field string, t *expr.Template) (string, error) {
	text, ok, err := t.EvalString(ctx, vars)
	switch {
	case err != nil:
		return "", refused(CodeBadValue, field, err)
	case !ok || text == "":
		return "", refused(CodeNoSecret, field, errors.New("it is null or empty"))
	}
	return text, nil
}
