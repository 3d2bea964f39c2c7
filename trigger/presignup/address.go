package presignup

import "strings"

// The bounds of an address, in bytes (RFC 5321, section 4.5.3.1, and the erratum that makes it 254 in all).
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
	maxDomain  = 253
)

// PlainAddress reads an e-mail address that every reader reads alike, and gives its domain in lower case. Anything
// else is not plain: quoted parts, comments, routes, literals, display names, spaces, anything that is not printable
// ASCII. Nothing is trimmed, mapped or normalised, because what one reader normalises to example.com another delivers
// elsewhere.
func PlainAddress(address string) (domain string, ok bool) {
	if len(address) > maxAddress || strings.Count(address, "@") != 1 || strings.Contains(address, "=?") {
		return "", false
	}
	local, domain, _ := strings.Cut(address, "@")
	if !dotAtom(local) {
		return "", false
	}
	domain = lowerASCII(domain)
	return domain, PlainDomain(domain)
}

// dotAtom tells whether a local part is atoms with dots between them (RFC 5322, section 3.2.3), without the percent
// and bang signs that old mailers route by.
func dotAtom(local string) bool {
	if local == "" || len(local) > maxLocal || local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return false
	}
	for i := range len(local) {
		c := local[i]
		if !letterOrDigit(c) && strings.IndexByte(".#$&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
	}
	return true
}

// PlainDomain tells whether a name is a domain in lower case: two labels or more of letters, digits and hyphens,
// without a dot at the end, the last one not of digits only.
func PlainDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	if len(domain) > maxDomain || len(labels) < 2 || domain != lowerASCII(domain) {
		return false
	}
	for _, label := range labels {
		if !plainLabel(label) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func plainLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if c := label[i]; c != '-' && !letterOrDigit(c) {
			return false
		}
	}
	return true
}

// PlainPhone tells whether a telephone number is a plus sign, no zero, and 7 to 15 digits in all (E.164).
func PlainPhone(number string) bool {
	digits, plus := strings.CutPrefix(number, "+")
	return plus && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// lowerASCII lowers A to Z and nothing else: strings.ToLower makes a k of the Kelvin sign.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func matchesExactly(domain string, rules []string) bool {
	for _, rule := range rules {
		if domain == rule {
			return true
		}
	}
	return false
}

func matchesBelow(domain string, rules []string) bool {
	for _, rule := range rules {
		if strings.HasSuffix(domain, "."+rule) {
			return true
		}
	}
	return false
}
