package listusers_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/presignup/listusers"
)

// clause reads a filter as the developer guide describes it, written apart from the code under test: a name, an equals
// sign, a value in quotation marks in which a backslash escapes a quotation mark or a backslash. ok is false unless that
// is all of the text.
func clause(filter string) (name, value string, ok bool) {
	name, rest, found := strings.Cut(filter, ` = "`)
	if !found {
		return "", "", false
	}
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '"':
			return name, value, i == len(rest)-1
		case rest[i] == '\\' && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\\'):
			i++
			value += rest[i : i+1]
		case rest[i] == '\\':
			return "", "", false
		default:
			value += rest[i : i+1]
		}
	}
	return "", "", false
}

// FuzzFilter looks for a value that breaks out of its filter, or that is looked for as another one.
func FuzzFilter(f *testing.F) {
	for _, value := range []string{"a@example.com", `"`, `\`, `\"`, `a" or email ^= "`, `a@example.com" `, "\\\\\"", "\x00\n", "ä", "\xff"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, attribute := range []string{"email", "phone_number"} {
			name, got, ok := clause(listusers.Filter(attribute, value))
			if !ok || name != attribute || got != value {
				t.Fatalf("%q became %q: %q, %v", value, listusers.Filter(attribute, value), got, ok)
			}
		}
	})
}
