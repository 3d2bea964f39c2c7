package presignup_test

import (
	"bytes"
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// readers are parsers that were not written for the policy: whoever delivers mail or judges membership may be one.
var readers = map[string]func(string) (string, bool){
	"net/mail": func(s string) (string, bool) {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Name != "" {
			return "", false
		}
		return a.Address[strings.LastIndexByte(a.Address, '@')+1:], true
	},
	"first @": func(s string) (string, bool) { _, domain, ok := strings.Cut(s, "@"); return domain, ok },
	"last @": func(s string) (string, bool) {
		i := strings.LastIndexByte(s, '@')
		return s[i+1:], i >= 0
	},
	"element 1": func(s string) (string, bool) { // as a much-copied sample does it
		parts := strings.Split(s, "@")
		return parts[len(parts)-1], len(parts) == 2
	},
	"RFC 5321": strictMailbox,
}

// mailbox is the Mailbox of RFC 5321, section 4.1.2, with a Dot-string and a Domain; no Quoted-string, no literal.
var mailbox = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@" +
	`([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)$`)

func strictMailbox(s string) (string, bool) {
	m := mailbox.FindStringSubmatch(s)
	if m == nil || strings.HasSuffix(s, "\n") || len(s) > 254 || strings.IndexByte(s, '@') > 64 {
		return "", false
	}
	return m[1], true
}

// holdGrant is the promise of the whole package: who is granted anything has a plain ASCII address in which every
// reader sees the one domain that the rule names, and nobody is known to hold it.
func holdGrant(t *testing.T, email string, exact, below []string) {
	t.Helper()
	for i := range len(email) {
		if email[i] <= 0x20 || email[i] >= 0x7F {
			t.Fatalf("granted to %q, which is not plain ASCII", email)
		}
	}
	for name, read := range readers {
		domain, ok := read(email)
		domain = strings.ToLower(domain)
		named := slices.Contains(exact, domain) || slices.ContainsFunc(below, func(rule string) bool { return strings.HasSuffix(domain, "."+rule) })
		if !ok || !named {
			t.Fatalf("granted to %q, in which %s sees %q, %v", email, name, domain, ok)
		}
	}
}

// FuzzAddress looks for an address that is granted and should not be.
func FuzzAddress(f *testing.F) {
	for _, tt := range rows {
		f.Add(tt.email)
	}
	p := policy(f, staff)
	f.Fuzz(func(t *testing.T, email string) {
		held := &pool{held: map[string]presignup.Holder{}}
		payload := event(nil, with(email))
		for _, guard := range []*pool{{}, held} {
			answer, err := presignup.New(p, guard, &presignup.Options{Log: &log{}}).Invoke(t.Context(), payload)
			if err != nil {
				continue // denied
			}
			flags := response(t, answer)
			if len(flags) == 0 {
				continue
			}
			if !flags["autoConfirmUser"] || flags["autoVerifyPhone"] {
				t.Fatalf("%q: %v", email, flags)
			}
			holdGrant(t, email, []string{"example.com", "xn--bcher-kva.example"}, []string{"corp.example.com"})
			if guard == held {
				t.Fatalf("granted to %q, which somebody holds", email)
			}
			held.held["email="+strings.ToLower(email)] = presignup.Unconfirmed // who is granted once, is held from then on
		}
	})
}

// FuzzDomainRule looks for a pair of rule and address of which the rule lets in whom it doesn't name.
func FuzzDomainRule(f *testing.F) {
	for _, rule := range []string{"example.com", "*.example.com", "com", "*", ".example.com", "xn--bcher-kva.example", "EXAMPLE.com", "b\u00fccher.example"} {
		f.Add(rule, "a@example.com")
		f.Add(rule, "a@sub.example.com")
		f.Add(rule, "a@EXAMPLE.com.")
	}
	f.Fuzz(func(t *testing.T, rule, email string) {
		domain, below := strings.CutPrefix(rule, "*.")
		if !presignup.PlainDomain(domain) {
			return
		}
		g := presignup.Grant{Name: "r"}
		if below {
			g.Below = []string{domain}
		} else {
			g.Exact = []string{domain}
		}
		p := &presignup.Policy{Confirm: []presignup.Grant{g}}
		if d := p.Decide(event(nil, with(email))); d.Outcome == presignup.Confirm {
			holdGrant(t, email, g.Exact, g.Below)
		}
		denied, err := presignup.DeniedDomain(domain)
		if err != nil {
			return // a Punycode label that can't be registered
		}
		var d presignup.Domains
		d.Add(denied)
		refuse := &presignup.Policy{Confirm: []presignup.Grant{g}, Deny: []presignup.Denial{{Name: "d", Sources: presignup.Sources{SignUp: true}, Domains: &d}}}
		if d := refuse.Decide(event(nil, with(email))); d.Outcome == presignup.Confirm {
			t.Fatalf("%q is named by a deny rule for %q as much as by a confirm rule, and let in", email, rule)
		}
	})
}

// flagged is what may differ between an event and its answer.
var flagged = regexp.MustCompile(`"(autoConfirmUser|autoVerifyEmail|autoVerifyPhone)"\s*:\s*(true|false|null),?`)

// FuzzEvent hands the handler any bytes: it never panics, changes nothing but the three flags, and grants nothing that
// the plain reading of the event doesn't.
func FuzzEvent(f *testing.F) {
	f.Add(event(nil, with(good)))
	f.Add(event(nil, object{"email": good, "phone_number": "+12065550100"}))
	f.Add(event(object{"triggerSource": "PreSignUp_AdminCreateUser"}, with(good)))
	f.Add([]byte(`{"request":{"userAttributes":{"email":"a@example.com"}},"response":{}}`))
	f.Add([]byte(`{"request":{"userAttributes":{"email":"a@example.com","Email":"b"}},"response":{ }, "x":1e400}`))
	f.Add([]byte(`{"request":{"userAttributes":{"email":"a@example.com"}},"response":{"autoConfirmUser":"yes","autoConfirmUser":null}}`))
	f.Add([]byte("null"))
	p := policy(f, staff)
	f.Fuzz(func(t *testing.T, payload []byte) {
		before, l := bytes.Clone(payload), &log{}
		answer, err := presignup.New(p, &pool{}, &presignup.Options{Log: l}).Invoke(t.Context(), payload)
		if !bytes.Equal(payload, before) {
			t.Fatal("the event was changed in place")
		}
		line := l.last(t)
		if line["outcome"] == presignup.Panicked {
			t.Fatalf("%v", line)
		}
		if err != nil || line["outcome"] != presignup.Confirm {
			if err == nil && json.Valid(payload) != json.Valid(answer) {
				t.Fatalf("%s became %s", payload, answer)
			}
			return
		}
		var e struct {
			Request  struct{ UserAttributes map[string]any }
			Response map[string]any
		}
		if err := json.Unmarshal(answer, &e); err != nil || e.Response["autoConfirmUser"] != true {
			t.Fatalf("%v: %s", err, answer)
		}
		email, _ := e.Request.UserAttributes["email"].(string)
		holdGrant(t, email, []string{"example.com", "xn--bcher-kva.example"}, []string{"corp.example.com"})
		if e.Response["autoVerifyPhone"] == true && !presignup.PlainPhone(e.Request.UserAttributes["phone_number"].(string)) {
			t.Fatalf("%s", answer)
		}
		was, is := flagged.ReplaceAll(payload, nil), flagged.ReplaceAll(answer, nil)
		odd := bytes.Contains(payload, []byte(`auto`)) && len(was) != len(is) // a flag in another form, or at the end of its map
		if !odd && !bytes.Equal(was, is) {
			t.Fatalf("more than the flags changed:\n%s\n%s", payload, answer)
		}
	})
}

// FuzzResponse holds the answer to the event, byte for byte, around any members that a response may have.
func FuzzResponse(f *testing.F) {
	f.Add("", "", true)
	f.Add(`"x":1,`, `,"y":[{}]`, false)
	f.Add(` "autoVerifyPhone" : null , `, ``, true)
	f.Fuzz(func(t *testing.T, before, after string, granted bool) {
		head := `{"triggerSource":"PreSignUp_SignUp","userPoolId":"eu-west-1_Ab","request":{"userAttributes":{"email":"a@example.com"}},"response":{` + before
		tail := after + `},"last":"\u00e9"}`
		flags := func(confirmed, verified string) string {
			return `"autoConfirmUser":` + confirmed + `,"autoVerifyEmail":` + verified + `,"autoVerifyPhone":false`
		}
		payload := head + flags("false", "false") + tail
		var all map[string]json.RawMessage
		var inner map[string]any
		if json.Unmarshal([]byte(payload), &all) != nil || len(all) != 5 || json.Unmarshal(all["response"], &inner) != nil ||
			strings.Count(strings.ToLower(before+after), "auto")+strings.Count(before+after, `\`)+strings.Count(before+after, "}") > 0 ||
			!plain(before+after) {
			return // not one response, or flags that are there twice: FuzzEvent has those
		}
		guard, want := &pool{held: map[string]presignup.Holder{"email=a@example.com": presignup.Confirmed}}, payload
		if granted {
			guard, want = &pool{}, head+flags("true", "true")+tail
		}
		answer, err := presignup.New(policy(t, staff), guard, &presignup.Options{Log: &log{}}).Invoke(t.Context(), []byte(payload))
		if err != nil || string(answer) != want {
			t.Fatalf("%v\ngot  %s\nwant %s", err, answer, want)
		}
	})
}

func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x7F })
}
