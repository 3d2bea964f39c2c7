package presignup

import (
	"strings"

	"github.com/postconfirm/postconfirm/trigger/lines"
)

// The outcomes of a decision.
const (
	Deny       = "deny"             // no user is created; the person reads Message
	Confirm    = "confirm"          // no confirmation code is needed
	NoAuto     = "noauto"           // the sign-up goes its normal way, with its confirmation code
	Ignored    = "ignored"          // not for a confirm rule, and denied by none: handed back as it came
	Unreadable = "event_unreadable" // handed back as it came, nothing granted
	Panicked   = "panicked"         // likewise
)

// Decision is what becomes of one sign-up.
type Decision struct {
	Outcome     string
	Reason      string // stable code
	Rule        string // the name of the rule that decided; "" if none did
	Source      string // the event's triggerSource if it is a plain word, else "unprintable"; "" if there is none
	Client      string // likewise, the app client
	Message     string // of Deny: what the person is told
	VerifyEmail bool   // of Confirm
	VerifyPhone bool
	Rehearsal   bool   // an event that names no trigger, no pool and no caller: a test of the console or of a person
	Held        string // of the reasons that begin with alias_held: email or phone_number

	pool      string
	questions []question // to the pool, before a grant
}

// Asks are the attributes that the pool is asked about before the grant holds, each once.
func (d Decision) Asks() (names []string) {
	for _, q := range d.questions {
		if len(names) == 0 || names[len(names)-1] != q.attribute {
			names = append(names, q.attribute)
		}
	}
	return names
}

// Decide applies the policy to an event, without asking the pool: a Confirm holds only if nobody has what Asks names.
// It does no I/O, is deterministic, safe for concurrent use, and keeps nothing of payload.
func (p *Policy) Decide(payload []byte) Decision {
	a := read(payload)
	d := Decision{Source: lines.Word(a.source), Client: lines.Word(a.client), Rehearsal: a.rehearsal}
	if a.rehearsal {
		d.Source = ""
	}
	switch {
	case !a.decodable:
		return d.as(Unreadable, "event_undecodable")
	case a.source != signUp && a.source != adminCreateUser && a.source != externalProvider:
		return d.as(Ignored, "not_a_sign_up")
	}
	if rule, reason := p.denial(a); rule != nil {
		d.Rule, d.Message = rule.Name, rule.Message
		return d.as(Deny, reason)
	}
	if a.source != signUp {
		return d.as(Ignored, "flags_without_meaning")
	}
	return p.grant(a, d)
}

func (d Decision) as(outcome, reason string) Decision {
	d.Outcome, d.Reason = outcome, reason
	return d
}

// grant looks for the first confirm rule that is for this person, and for what stands against it.
func (p *Policy) grant(a *application, d Decision) Decision {
	mail, phone := a.attribute("email"), a.attribute("phone_number")
	if len(p.Confirm) > 0 && (a.ambiguous || mail.twice || phone.twice) {
		return d.as(NoAuto, "event_ambiguous")
	}
	domain := ""
	if mail.present && len(p.Confirm) > 0 {
		plain := false
		if domain, plain = PlainAddress(mail.value); !plain || !mail.usable {
			return d.as(NoAuto, "address_not_plain")
		}
	}
	for i := range p.Confirm {
		if g := &p.Confirm[i]; g.matches(domain, a) {
			d.Rule = g.Name
			return a.grantBy(g, d, mail, phone)
		}
	}
	return d.as(NoAuto, "no_rule")
}

// grantBy makes the grant of a rule, and the questions that come before it. A flag for an attribute that isn't there
// would be an error (Amazon Cognito Developer Guide, Pre sign-up Lambda trigger).
func (a *application) grantBy(g *Grant, d Decision, mail, phone value) Decision {
	verifyPhone := g.VerifyPhone && phone.present
	switch {
	case len(a.responses) != 1 || !isObject(a.responses[0]):
		return d.as(NoAuto, "response_unreadable")
	case verifyPhone && !(phone.usable && PlainPhone(phone.value)):
		return d.as(NoAuto, "phone_not_plain")
	}
	if g.AskPool && !a.rehearsal {
		if !plainPool(a.pool) {
			return d.as(NoAuto, "pool_unreadable")
		}
		d.pool = a.pool
		d.questions = questions(mail, phone, verifyPhone)
	}
	d.VerifyEmail, d.VerifyPhone = g.VerifyEmail && mail.present, verifyPhone
	return d.as(Confirm, "rule_matched")
}

// questions are what the pool is asked: by the address as it was written and in lower case, since pools may mind the
// case or not.
func questions(mail, phone value, withPhone bool) (all []question) {
	if mail.present {
		all = append(all, question{"email", mail.value})
		if lower := lowerASCII(mail.value); lower != mail.value {
			all = append(all, question{"email", lower})
		}
	}
	if withPhone {
		all = append(all, question{"phone_number", phone.value})
	}
	return all
}

// maxPool is the longest pool id (Amazon Cognito API Reference, UserPoolType).
const maxPool = 55

func plainPool(id string) bool {
	return id != "" && len(id) <= maxPool && lines.Word(id) == id && strings.Contains(id, "_")
}
