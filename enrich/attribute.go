package enrich

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich/expr"
)

// MaxAttribute is the longest attribute value, in bytes of UTF-8 (Amazon Cognito developer guide, Quotas).
const MaxAttribute = 2048

// Attribute is one line of the attributes block: a name of the pool, and where its value comes from.
type Attribute struct {
	Name     string // "custom:company", "website"
	Value    *expr.Template
	Mode     Mode
	Truncate bool // cut a value that is too long, on a character's edge, instead of refusing it
	// OneOf are the only values that may be written: for attributes that decide what somebody may do. Empty allows all.
	OneOf []string
}

// Mode says when an attribute may be written.
type Mode uint8

// The modes.
const (
	Overwrite   Mode = iota // whenever the value differs
	IfEmpty                 // only if the user has none
	IfUnchanged             // only if the user has none, or still what we wrote last
)

// Writable tells whether a pipeline may write the attribute, and if not, why. E-mail and phone decide who may sign in
// and changing them unverifies the user and may send codes; sub, username and identities belong to Cognito.
func Writable(name string) (reason string, ok bool) {
	switch {
	case slices.Contains([]string{"email", "phone_number", "email_verified", "phone_number_verified"}, name):
		return "it decides how the user signs in; writing it would unverify the user and may send codes", false
	case slices.Contains([]string{"sub", "identities", "username", "cognito:username"}, name):
		return "it belongs to Cognito", false
	case strings.HasPrefix(name, "cognito:"), strings.HasPrefix(name, "dev:"):
		return "its prefix is reserved", false
	case strings.HasPrefix(name, "custom:"):
		return checkCustom(strings.TrimPrefix(name, "custom:"))
	case !slices.Contains(StandardAttributes(), name):
		return "it is no standard attribute, and custom ones start with \"custom:\"", false
	}
	return "", true
}

func checkCustom(name string) (string, bool) {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "it has no name after \"custom:\"", false
	case n > 20:
		return "a custom attribute's name has at most 20 characters after \"custom:\"", false
	case strings.ContainsFunc(name, foreign):
		return "an attribute's name has letters, digits and signs only, no space", false
	}
	return "", true
}

// foreign tells whether no attribute's name may have the character (AWS API reference, SchemaAttributeType, Name).
func foreign(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
}

// StandardAttributes are the names that every pool has (OpenID Connect claims; Amazon Cognito developer guide, Working
// with user attributes).
func StandardAttributes() []string {
	return []string{"address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale",
		"middle_name", "name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username",
		"profile", "sub", "updated_at", "website", "zoneinfo"}
}

// Fit makes value fit into limit bytes on a character's edge; fits is false if it had to cut.
func Fit(value string, limit int) (cut string, fits bool) {
	limit = max(0, limit)
	if len(value) <= limit {
		return value, true
	}
	for limit > 0 && !utf8.RuneStart(value[limit]) {
		limit--
	}
	return value[:limit], false
}
