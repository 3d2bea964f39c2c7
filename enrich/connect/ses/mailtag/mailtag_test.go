package mailtag_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/mailtag"
)

func TestAValueComesBackFromItsTag(t *testing.T) {
	for value, want := range map[string]string{
		"eu-west-1_Ab12cd34E":                  "eu-west-1_Ab12cd34E",
		"6f9c4f9e-0a1b-4c2d-8e3f-000000000001": "6f9c4f9e-0a1b-4c2d-8e3f-000000000001",
		"0":                                    "0",
		"backfill 2026/03":                     "x-YmFja2ZpbGwgMjAyNi8wMw",
		"x-1":                                  "x-eC0x",
		"ünï":                                  "x-w7xuw68",
		strings.Repeat("a", 256):               strings.Repeat("a", 256),
	} {
		tag, ok := mailtag.Encode(value)
		if !ok || tag != want {
			t.Errorf("%q became %q, %v, want %q", value, tag, ok, want)
		}
		if back, ok := mailtag.Decode(tag); !ok || back != value {
			t.Errorf("%q came back as %q, %v", value, back, ok)
		}
	}
}

func TestWhatNoTagCanHoldIsRefused(t *testing.T) {
	for _, value := range []string{"", strings.Repeat("a", 257), strings.Repeat("é", 96)} {
		if tag, ok := mailtag.Encode(value); ok {
			t.Errorf("%q became %q", value, tag)
		}
	}
	for _, tag := range []string{"", "a b", "x-", "x-!", "x-YQ=", "x-YQ==", "x-YR", "x-YWJj", strings.Repeat("a", 257), "x-" + strings.Repeat("w", 255)} {
		if value, ok := mailtag.Decode(tag); ok {
			t.Errorf("%q was read as %q", tag, value)
		}
	}
}

// allowed is what a tag's value may be (Amazon SES API v2 reference, MessageTag).
var allowed = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func FuzzTags(f *testing.F) {
	for _, s := range []string{"", "0", "eu-west-1_Ab12cd34E", "x-", "x-YQ", "ünï", "a b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tag, ok := mailtag.Encode(s); ok {
			if back, ok := mailtag.Decode(tag); !allowed.MatchString(tag) || !ok || back != s {
				t.Errorf("%q became %q and came back as %q, %v", s, tag, back, ok)
			}
		}
		if value, ok := mailtag.Decode(s); ok {
			if tag, ok := mailtag.Encode(value); !ok || tag != s {
				t.Errorf("%q is another spelling of %q", s, tag)
			}
		}
	})
}
