package presignup_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

const (
	confirm = presignup.Confirm
	noauto  = presignup.NoAuto
	deny    = presignup.Deny
	ignored = presignup.Ignored
)

// rows are the bad inputs of e-mail and domain, by their numbers, and what the staff policy decides.
var rows = []struct {
	name    string
	email   string
	outcome string
	reason  string
}{
	{"C2-27 the plain case", "a@example.com", confirm, "rule_matched"},
	{"C2-28 capital letters of ASCII", "A@EXAMPLE.COM", confirm, "rule_matched"},
	{"C2-29 a sub-domain", "a@sub.example.com", noauto, "no_rule"},
	{"C2-29 a sub-domain of a rule for sub-domains", "a@de.corp.example.com", confirm, "rule_matched"},
	{"C2-30 the domain as the end of another", "a@notexample.com", noauto, "no_rule"},
	{"C2-30 the domain as a label before another", "a@example.com.evil.com", noauto, "no_rule"},
	{"C2-30 the domain as the beginning of another", "a@example.comevil.com", noauto, "no_rule"},
	{"C2-31 two levels below a rule for sub-domains", "a@b.de.corp.example.com", confirm, "rule_matched"},
	{"C2-31 the domain itself of a rule for sub-domains", "a@corp.example.com", noauto, "no_rule"},
	{"C2-31 glued to a rule for sub-domains", "a@evilcorp.example.com", noauto, "no_rule"},
	{"C2-32 a dot at the end", "a@example.com.", noauto, "address_not_plain"},
	{"C2-33 a space at the end", "a@example.com ", noauto, "address_not_plain"},
	{"C2-33 a space at the beginning", " a@example.com", noauto, "address_not_plain"},
	{"C2-33 a tab", "a@example.com\t", noauto, "address_not_plain"},
	{"C2-33 a newline", "a@example.com\n", noauto, "address_not_plain"},
	{"C2-34 an @ in quotes", `"a@evil.com"@example.com`, noauto, "address_not_plain"},
	{"C2-36 two @, ours first", "a@example.com@evil.com", noauto, "address_not_plain"},
	{"C2-36 two @, ours last", "a@evil.com@example.com", noauto, "address_not_plain"},
	{"C2-37 angle brackets", "<a@example.com>", noauto, "address_not_plain"},
	{"C2-37 a display name", "Bob <a@example.com>", noauto, "address_not_plain"},
	{"C2-37 an encoded display name", "=?utf-8?q?x?= <a@example.com>", noauto, "address_not_plain"},
	{"C2-37 an encoded word as the local part", "=?utf-8?q?x?=@example.com", noauto, "address_not_plain"},
	{"C2-40 a comment behind", "a@example.com(comment)", noauto, "address_not_plain"},
	{"C2-40 a comment inside", "a(c)@example.com", noauto, "address_not_plain"},
	{"C2-41 an address literal", "a@[127.0.0.1]", noauto, "address_not_plain"},
	{"C2-41 an IPv6 literal", "a@[IPv6:::1]", noauto, "address_not_plain"},
	{"C2-41 a host of one label", "a@localhost", noauto, "address_not_plain"},
	{"C2-41 digits for a domain", "a@127.0.0.1", noauto, "address_not_plain"},
	{"C2-43 a zero-width space in the domain", "a@exam\u200bple.com", noauto, "address_not_plain"},
	{"C2-43 a zero-width space behind", "a@example.com\u200b", noauto, "address_not_plain"},
	{"C2-43 a soft hyphen", "a@exam\u00adple.com", noauto, "address_not_plain"},
	{"C2-44 full-width letters", "a@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", noauto, "address_not_plain"},
	{"C2-44 an ideographic full stop", "a@example\u3002com", noauto, "address_not_plain"},
	{"C2-44 a Kelvin sign", "a@\u212aexample.com", noauto, "address_not_plain"},
	{"C2-46 a Cyrillic a", "a@ex\u0430mple.com", noauto, "address_not_plain"},
	{"C2-46 its Punycode", "a@xn--exmple-4nf.com", noauto, "no_rule"},
	{"C2-47 an IDN in Punycode, as the rule has it", "a@xn--bcher-kva.example", confirm, "rule_matched"},
	{"C2-47 the same in Unicode", "a@b\u00fccher.example", noauto, "address_not_plain"},
	{"C2-49 a local part of 64 characters", strings.Repeat("a", 64) + "@example.com", confirm, "rule_matched"},
	{"C2-49 a local part of 65 characters", strings.Repeat("a", 65) + "@example.com", noauto, "address_not_plain"},
	{"C2-49 a label of 64 characters", "a@" + strings.Repeat("a", 64) + ".corp.example.com", noauto, "address_not_plain"},
	{"C2-49 an address of 255 characters", "a@" + strings.Repeat("a.", 117) + "de.corp.example.com", noauto, "address_not_plain"},
	{"C2-50 a plus tag", "a+x@example.com", confirm, "rule_matched"},
	{"C2-50 dots in the local part", "a.b.c@example.com", confirm, "rule_matched"},
	{"C2-50 two dots in the local part", "a..b@example.com", noauto, "address_not_plain"},
	{"C2-53 a header after the address", "a@example.com\r\nBcc: b@example.com", noauto, "address_not_plain"},
	{"C2-54 a comma list", "a@evil.com,b@example.com", noauto, "address_not_plain"},
	{"C2-54 a semicolon list", "a@example.com;b@example.com", noauto, "address_not_plain"},
	{"C2-55 a NUL byte", "a@example.com\x00", noauto, "address_not_plain"},
	{"C2-56 a denied domain", "a@mailinator.com", deny, "denied_domain"},
	{"C2-56 its sub-domain", "a@x.y.mailinator.com", deny, "denied_domain"},
	{"C2-56 in mixed case", "a@MailInator.Com", deny, "denied_domain"},
	{"C2-56 with a dot at the end", "a@mailinator.com.", deny, "denied_domain"},
	{"C2-56 with blanks around", " a@mailinator.com \r\n", deny, "denied_domain"},
	{"C2-56 in angle brackets", "Bob <a@mailinator.com>", deny, "denied_domain"},
	{"C2-56 behind a comment", "a@(c)mailinator.com", deny, "denied_domain"},
	{"C2-56 with a comment inside", "a@mailinator(c).com", deny, "denied_domain"},
	{"C2-56 behind an @ in quotes", `"a@mailinator.com"@example.com`, deny, "denied_domain"},
	{"C2-56 before another domain", "a@mailinator.com@example.com", deny, "denied_domain"},
	{"C2-56 in full-width letters", "a@\uff4dailinator.com", deny, "denied_domain"},
	{"C2-56 with a zero-width space", "a@mail\u200binator.com", deny, "denied_domain"},
	{"C2-56 with an ideographic full stop", "a@mailinator\u3002com", deny, "denied_domain"},
	{"C2-56 an IDN in Unicode", "a@sub.ПРИМЕР.example", deny, "denied_domain"},
	{"C2-56 an IDN in Punycode", "a@xn--e1afmkfd.example", deny, "denied_domain"},
	{"C2-56 a name that only ends alike", "a@notmailinator.com", noauto, "no_rule"},
	{"a route through another host", "a%example.com@evil.com", noauto, "address_not_plain"},
	{"a bang path", "evil.com!a@example.com", noauto, "address_not_plain"},
	{"no @", "example.com", noauto, "address_not_plain"},
	{"no local part", "@example.com", noauto, "address_not_plain"},
	{"an apostrophe", "o'brien@example.com", confirm, "rule_matched"},
}

func TestBadAddresses(t *testing.T) {
	p := policy(t, staff)
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			d := p.Decide(event(nil, with(tt.email)))
			if d.Outcome != tt.outcome || d.Reason != tt.reason {
				t.Errorf("%s, %s; want %s, %s", d.Outcome, d.Reason, tt.outcome, tt.reason)
			}
			if granted := d.Outcome == confirm; d.VerifyEmail != granted || granted && len(d.Asks()) == 0 {
				t.Errorf("verified %v, after asking for %v", d.VerifyEmail, d.Asks())
			}
		})
	}
}

func TestC255AnAddressOfAMegabyteTakesNoTime(t *testing.T) {
	p := policy(t, staff)
	for name, email := range map[string]string{
		"C2-55 one long name":          strings.Repeat("a", 1<<20) + "@example.com",
		"C2-55 nothing but signs":      strings.Repeat("@", 1<<20),
		"C2-55 nothing but brackets":   "a@" + strings.Repeat("(", 1<<20),
		"C2-55 nothing but dots":       "a@" + strings.Repeat(".", 1<<20),
		"C2-55 wide letters and signs": strings.Repeat("@ｅ", 1<<18),
	} {
		t.Run(name, func(t *testing.T) {
			payload := event(nil, with(email))
			began := time.Now()
			if d := p.Decide(payload); d.Outcome != noauto {
				t.Errorf("%+v", d)
			}
			if took := time.Since(began); took > 5*time.Second { // whatever isn't linear takes minutes
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestOnlyTheEmailAttributeCounts: nothing else that looks like an address, and no claim of membership.
func TestOnlyTheEmailAttributeCounts(t *testing.T) {
	p := policy(t, staff)
	for name, payload := range map[string][]byte{
		"C2-52 no e-mail":                          event(nil, object{"phone_number": "+12065550100"}),
		"C2-52 a null e-mail":                      event(nil, object{"email": nil}),
		"C2-52 a blank e-mail":                     event(nil, with("")),
		"C2-52 a user name that looks like one":    event(object{"userName": "a@example.com"}, object{"name": "a"}),
		"C2-52 somebody's address as another name": event(nil, object{"preferred_username": "a@example.com"}),
		"C2-62 a custom attribute":                 event(nil, object{"email": "a@evil.com", "custom:domain": "example.com"}),
		"C2-62 validation data": event(object{"request": object{"userAttributes": with("a@evil.com"),
			"validationData": object{"email": "a@example.com", "domain": "example.com"}}}, nil),
		"C2-62 client metadata": event(object{"request": object{"userAttributes": with("a@evil.com"),
			"clientMetadata": object{"email": "a@example.com", "domain": "example.com"}}}, nil),
		"the alias of an alias pool": event(nil, object{"cognito:email_alias": "a@example.com"}),
	} {
		t.Run(name, func(t *testing.T) {
			if d := p.Decide(payload); d.Outcome != noauto || d.Reason != "no_rule" {
				t.Errorf("%s, %s", d.Outcome, d.Reason)
			}
		})
	}
}

// TestWhatIsNoSelfServiceIsNotTouched: the flags mean nothing there, and nobody is denied who isn't named.
func TestWhatIsNoSelfServiceIsNotTouched(t *testing.T) {
	p := policy(t, staff)
	for _, tt := range []struct {
		name, source, email, outcome, reason string
	}{
		{"C2-59 an address from another provider", "PreSignUp_ExternalProvider", "a@example.com", ignored, "flags_without_meaning"},
		{"C2-59 a denied one, where the rule is for providers", "PreSignUp_ExternalProvider", "a@mailinator.com", deny, "denied_domain"},
		{"C2-60 an administrator", "PreSignUp_AdminCreateUser", "a@example.com", ignored, "flags_without_meaning"},
		{"C2-60 an administrator and a denied domain", "PreSignUp_AdminCreateUser", "a@mailinator.com", ignored, "flags_without_meaning"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payload := event(object{"triggerSource": tt.source, "response": object{"autoConfirmUser": true}}, with(tt.email))
			l := &log{}
			answer, err := presignup.New(p, &pool{}, &presignup.Options{Log: l}).Invoke(t.Context(), payload)
			line := l.last(t)
			if line["outcome"] != tt.outcome || line["reason"] != tt.reason {
				t.Errorf("%v", line)
			}
			if denied := tt.outcome == deny; denied != (err != nil) || !denied && string(answer) != string(payload) {
				t.Errorf("%s, %v", answer, err)
			}
		})
	}
}

// TestC257AnAddressThatSomebodyHoldsIsNeverGranted, in any letter case, and whatever the holder's state.
func TestC257AnAddressThatSomebodyHoldsIsNeverGranted(t *testing.T) {
	for name, tt := range map[string]struct {
		email string
		held  map[string]presignup.Holder
		want  string
	}{
		"C2-57 the same":                        {"a@example.com", map[string]presignup.Holder{"email=a@example.com": presignup.Confirmed}, "alias_held"},
		"C2-57 the same in lower case":          {"A@Example.com", map[string]presignup.Holder{"email=a@example.com": presignup.Confirmed}, "alias_held"},
		"C2-57 the same, as it is written":      {"A@Example.com", map[string]presignup.Holder{"email=A@Example.com": presignup.Confirmed}, "alias_held"},
		"C2-57 of somebody who never confirmed": {"a@example.com", map[string]presignup.Holder{"email=a@example.com": presignup.Unconfirmed}, "alias_held_unconfirmed"},
		"C2-57 the telephone number":            {"a@example.com", map[string]presignup.Holder{"phone_number=+12065550100": presignup.Confirmed}, "alias_held"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &log{}
			h := presignup.New(policy(t, staff), &pool{held: tt.held}, &presignup.Options{Log: l})
			answer, err := h.Invoke(t.Context(), event(nil, object{"email": tt.email, "phone_number": "+12065550100"}))
			if err != nil || len(response(t, answer)) > 0 {
				t.Errorf("%s, %v", answer, err)
			}
			if line := l.last(t); line["outcome"] != noauto || line["reason"] != tt.want {
				t.Errorf("%v", line)
			}
		})
	}
}

// TestAGrantIsOnTheResponse is the good case, whole: who is asked, what goes back.
func TestAGrantIsOnTheResponse(t *testing.T) {
	guard, l := &pool{}, &log{}
	payload := event(nil, object{"email": "A@example.com", "phone_number": "+12065550100"})
	answer, err := presignup.New(policy(t, staff), guard, &presignup.Options{Log: l}).Invoke(context.Background(), payload)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"autoConfirmUser": true, "autoVerifyEmail": true, "autoVerifyPhone": true}
	if diff := cmp.Diff(want, response(t, answer)); diff != "" {
		t.Error(diff)
	}
	if len(guard.asked) != 3 || l.last(t)["verify"] != "both" {
		t.Errorf("asked %q, logged %v", guard.asked, l.last(t))
	}
	var before, after map[string]any
	if json.Unmarshal(payload, &before) != nil || json.Unmarshal(answer, &after) != nil {
		t.Fatal("no JSON")
	}
	delete(before, "response")
	delete(after, "response")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}
