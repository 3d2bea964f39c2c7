// Package mailtag is what stands on the mails of the ses connector so that an event about one, of a configuration set's
// event destination, leads back to the step of the run that sent it.
//
// Message tags are names and values of letters, digits, _ and -, at most 256 of them, and at most 50 tags of one mail
// (Amazon SES API v2 reference, MessageTag; developer guide, "Service quotas"). A mail carries four: the effect key, and
// pool, sub and generation, the ledger's own key of the run. Values that don't fit are written in base64url behind "x-".
//
// It promises that Decode gives what Encode was given, and takes nothing that Encode would not write. It refuses values
// that are too long for a tag: a mail without all four tags is settled by an operator. No address and no name is a tag:
// tags are also the dimensions of metrics and stand in other people's logs. Standard library only.
package mailtag

import (
	"encoding/base64"
	"strings"
)

// The names of the tags.
const (
	Effect     = "postconfirm-effect"     // the effect key: the run key, "-", the id of the step
	Pool       = "postconfirm-pool"       // these three are the identity of the run
	Sub        = "postconfirm-sub"        //
	Generation = "postconfirm-generation" //
)

// Max is the longest value of a tag, in characters.
const Max = 256

// encoded is how values begin that are not written as they are.
const encoded = "x-"

// Encode gives the value of a tag; ok is false for an empty value and for one that no tag can hold, which is longer than
// 256 characters if they are plain, or than 190 bytes.
func Encode(value string) (tag string, ok bool) {
	tag = value
	if !plain(value) || strings.HasPrefix(value, encoded) {
		tag = encoded + base64.RawURLEncoding.EncodeToString([]byte(value))
	}
	return tag, value != "" && len(tag) <= Max
}

// Decode gives what was encoded; ok is false for what Encode would not write.
func Decode(tag string) (value string, ok bool) {
	value = tag
	if rest, is := strings.CutPrefix(tag, encoded); is {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
		if err != nil {
			return "", false
		}
		value = string(raw)
	}
	if again, fits := Encode(value); !fits || again != tag {
		return "", false
	}
	return value, true
}

// plain tells whether a tag may hold the value as it is.
func plain(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}
