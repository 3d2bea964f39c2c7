package event

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// AppendString appends s as a JSON string of ASCII only. SQS refuses control characters and U+FFFE/U+FFFF in a body
// (SendMessage, Amazon SQS API reference); escaped, they pass and come back as they were. A run of bytes that is not
// UTF-8 becomes one U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r >= 0x20 && r < 0x7F:
			b = append(b, byte(r))
		default:
			b = escape(b, r)
		}
	}
	return append(b, '"')
}

// appendRaw appends a valid JSON value as ASCII on one line: spaces between tokens go, what is not ASCII (it can only
// stand inside strings) is escaped. Numbers keep every digit, members their order.
func appendRaw(b []byte, raw json.RawMessage) []byte {
	quoted := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c >= 0x7F:
			r, size := utf8.DecodeRune(raw[i:])
			b, i = escape(b, r), i+size-1
		case quoted && c == '\\':
			b, i = append(b, c, raw[i+1]), i+1
		case quoted || strings.IndexByte(" \t\r\n", c) < 0:
			b, quoted = append(b, c), quoted != (c == '"')
		}
	}
	return b
}

// escape appends one rune as \u escapes, with a surrogate pair beyond U+FFFF.
func escape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	unit := func(b []byte, u rune) []byte {
		return append(b, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
	}
	if r > 0xFFFF {
		r -= 0x10000
		return unit(unit(b, 0xD800+(r>>10)), 0xDC00+(r&0x3FF))
	}
	return unit(b, r)
}
