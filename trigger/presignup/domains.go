package presignup

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// Domains are domains that are denied with everything below them. They are safe for concurrent use once filled.
type Domains struct{ names map[string]struct{} }

// Add puts a domain in, in the spelling that [DeniedDomain] gave.
func (d *Domains) Add(domain string) {
	if d.names == nil {
		d.names = map[string]struct{}{}
	}
	d.names[domain] = struct{}{}
}

// Len is how many there are.
func (d *Domains) Len() int { return len(d.names) }

// DeniedDomain brings a domain of a deny rule into the one spelling that is compared: lower case, without a dot at the
// end, in Punycode by the registration profile, which refuses what can't be registered.
func DeniedDomain(name string) (string, error) {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	ascii, err := idna.Registration.ToASCII(name)
	if err != nil {
		return "", fmt.Errorf("no such domain can be registered")
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !plainLabel(strings.ReplaceAll(label, "_", "x")) { // mail servers resolve names with underscores, too
			return "", fmt.Errorf("a domain has letters, digits and hyphens, with dots between them")
		}
	}
	return ascii, nil
}

// The bounds of what is looked at in one address: it may be a megabyte long.
const (
	maxSigns = 16  // @ signs, half of them from either end
	maxTail  = 320 // bytes after each
)

// in tells whether any domain that a reader could see in an address is denied.
func (d *Domains) in(address string) bool {
	signs := allSigns(address)
	if len(signs) > maxSigns {
		signs = append(slices.Clone(signs[:maxSigns/2]), signs[len(signs)-maxSigns/2:]...)
	}
	for _, i := range signs {
		tail := address[i+1:]
		if d.has(head(tail, maxTail)) || d.has(withoutComments(tail)) {
			return true
		}
	}
	return false
}

func allSigns(address string) (signs []int) {
	for i := range len(address) {
		if address[i] == '@' {
			signs = append(signs, i)
		}
	}
	return signs
}

func head(s string, n int) string { return s[:min(len(s), n)] }

// withoutComments leaves out what stands in round brackets, and blanks.
func withoutComments(tail string) string {
	var b strings.Builder
	depth := 0
	for _, r := range head(tail, 4*maxTail) {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth = max(depth-1, 0)
		case depth == 0 && !strings.ContainsRune(" \t\r\n", r):
			b.WriteRune(r)
		}
	}
	return head(b.String(), maxTail)
}

// junk is what may stand around a domain without being part of it.
const junk = " \t\r\n\x00\"'<>[],;:\\"

// has tells whether a text begins with a domain that is denied, in any of its spellings.
func (d *Domains) has(text string) bool {
	text = strings.TrimLeft(text, junk)
	if i := strings.IndexAny(text, junk+"(@"); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, ".。．｡)")
	for _, spelling := range spellings(text) {
		for name := spelling; name != ""; _, name, _ = strings.Cut(name, ".") {
			if _, denied := d.names[name]; denied {
				return true
			}
		}
	}
	return false
}

// spellings are what readers make of a domain. idna.Lookup maps invisible, wide and other look-alike characters onto
// plain ones, which is right for denying and would be wrong for granting.
func spellings(text string) []string {
	all := []string{lowerASCII(text)}
	if plainASCII(text) {
		return all
	}
	lower := strings.ToLower(text)
	for _, profile := range []*idna.Profile{idna.Registration, idna.Lookup} {
		if ascii, err := profile.ToASCII(lower); err == nil {
			all = append(all, ascii)
		}
	}
	return append(all, lower)
}

func plainASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// Has tells whether a plain domain, in lower case, or one above it is denied.
func (d *Domains) Has(domain string) bool { return d.has(domain) }
