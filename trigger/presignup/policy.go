package presignup

import "regexp"

// DefaultMessage is what a person is told who is denied, if the policy says nothing. It is the same for all rules: who
// tries addresses must not learn which one is on a list.
const DefaultMessage = "Sign-up is not possible with these details"

// Policy is who gets in. It is made by policyfile, which checks it; it is not changed after that, and so is safe for
// concurrent use.
type Policy struct {
	Deny    []Denial // in the order of the file; the first that matches decides
	Confirm []Grant  // likewise, for whom nothing denies
	Hash    string   // SHA-256 of the file, hexadecimal
}

// Sources are the kinds of sign-up that a rule is for (Amazon Cognito Developer Guide, Lambda trigger sources).
type Sources struct{ SignUp, AdminCreateUser, ExternalProvider bool }

// has tells whether an event's trigger source is one of them.
func (s Sources) has(source string) bool {
	switch source {
	case signUp:
		return s.SignUp
	case adminCreateUser:
		return s.AdminCreateUser
	case externalProvider:
		return s.ExternalProvider
	}
	return false
}

// Denial is one deny rule. One of its conditions is set.
type Denial struct {
	Name    string
	Sources Sources
	Message string // what the person is told

	Domains       *Domains  // denied with their sub-domains
	Listed        bool      // Domains come from a list file
	Username      *Username // what a user name must not be
	Missing       []string  // attributes without one of which there is no sign-up
	ClientsExcept []string  // app clients besides which there is no sign-up
}

// Username is what a user name must not be. Any of them denies. Names that Cognito makes are never looked at.
type Username struct {
	Pattern     *regexp.Regexp // matches anywhere in the name; nil is no pattern
	ShorterThan int            // characters; 0 is no bound
	LongerThan  int            // characters; 0 is no bound
}

// Grant is one confirm rule: who needs no confirmation code. One of Everyone, Exact and Below, and SelfAsserted is set.
type Grant struct {
	Name         string
	Exact        []string // domains, lower case, byte for byte
	Below        []string // domains whose sub-domains match, at any depth, they themselves not
	Everyone     bool
	SelfAsserted string // the custom attribute in which the client claims its domain

	VerifyEmail bool // also mark the address as verified
	VerifyPhone bool
	AskPool     bool // nobody may hold the address already; always true where something is verified
}

// matches tells whether the rule is for an address's domain, as [PlainAddress] gives it; "" if there is no address.
func (g *Grant) matches(domain string, a *application) bool {
	switch {
	case g.Everyone:
		return true
	case domain == "":
		return false
	case g.SelfAsserted != "":
		claimed := a.attribute(g.SelfAsserted)
		return claimed.usable && claimed.value == domain
	}
	return matchesExactly(domain, g.Exact) || matchesBelow(domain, g.Below)
}

// NeedsPool tells whether any rule asks the pool, so that the function needs cognito-idp:ListUsers.
func (p *Policy) NeedsPool() bool {
	for _, g := range p.Confirm {
		if g.AskPool {
			return true
		}
	}
	return false
}
