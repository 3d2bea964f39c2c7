package ses

import (
	"errors"
	"regexp"
	"strings"
)

// Of an address only the plain form is taken: dot-atom, one @, a host name of letters, digits and hyphens with a dot in it
// (RFC 5321, 4.1.2 and 4.5.3.1, without quotes, comments and address literals; and without encoded words, RFC 2047, which have
// the letters of an atom, and could become another address for whoever decodes them). SES takes no other letters than those of
// ASCII before the @, and Punycode behind it (Amazon SES API v2 reference, Destination). Whatever could be read as a name, a
// list, a group, a header or two addresses has no plain form.
var (
	localPart = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	topLabel  = regexp.MustCompile(`[A-Za-z]`)
)

// errAddress is all that is said about an address that is not plain: it is somebody's.
var errAddress = errors.New("it is no plain address, such as someone@company.example")

const (
	maxLocal   = 64  // bytes before the @ (RFC 5321, 4.5.3.1.1)
	maxAddress = 254 // bytes in all: a path of 256 less its brackets (RFC 5321, 4.5.3.1.3)
)

// checkRecipient refuses what is not one plain address.
func checkRecipient(address string) error {
	local, host, found := strings.Cut(address, "@")
	if !found || len(address) > maxAddress || len(local) > maxLocal || !localPart.MatchString(local) || strings.Contains(local, "=?") {
		return errAddress
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 || !topLabel.MatchString(labels[len(labels)-1]) {
		return errAddress
	}
	for _, label := range labels {
		if !hostLabel.MatchString(label) {
			return errAddress
		}
	}
	return nil
}
