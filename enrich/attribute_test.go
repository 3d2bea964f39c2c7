package enrich_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich"
)

func TestWritable(t *testing.T) {
	for name, want := range map[string]string{ // a part of the reason; "" = writable
		"custom:company":                    "",
		"custom:" + strings.Repeat("a", 20): "",
		"custom:" + strings.Repeat("é", 20): "",
		"custom:a-b_c.d:e":                  "",
		"website":                           "",
		"given_name":                        "",
		"updated_at":                        "",
		"preferred_username":                "",
		"email":                             "signs in",
		"email_verified":                    "signs in",
		"phone_number":                      "signs in",
		"phone_number_verified":             "signs in",
		"sub":                               "Cognito",
		"username":                          "Cognito",
		"identities":                        "Cognito",
		"cognito:username":                  "Cognito",
		"cognito:groups":                    "reserved",
		"dev:custom:x":                      "reserved",
		"custom:":                           "no name",
		"custom:" + strings.Repeat("a", 21): "at most 20",
		"custom:has space":                  "no space",
		"custom:line\nbreak":                "no space",
		"custom:zero\u200bwidth":            "no space",
		"company":                           "no standard attribute",
		"Custom:company":                    "no standard attribute",
		"Email":                             "no standard attribute",
		"":                                  "no standard attribute",
	} {
		t.Run(name, func(t *testing.T) {
			reason, ok := enrich.Writable(name)
			if ok != (want == "") || !strings.Contains(reason, want) || ok && reason != "" {
				t.Errorf("got %q, %v; want %q", reason, ok, want)
			}
		})
	}
}

func TestStandardAttributesCannotBeChangedByTheCaller(t *testing.T) {
	enrich.StandardAttributes()[0] = "changed"
	if enrich.StandardAttributes()[0] != "address" {
		t.Error("the list is shared")
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		value string
		limit int
		want  string
		fits  bool
	}{
		{"", 0, "", true},
		{"abc", 3, "abc", true},
		{"abcd", 3, "abc", false},
		{"aé", 3, "aé", true},
		{"aé", 2, "a", false},
		{"é", 1, "", false},
		{"😀😀", 7, "😀", false},
		{"😀", 3, "", false},
		{"a\xff\xff\xff", 2, "a\xff", false},
		{"\x80\x80\x80", 2, "", false},
		{"abc", -1, "", false},
		{strings.Repeat("é", 1500), enrich.MaxAttribute, strings.Repeat("é", 1024), false},
	} {
		if got, fits := enrich.Fit(test.value, test.limit); got != test.want || fits != test.fits {
			t.Errorf("Fit(%.10q, %d) = %.10q, %v", test.value, test.limit, got, fits)
		}
	}
}

func FuzzFit(f *testing.F) {
	f.Add("aé😀", 4)
	f.Add("\xff\x80", 1)
	f.Fuzz(func(t *testing.T, value string, limit int) {
		got, fits := enrich.Fit(value, limit)
		switch {
		case !strings.HasPrefix(value, got), len(got) > max(limit, 0), fits != (got == value):
			t.Errorf("Fit(%q, %d) = %q, %v", value, limit, got, fits)
		case utf8.ValidString(value) && !utf8.ValidString(got):
			t.Errorf("Fit(%q, %d) = %q cuts a character", value, limit, got)
		case utf8.ValidString(value) && !fits && limit-len(got) >= utf8.UTFMax:
			t.Errorf("Fit(%q, %d) = %q leaves a whole character's room", value, limit, got)
		}
	})
}
