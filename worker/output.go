package worker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// maxOutput is the largest stored result of one step, in bytes of JSON.
const maxOutput = 16 << 10

// project keeps of a result what expressions read, and nothing else: less to store, less to erase.
func project(result enrich.Result, fields []expr.Path) (json.RawMessage, error) {
	kept := map[string]any{}
	for _, path := range fields {
		if len(path) == 0 {
			kept = result
			break
		}
		keep(kept, result, path)
	}
	if len(kept) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: "result_unreadable", Sent: true}
	}
	if len(raw) > maxOutput {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: "result_too_large", Sent: true,
			Err: fmt.Errorf("%d bytes are read by expressions, %d can be kept", len(raw), maxOutput)}
	}
	return raw, nil
}

// keep copies the value at path from one map to the other. Where the way is no map, the value itself is kept.
func keep(to map[string]any, from map[string]any, path expr.Path) {
	value, ok := from[path[0]]
	if !ok {
		return
	}
	inner, isMap := value.(map[string]any)
	if len(path) == 1 || !isMap {
		to[path[0]] = value
		return
	}
	next, ok := to[path[0]].(map[string]any)
	if !ok {
		next = map[string]any{}
		to[path[0]] = next
	}
	keep(next, inner, path[1:])
}

// decodeJSON reads stored output back with the value types of package expr.
func decodeJSON(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// reasonOf is the stable code of an error.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, ErrLeaseLost):
		return "lease_lost"
	case errors.Is(err, errDraining):
		return "draining"
	case errors.Is(err, errDeadline):
		return "deadline"
	}
	var classified *enrich.Error
	if errors.As(err, &classified) {
		return classified.Code
	}
	return "interrupted"
}

// errDraining says that the program was asked to stop.
var errDraining = errors.New("draining")

// at is a time for the ledger: UTC, whole milliseconds.
func at(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
