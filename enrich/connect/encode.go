package connect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// MaxRequest is the longest body that connectors send, in bytes.
const MaxRequest = 1 << 20

// ErrTooLarge is the refusal to send a body that is longer than MaxRequest.
var ErrTooLarge = fmt.Errorf("it is longer than %d bytes", MaxRequest)

// EncodeJSON writes a value of package expr as JSON: times and durations as in any other text, "<" and "&" as they are,
// no line end. It may change the maps and lists in the value, which belong to the call. Its error shows no value; it is
// an ErrTooLarge when the text is too long.
func EncodeJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(written(value)); err != nil {
		return nil, errors.New("it has something that JSON can't write")
	}
	if b.Len() > MaxRequest {
		return nil, ErrTooLarge
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// written gives times and durations the form that they have in any other text.
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
