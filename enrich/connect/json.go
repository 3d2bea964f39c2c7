package connect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
)

// The bounds of JSON that other systems send us.
const (
	MaxDepth  = 64     // lists and maps inside each other
	MaxValues = 50_000 // values in one answer: more than 1 MiB of honest JSON has
)

// JSON is the body as a value; see [DecodeJSON]. No body, or one of blanks, is nil. A content type that is present and is not
// JSON is an error, permanent with code not_json: most often it is an HTML page of something in between.
func (r *Response) JSON() (any, error) {
	if len(bytes.TrimSpace(r.Body)) == 0 {
		return nil, nil
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, r.named(answerFailure(enrich.Permanent, CodeNotJSON, "the answer is not JSON"))
	}
	value, err := DecodeJSON(r.Body)
	var known *enrich.Error
	if errors.As(err, &known) {
		return nil, r.named(known)
	}
	return value, err
}

func (r *Response) named(e *enrich.Error) error {
	e.Err = fmt.Errorf("%s: %w", r.asked, e.Err)
	return e
}

// isJSON accepts application/json, text/json, anything+json, and silence.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json"))
}

// DecodeJSON reads one JSON value that a stranger wrote, into the values of package expr: map[string]any, []any,
// string, bool, nil, int64 for a whole number without fraction or exponent, float64 for the others. A whole number
// that is too large for int64 keeps its digits as a string: it is somebody's id, and a float64 would change it.
//
// Of equal keys the last one counts, and a lone surrogate or a byte that is no UTF-8 becomes U+FFFD. Errors are
// *enrich.Error: permanent bad_json, json_too_deep, json_too_large or json_number; temporary body_truncated for JSON
// that stops in the middle. They tell the place, never the text.
func DecodeJSON(data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := checkShape(data); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, answerFailure(enrich.Temporary, CodeBodyTruncated, "the JSON stops in the middle")
	} else if err != nil {
		return nil, answerFailure(enrich.Permanent, CodeBadJSON, fmt.Sprintf("no JSON near byte %d", decoder.InputOffset()))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, answerFailure(enrich.Permanent, CodeBadJSON, "there is text after the JSON")
	}
	return numbers(value)
}

// checkShape bounds depth and number of values before anything is built from them. It need not understand JSON: for
// every value there is a comma, a bracket, or the beginning.
func checkShape(data []byte) error {
	depth, values, quoted := 0, 1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			values++
		case c == ']' || c == '}':
			depth--
		case c == ',':
			values++
		}
		if depth > MaxDepth {
			return answerFailure(enrich.Permanent, CodeDeepJSON, fmt.Sprintf("the JSON is nested deeper than %d", MaxDepth))
		}
		if values > MaxValues {
			return answerFailure(enrich.Permanent, CodeLargeJSON, fmt.Sprintf("the JSON has more than %d values", MaxValues))
		}
	}
	return nil
}

// numbers replaces every json.Number, in place.
func numbers(value any) (_ any, err error) {
	switch v := value.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = numbers(v[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func number(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		return text, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, answerFailure(enrich.Permanent, CodeNumber, "the JSON has a number that is too large")
	}
	return f, nil
}
