package rehearse

import (
	"fmt"
	"log/slog"
	"strconv"
	"unicode/utf8"
)

// Value is a personal value. It prints as its length, whoever prints it; Reveal gives it to a person who asked. Values
// are not to be compared with ==. The zero Value is nothing at all.
type Value struct {
	text *string // a pointer: fmt calls no method on unexported fields, and would print the text
}

func newValue(text string) Value { return Value{&text} }

// None tells whether there is nothing.
func (v Value) None() bool { return v.Reveal() == "" }

// Reveal gives the text.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// Length counts the characters.
func (v Value) Length() int { return utf8.RuneCountInString(v.Reveal()) }

// String says how long it is.
func (v Value) String() string {
	switch n := v.Length(); n {
	case 0:
		return "nothing"
	case 1:
		return "(1 character)"
	default:
		return "(" + strconv.Itoa(n) + " characters)"
	}
}

// Format writes String for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// MarshalJSON is {"length":8}.
func (v Value) MarshalJSON() ([]byte, error) {
	return []byte(`{"length":` + strconv.Itoa(v.Length()) + `}`), nil
}

// LogValue is String.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }
