package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The codes of what can't be sent. All are permanent, and nothing was sent.
const (
	CodeBadValue     = "bad_value"     // an expression failed, or its value is of no use where it stands
	CodeBadEmail     = "bad_email"     // the address is null, empty, or none
	CodeNoCredential = "no_credential" // the token is null or empty
)

// maxEmail is the longest address that mail can be sent to, in bytes (RFC 5321, section 4.5.3.1.3, less the brackets).
const maxEmail = 254

// values are what one call fills in. No value is longer than expr.MaxResult, a quarter of what HubSpot keeps of one.
type values struct {
	token, email string
	properties   map[string]string
}

func (s *step) values(ctx context.Context, vars expr.Vars) (v values, err error) {
	if v.token, err = s.token(ctx, vars); err != nil {
		return v, err
	}
	if v.email, err = s.email(ctx, vars); err != nil {
		return v, err
	}
	v.properties = map[string]string{}
	for _, name := range sorted(s.config.Properties) {
		text, ok, err := s.config.Properties[name].EvalString(ctx, vars)
		if err != nil {
			return v, refused(CodeBadValue, "property "+name, err)
		}
		if ok {
			v.properties[name] = text
		}
	}
	return v, nil
}

func (s *step) token(ctx context.Context, vars expr.Vars) (string, error) {
	text, _, err := s.config.Token.EvalString(ctx, vars)
	switch {
	case err != nil:
		return "", refused(CodeBadValue, "token", err)
	case text == "":
		return "", refused(CodeNoCredential, "token", errors.New("it is null or empty"))
	}
	return text, nil
}

// email is the address in lower case, as HubSpot keeps it.
func (s *step) email(ctx context.Context, vars expr.Vars) (string, error) {
	text, _, err := s.config.Email.EvalString(ctx, vars)
	if err != nil {
		return "", refused(CodeBadValue, "email", err)
	}
	at := strings.LastIndexByte(text, '@')
	control := func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError }
	switch {
	case text == "":
		return "", refused(CodeBadEmail, "email", errors.New("it is null or empty"))
	case at <= 0 || at == len(text)-1 || len(text) > maxEmail || strings.ContainsFunc(text, control):
		return "", refused(CodeBadEmail, "email", errors.New("it is no address"))
	}
	return strings.ToLower(text), nil
}

// refused is a request that can't be made, and why: the field of the file and what is wrong with its value, never the
// value.
func refused(code, field string, err error) error {
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Err: fmt.Errorf("%s: %w", field, err)}
}

// The bodies (HubSpot API reference, contacts: "Upsert a batch of contacts" and "Retrieve a batch of contacts"). Every
// batch has one contact: one user is one answer, and one failure.
type (
	upsertBody struct {
		Inputs []upsertInput `json:"inputs"`
	}
	upsertInput struct {
		ID         string            `json:"id"`
		IDProperty string            `json:"idProperty"`
		Properties map[string]string `json:"properties"`
	}
	readBody struct {
		IDProperty  string      `json:"idProperty"`
		Inputs      []readInput `json:"inputs"`
		Properties  []string    `json:"properties"`
		WithHistory []string    `json:"propertiesWithHistory"`
	}
	readInput struct {
		ID string `json:"id"`
	}
)

func (v values) upsert() ([]byte, error) {
	return written(upsertBody{Inputs: []upsertInput{{ID: v.email, IDProperty: "email", Properties: v.properties}}})
}

func (v values) read(names []string) ([]byte, error) {
	return written(readBody{IDProperty: "email", Inputs: []readInput{{ID: v.email}},
		Properties: append([]string{}, names...), WithHistory: []string{}})
}

func written(body any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, refused(CodeBadValue, "body", fmt.Errorf("a %T that JSON can't write", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
