package connect

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// MaxHeaderValue is the longest value of a header that is sent, in bytes.
const MaxHeaderValue = 8 << 10

// CheckHeaderName refuses what is no name of a header (RFC 9110, section 5.6.2), and the names that belong to the
// connection, to the client, or to a browser: whoever may set them may smuggle a second request or pick another host.
func CheckHeaderName(name string) error {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !token(r) }) {
		return errors.New("a header's name has letters, digits and hyphens only")
	}
	canonical := http.CanonicalHeaderKey(name)
	if slices.Contains(reserved(), canonical) || strings.HasPrefix(canonical, "Proxy-") {
		return fmt.Errorf("the header %s is set by the client or not at all", canonical)
	}
	return nil
}

func reserved() []string {
	return []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade",
		"Http2-Settings", "Expect", "Accept-Encoding", "Cookie", "Cookie2", "Set-Cookie"}
}

func token(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return true
	}
	return r < 0x80 && strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// CheckHeaderValue refuses a value with line ends, other control characters or anything outside ASCII, and one longer
// than MaxHeaderValue. Its error never shows the value.
func CheckHeaderValue(value string) error {
	if len(value) > MaxHeaderValue {
		return fmt.Errorf("a header's value is longer than %d bytes", MaxHeaderValue)
	}
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' || value[i] > '~' {
			return errors.New("a header's value has a line end, a control character, or a letter outside ASCII")
		}
	}
	return nil
}

func checkHeaders(header http.Header) error {
	for name, values := range header {
		if err := CheckHeaderName(name); err != nil {
			return err
		}
		for _, value := range values {
			if err := CheckHeaderValue(value); err != nil {
				return fmt.Errorf("%s: %w", http.CanonicalHeaderKey(name), err)
			}
		}
	}
	return nil
}
