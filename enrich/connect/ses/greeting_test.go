package ses_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/enrich/connect/ses"
)

func TestNamesAreGreetedByName(t *testing.T) {
	for name, want := range map[string]string{
		"Ann": "Ann", "  Ann   Marie\u00a0 ": "Ann Marie", "Jean-Luc": "Jean-Luc", "O'Brien": "O'Brien", "D\u2019Arc": "D\u2019Arc",
		"J.R. Ewing": "J.R. Ewing", "Dr. No": "Dr. No", "Robert Downey Jr.": "Robert Downey Jr.", "John 3rd": "John 3rd",
		"Zoë": "Zoë", "Zoe\u0308": "Zoe\u0308", "李小龙": "李小龙", "ジャン・リュック": "ジャン・リュック", "محمد": "محمد", "Нина": "Нина",
		"می\u200cترا": "می\u200cترا", "ශ්\u200dරී": "ශ්\u200dරී", "สมชาย": "สมชาย", "Kaʻiulani": "Kaʻiulani", "Gal·la": "Gal·la",
		"null": "null", "a": "a", strings.Repeat("ä", 60): strings.Repeat("ä", 60),
	} {
		if got := ses.Greeting(name, "there"); got != want {
			t.Errorf("%q is greeted as %q", name, got)
		}
	}
}

// D10, C3-63, C3-64, C3-65, C3-68, C3-69.
func TestWhatIsNoNameIsGreetedNeutrally(t *testing.T) {
	for _, name := range []string{
		"", " ", "\u00a0", "\u200b", "\u200d", "-", ".", "123", "0", "😀", "\u0301", // nothing to say
		"evil.example", "Your account is locked visit evil.example now", "http://evil.example", "https:evil", "www.evil", "t.co", "x.co/y",
		"evil\u3002example", "evil\uff0eexample", "evil\u2024example", "evil.ex\u00ad", "127.0.0.1", "a.b.example", // links
		"bob@evil.example", "bob@evil", "call +1 555 0100", "call 0900123456", "Ann, Bob", "Ann; Bob", "a\u200bb", // addresses, numbers, lists
		"<script>alert(1)</script>", "<img src=x onerror=y>", "&lt;b&gt;", "{{.Secret}}", "{{7*7}}", "${jndi:ldap}", "%s%n", "$(id)", "[x](y)", "*x*", "`x`\"",
		"Ann\nYour account is locked", "Ann\r\nBcc: x", "Ann\tx", "Ann\x00", "Ann\x7f", "Ann\u0085", "Ann\u2028x", "Ann\u2029x", // lines
		"\u202eevil", "\u2066x\u2069", "\u200ex", "\u061cx", "\ufeffAnn", "Ann\u200c", "\u200dAnn", "A \u200d B", // directions and what nobody sees
		"A" + strings.Repeat("\u0301", 5), "\xff\xfe", "Ann\xc3", "You won!", "Really?", "50% off", "a=b", "a\\b", "a|b", "#1", "~", "Ann_x",
		strings.Repeat("a", 61), strings.Repeat("😀", 2048), strings.Repeat("é", 1500),
	} {
		if got := ses.Greeting(name, "there"); got != "there" {
			t.Errorf("%q is greeted as %q", name, got)
		}
	}
}

func FuzzAGreetingIsShortAndPlain(f *testing.F) {
	for _, seed := range []string{"Ann", hostile, "evil.example", "می\u200cترا", "J.R. Ewing"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := ses.Greeting(name, "there")
		if got == "" || utf8.RuneCountInString(got) > 60 || !utf8.ValidString(got) || strings.ContainsAny(got, "<>&@:/\\{}[]\"\r\n\t\x00,;\u202e\u2066") {
			t.Errorf("%q is greeted as %q", name, got)
		}
		if again := ses.Greeting(got, "there"); again != got {
			t.Errorf("%q became %q, and that %q", name, got, again)
		}
	})
}

// D9: of an address only the plain form is taken.
func TestRecipientsArePlain(t *testing.T) {
	for _, address := range []string{"a@example.com", "A@EXAMPLE.COM", "a+x@example.com", "a.b-c_d@sub.example.com", "o'brien@example.com",
		"a@xn--bcher-kva.example", "a@example.xn--p1ai", "1@2.example", strings.Repeat("a", 64) + "@example.com"} {
		if err := ses.CheckRecipient(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"", "@", "a", "a@", "@example.com", "a@example.com.", "a@.example.com", "a@example..com", " a@example.com", "a@example.com ",
		"a@example.com\n", "a@exam\tple.com", "\"a@evil.com\"@example.com", "\"a b\"@example.com", "a@example.com@evil.com", "<a@example.com>",
		"Bob <a@example.com>", "=?utf-8?q?x?= <a@example.com>", "a@example.com(comment)", "a(c)@example.com", "a@[127.0.0.1]", "a@[IPv6:::1]",
		"a@127.0.0.1", "a@localhost", "a@exam\u200bple.com", "a@example.com\u200b", "a@\uff45xample.com", "a@bücher.example", "ä@example.com", "a@ex\u0430mple.com",
		"a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a@example.com;b@example.com", "group: a@example.com;", "a@example.com\x00",
		".a@example.com", "a.@example.com", "a..b@example.com", "a@-example.com", "a@example-.com", "a@" + strings.Repeat("b", 64) + ".com", "a@example.123",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b.", 126) + "com", strings.Repeat("a", 1<<20) + "@example.com"} {
		if err := ses.CheckRecipient(address); err == nil {
			t.Errorf("%.80q is a recipient", address)
		} else if address != "" && len(address) > 8 && strings.Contains(err.Error(), address) {
			t.Errorf("%v shows the address", err)
		}
	}
}

func FuzzARecipientIsOneWord(f *testing.F) {
	for _, seed := range []string{"a@example.com", "\"a@evil.com\"@example.com", "a@example.com\r\nBcc: b@example.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if ses.CheckRecipient(address) != nil {
			return
		}
		if strings.Count(address, "@") != 1 || len(address) > 254 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>()[]\\,;:\"", r) }) {
			t.Errorf("%q is a recipient", address)
		}
	})
}
