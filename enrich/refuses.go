package enrich

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Refuses says why a text must not become the attribute, whatever the pool would take; "" if it may. What a vendor
// answers is a stranger's word, and an attribute stands in the tokens that other programs believe:
//
//	not_one_of         the file names the only values that may be written, and this is none of them
//	control_character  it could end a line in somebody's log or header, or drive a terminal; an address may have lines
//	                   (OpenID Connect Core 1.0, 5.1.1)
//	bidi_control       it changes the direction of what stands around it, and an outside system said so
//	not_a_web_address  a link that is no http or https: it may be code that runs where it is shown
//
// It is safe for concurrent use.
func (a *Attribute) Refuses(text string) (code string) {
	switch {
	case len(a.OneOf) > 0 && !slices.Contains(a.OneOf, text):
		return "not_one_of"
	case strings.ContainsFunc(text, a.control):
		return "control_character"
	case a.told() && strings.ContainsFunc(text, turns):
		return "bidi_control"
	case slices.Contains([]string{"picture", "profile", "website"}, a.Name) && runs(text):
		return "not_a_web_address"
	}
	return ""
}

// control tells whether the character controls something where the attribute is shown or passed on.
func (a *Attribute) control(r rune) bool {
	if a.Name == "address" && (r == '\r' || r == '\n') {
		return false
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// told tells whether an outside system has a part in the value.
func (a *Attribute) told() bool {
	for _, path := range a.Value.Paths() {
		if path[0] == "steps" {
			return true
		}
	}
	return false
}

// turns tells whether the character embeds, overrides or isolates a direction (Unicode Standard Annex 9, 2.1 to 2.5).
// The marks that only lean a neighbour one way are in names, and are none of these.
func turns(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

// scheme is the beginning that makes a text an absolute URL to a browser, which skips blanks before it.
var scheme = regexp.MustCompile(`^ *([A-Za-z][A-Za-z0-9+.-]*):`)

// runs tells whether a browser would take the text for something other than a page.
func runs(text string) bool {
	found := scheme.FindStringSubmatch(text)
	return found != nil && !strings.EqualFold(found[1], "https") && !strings.EqualFold(found[1], "http")
}
