package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is a personal value, of any JSON type. It prints as its length, whoever prints it and however, unless it was
// made to be shown. Names of an object's members are no values, unless they look like one.
type Value struct {
	held *held // a pointer: fmt calls no method on unexported fields, and would print the value
}

type held struct {
	any  any
	show bool
}

// text makes a Value of a text; "" is none.
func text(s string, show bool) Value {
	if s == "" {
		return Value{}
	}
	return Value{&held{s, show}}
}

// parsed makes a Value of JSON; what can't be read is none.
func parsed(raw json.RawMessage, show bool) Value {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if len(raw) == 0 || d.Decode(&v) != nil {
		return Value{}
	}
	return Value{&held{v, show}}
}

// None tells whether there is nothing.
func (v Value) None() bool { return v.held == nil || v.held.any == nil }

// String is {name: 12 characters, plan: 3 characters}, or the value as JSON if it is to be shown.
func (v Value) String() string {
	switch {
	case v.None():
		return "nothing"
	case v.held.show:
		if s, ok := v.held.any.(string); ok {
			return s
		}
		raw, _ := v.MarshalJSON()
		return string(raw)
	}
	return masked(v.held.any)
}

// Format writes String for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// LogValue is String of the masked value, shown or not: logs carry none.
func (v Value) LogValue() slog.Value {
	if v.None() {
		return slog.StringValue("nothing")
	}
	return slog.StringValue(masked(v.held.any))
}

// MarshalJSON is the value if it is to be shown; else a text is {"length":8}, a list {"type":"list","length":2}, a
// number {"type":"number"}, true and false {"type":"boolean"}, and an object has these as its members.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.None() {
		return []byte("null"), nil
	}
	if v.held.show {
		return json.Marshal(v.held.any)
	}
	return json.Marshal(maskedJSON(v.held.any))
}

// masked says of what kind a value is, and how long.
func masked(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return countOf(utf8.RuneCountInString(v), "character")
	case bool:
		return "a boolean"
	case []any:
		return "a list of " + strconv.Itoa(len(v))
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, member(name)+": "+masked(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "a number"
}

func maskedJSON(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return map[string]int{"length": utf8.RuneCountInString(v)}
	case bool:
		return map[string]string{"type": "boolean"}
	case []any:
		return map[string]any{"type": "list", "length": len(v)}
	case map[string]any:
		o := make(map[string]any, len(v))
		for name, value := range v {
			o[member(name)] = maskedJSON(value)
		}
		return o
	}
	return map[string]string{"type": "number"}
}

// field is how the fields of an answer are called. A vendor that names members after people, addresses or numbers names
// them differently.
var field = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)

// member is the name of an object's member, if it is a name.
func member(name string) string {
	if field.MatchString(name) {
		return name
	}
	return "(" + countOf(utf8.RuneCountInString(name), "character") + ")"
}

// countOf says "1 character", "2 characters".
func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
