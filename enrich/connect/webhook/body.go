package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// The codes of this connector, beside those of package connect. All but bad_secret are permanent, and nothing was sent
// unless it says so.
const (
	CodeBadValue     = "bad_value"         // an expression failed, or its value is of no use where it stands
	CodeNoCredential = "no_credential"     // the signing secret is null or empty
	CodeBadSecret    = "bad_secret"        // denied: a signing secret is not what Standard Webhooks wants
	CodeTooLarge     = "request_too_large" // the body is longer than MaxBody
	CodeGone         = "webhook_gone"      // the receiver answered 410, now (then it was sent) or a while ago
)

// MaxBody is the longest body that is sent, in bytes: about what Standard Webhooks recommends to stay below.
const MaxBody = 20 << 10

// event is a CloudEvent in its structured JSON form (CloudEvents 1.0.2, JSON event format).
type event struct {
	Version     string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Data        json.RawMessage `json:"data"`
}

// body is what is sent, and its content type.
func (s *step) body(ctx context.Context, call enrich.Call, now time.Time) (body []byte, contentType string, err error) {
	block, err := data(ctx, s.config.JSON, call.Vars)
	if err != nil || s.config.Format != CloudEvents {
		return block, "application/json", err
	}
	e := event{Version: "1.0", ID: call.EffectKey, Source: s.config.Source, Type: s.config.Type,
		Time: happened(call.Vars, now).Format(time.RFC3339), ContentType: "application/json", Data: block}
	if e.Subject, err = s.subject(ctx, call.Vars); err != nil {
		return nil, "", err
	}
	body, err = written(e)
	return body, "application/cloudevents+json", err
}

// happened is when the run began, on which all tries agree, but for rounding; run.age tells. Without it, it is now.
func happened(vars expr.Vars, now time.Time) time.Time {
	run, _ := vars["run"].(map[string]any)
	age, _ := run["age"].(time.Duration)
	return now.Add(-max(age, 0)).UTC()
}

func (s *step) subject(ctx context.Context, vars expr.Vars) (string, error) {
	if s.config.Subject == nil {
		return "", nil
	}
	text, _, err := s.config.Subject.EvalString(ctx, vars)
	switch {
	case err != nil:
		return "", refused(CodeBadValue, "subject", err)
	case text != "" && !attribute(text):
		return "", refused(CodeBadValue, "subject", errors.New("it has a control character in it"))
	}
	return text, nil
}

// attribute tells whether a text can be an attribute of a CloudEvent (CloudEvents 1.0, "Type system", String).
func attribute(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef {
			return false
		}
	}
	return true
}

// data is the json block of the file with its values.
func data(ctx context.Context, tree *expr.Tree, vars expr.Vars) ([]byte, error) {
	value, err := tree.Eval(ctx, vars)
	if err != nil {
		return nil, refused(CodeBadValue, "json", err)
	}
	return written(texts(value))
}

// texts gives times and durations the form that they have in any other text. The value belongs to this call.
func texts(value any) any {
	switch v := value.(type) {
	case time.Time, time.Duration:
		text, _ := expr.Text(v)
		return text
	case map[string]any:
		for key := range v {
			v[key] = texts(v[key])
		}
	case []any:
		for i := range v {
			v[i] = texts(v[i])
		}
	}
	return value
}

func written(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, refused(CodeBadValue, "json", fmt.Errorf("a %T that JSON can't write", err))
	}
	body := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(body) > MaxBody {
		return nil, refused(CodeTooLarge, "json", fmt.Errorf("it is longer than %d bytes", MaxBody))
	}
	return body, nil
}

// refused is a request that can't be made, and why: the field of the file and what is wrong with its value, never the
// value.
func refused(code, field string, err error) error {
	return &enrich.Error{Kind: enrich.Permanent, Code: code, Err: fmt.Errorf("%s: %w", field, err)}
}
