package presignup_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// The policies of ruleRows.
const (
	shortNames    = "version: 1\ndeny: [{ name: r, username: { shorter-than: 5, longer-than: 10 }}]"
	namePattern   = "version: 1\ndeny: [{ name: r, username: { pattern: '(?i)admin' }}]"
	missingOnes   = "version: 1\ndeny: [{ name: r, missing: [given_name, 'custom:company'], sources: [SignUp, AdminCreateUser] }]"
	clientsOnly   = "version: 1\ndeny: [{ name: r, clients-except: ['4k2'], sources: [SignUp, AdminCreateUser] }]"
	claimedDomain = "version: 1\nconfirm: [{ name: r, self-asserted-domain: 'custom:domain' }]"
	everybody     = "version: 1\nconfirm: [{ name: r, everyone: true, verify: [email, phone_number] }]"
	phoneOnly     = "version: 1\nconfirm: [{ name: r, everyone: true, verify: phone_number }]"
	twoAlike      = "version: 1\ndeny: [{ name: first, domains: evil.com, message: one }, { name: r, domains: evil.com, message: two }]"
)

// caller is a callerContext with an app client.
func caller(id string) object { return object{"clientId": id} }

// admin is an administrator's event, with an app client.
func admin(id string) object {
	return object{"triggerSource": "PreSignUp_AdminCreateUser", "callerContext": caller(id)}
}

// ruleRows go through every condition that a rule may have.
var ruleRows = []struct {
	name, policy    string
	top, own        object
	outcome, reason string
}{
	{"a name of four characters", shortNames, object{"userName": "rroe"}, nil, deny, "denied_username_short"},
	{"a name of five", shortNames, object{"userName": "rroe5"}, nil, noauto, "no_rule"},
	{"four characters of four bytes each", shortNames, object{"userName": "😀😀😀😀"}, nil, deny, "denied_username_short"},
	{"five of them", shortNames, object{"userName": "😀😀😀😀😀"}, nil, noauto, "no_rule"},
	{"ten of them", shortNames, object{"userName": strings.Repeat("ä", 10)}, nil, noauto, "no_rule"},
	{"eleven of them", shortNames, object{"userName": strings.Repeat("ä", 11)}, nil, deny, "denied_username_long"},
	{"C1-11 no name", shortNames, object{"userName": nil}, nil, deny, "denied_username_short"},
	{"C1-11 a name of null", shortNames, object{"userName": []byte(nil)}, nil, deny, "denied_username_short"},
	{"a name that Cognito made", shortNames, object{"userName": "6f9c4f9e-0a1b-4c2d-8e3f-112233445566"}, nil, noauto, "no_rule"},
	{"a name that is almost one", shortNames, object{"userName": "6f9c4f9e-0a1b-4c2d-8e3f-11223344556X"}, nil, deny, "denied_username_long"},
	{"the e-mail address", shortNames, object{"userName": "annabella@example.com"}, with("Annabella@example.com"), noauto, "no_rule"},
	{"the telephone number", shortNames, object{"userName": "+12065550100"}, object{"phone_number": "+12065550100"}, noauto, "no_rule"},
	{"an address that is not the person's", shortNames, object{"userName": "annabella@example.com"}, nil, deny, "denied_username_long"},
	{"a short name from an administrator", shortNames, object{"userName": "x", "triggerSource": "PreSignUp_AdminCreateUser"}, nil, ignored, "flags_without_meaning"},
	{"a short name from a provider", shortNames, object{"userName": "G_1", "triggerSource": "PreSignUp_ExternalProvider"}, nil, ignored, "flags_without_meaning"},
	{"a pattern", namePattern, object{"userName": "theAdmin"}, nil, deny, "denied_username_pattern"},
	{"a pattern in an address that is the name", namePattern, object{"userName": "admin@x.example"}, with("admin@x.example"), deny, "denied_username_pattern"},
	{"a pattern elsewhere", namePattern, object{"userName": "ann"}, object{"name": "admin"}, noauto, "no_rule"},
	{"two names, one of them denied", namePattern, object{"userName": "ann", "UserName": "admin"}, nil, deny, "denied_username_pattern"},
	{"all attributes", missingOnes, nil, object{"given_name": "Ann", "custom:company": "Acme"}, noauto, "no_rule"},
	{"one missing", missingOnes, nil, object{"given_name": "Ann"}, deny, "denied_attribute_missing"},
	{"one blank", missingOnes, nil, object{"given_name": " \t", "custom:company": "Acme"}, deny, "denied_attribute_missing"},
	{"one null", missingOnes, nil, object{"given_name": nil, "custom:company": "Acme"}, deny, "denied_attribute_missing"},
	{"one a map", missingOnes, nil, object{"given_name": object{}, "custom:company": "Acme"}, deny, "denied_attribute_missing"},
	{"one a number", missingOnes, nil, object{"given_name": 1, "custom:company": true}, noauto, "no_rule"},
	{"one missing, from an administrator", missingOnes, object{"triggerSource": "PreSignUp_AdminCreateUser"}, nil, deny, "denied_attribute_missing"},
	{"one missing, from a provider", missingOnes, object{"triggerSource": "PreSignUp_ExternalProvider"}, nil, ignored, "flags_without_meaning"},
	{"C1-26 a client that may", clientsOnly, nil, nil, noauto, "no_rule"},
	{"C1-26 a client that may not", clientsOnly, object{"callerContext": caller("5x5")}, nil, deny, "denied_client"},
	{"C1-26 no client", clientsOnly, object{"callerContext": object{}}, nil, deny, "denied_client"},
	{"C1-26 the word for no client, at sign-up", clientsOnly, object{"callerContext": caller("CLIENT_ID_NOT_APPLICABLE")}, nil, deny, "denied_client"},
	{"C1-26 an administrator has no client", clientsOnly, admin("CLIENT_ID_NOT_APPLICABLE"), nil, ignored, "flags_without_meaning"},
	{"C1-26 an administrator with another client", clientsOnly, admin("5x5"), nil, deny, "denied_client"},
	{"a claim that agrees", claimedDomain, nil, object{"email": "a@evil.com", "custom:domain": "evil.com"}, confirm, "rule_matched"},
	{"a claim that doesn't", claimedDomain, nil, object{"email": "a@evil.com", "custom:domain": "example.com"}, noauto, "no_rule"},
	{"a claim in capitals", claimedDomain, nil, object{"email": "a@evil.com", "custom:domain": "EVIL.com"}, noauto, "no_rule"},
	{"a claim of nothing", claimedDomain, nil, object{"email": "", "custom:domain": ""}, noauto, "no_rule"},
	{"a claim that is there twice", claimedDomain, nil, object{"email": "a@evil.com", "custom:domain": "evil.com", "custom:Domain": "x"}, noauto, "no_rule"},
	{"a claim, and an address that reads two ways", claimedDomain, nil, object{"email": "a@evil.com@example.com", "custom:domain": "evil.com"}, noauto, "address_not_plain"},
	{"everybody", everybody, nil, object{"email": "a@evil.com", "phone_number": "+12065550100"}, confirm, "rule_matched"},
	{"everybody, with no address at all", everybody, nil, nil, confirm, "rule_matched"},
	{"everybody, with an odd address", everybody, nil, with("Bob <a@evil.com>"), noauto, "address_not_plain"},
	{"everybody, with an odd number", everybody, nil, object{"phone_number": "0123"}, noauto, "phone_not_plain"},
	{"an address for a number", phoneOnly, nil, object{"email": "a@evil.com"}, confirm, "rule_matched"},
	{"the first rule decides", twoAlike, nil, with("a@evil.com"), deny, "denied_domain"},
}

func TestRules(t *testing.T) {
	for _, tt := range ruleRows {
		t.Run(tt.name, func(t *testing.T) {
			d := policy(t, tt.policy).Decide(event(tt.top, tt.own))
			if d.Outcome != tt.outcome || d.Reason != tt.reason {
				t.Errorf("%s, %s; want %s, %s", d.Outcome, d.Reason, tt.outcome, tt.reason)
			}
			if d.Outcome == confirm && (d.VerifyEmail && tt.own["email"] == nil || d.VerifyPhone && tt.own["phone_number"] == nil) {
				t.Errorf("a flag for what isn't there: %+v", d)
			}
			if tt.name == "the first rule decides" && (d.Rule != "first" || d.Message != "one") {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestARefusalIsTheSentenceOfThePolicy and nothing else: Cognito shows it to whoever signs up.
func TestARefusalIsTheSentenceOfThePolicy(t *testing.T) {
	for name, tt := range map[string]struct{ policy, want string }{
		"the default":        {"version: 1\ndeny: [{ name: r, domains: evil.com }]", presignup.DefaultMessage},
		"the policy's":       {"version: 1\nmessage: Members only\ndeny: [{ name: r, domains: evil.com }]", "Members only"},
		"the rule's":         {"version: 1\nmessage: Members only\ndeny: [{ name: r, domains: evil.com, message: Not you }]", "Not you"},
		"of another trouble": {"version: 1\ndeny: [{ name: r, missing: name }]", presignup.DefaultMessage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := presignup.New(policy(t, tt.policy), nil, &presignup.Options{Log: &log{}}).Invoke(t.Context(), event(nil, with("canary@evil.com")))
			refusal, ok := err.(presignup.Refusal)
			if !ok || string(refusal) != tt.want || err.Error() != tt.want {
				t.Errorf("%T %v", err, err)
			}
		})
	}
}

// TestARehearsalAsksNobody: an event that names no trigger, no pool and no caller can't be Cognito's, and its answer
// goes to nobody.
func TestARehearsalAsksNobody(t *testing.T) {
	p := policy(t, staff)
	bare := object{"triggerSource": nil, "userPoolId": nil, "callerContext": nil}
	if d := p.Decide(event(bare, with(good))); d.Outcome != confirm || !d.Rehearsal || len(d.Asks()) > 0 {
		t.Errorf("%+v", d)
	}
	for _, one := range []string{"triggerSource", "userPoolId", "callerContext", "TriggerSource", "USERPOOLID"} {
		top := object{"triggerSource": nil, "userPoolId": nil, "callerContext": nil}
		if top[one] = "PreSignUp_SignUp"; one == "callerContext" {
			top[one] = object{}
		}
		if d := p.Decide(event(top, with(good))); d.Outcome == confirm || d.Rehearsal {
			t.Errorf("with %s: %+v", one, d)
		}
	}
}
