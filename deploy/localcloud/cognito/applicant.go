package cognito

import "slices"

// applicant is a user who is about to be created: by signing up, or by an administrator (then client is nil).
type applicant struct {
	pool       *pool
	client     *client
	username   string
	sub        string
	attributes attributes
	validation map[string]string
	metadata   map[string]string
	preSignUp  *call
	verdict    preSignUpResponse
	take       bool   // an administrator may take verified addresses away from others
	identities string // what the pool keeps of an identity elsewhere, "" for none
	imported   bool   // a line of a CSV import
}

// name settles the applicant's user name. Where addresses are user names, the name given is the address, and the
// real name is the sub (developer guide, "Customizing sign-in attributes").
func (a *applicant) name(given string) error {
	p := a.pool
	if len(p.usernameAttributes) == 0 {
		a.username = given
		return a.checkAliasForm()
	}
	kind, err := p.addressKind(given)
	if err != nil {
		return err
	}
	if own := a.attributes.get(kind); own != "" && p.fold(own) != p.fold(given) {
		return invalid("The username and the attribute %s must be the same.", kind)
	}
	a.attributes, a.username = a.attributes.with(kind, given), a.sub
	return nil
}

// addressKind tells which address a user name is.
func (p *pool) addressKind(name string) (string, error) {
	mail, tel := slices.Contains(p.usernameAttributes, emailAttribute), slices.Contains(p.usernameAttributes, phoneAttribute)
	switch {
	case mail && email.MatchString(name):
		return emailAttribute, nil
	case tel && phone.MatchString(name):
		return phoneAttribute, nil
	case mail && tel:
		return "", invalid("Username should be either an email or a phone number.")
	case mail:
		return "", invalid("Username should be an email.")
	}
	return "", invalid("Username should be a phone number.")
}

// checkAliasForm keeps names apart from the aliases that somebody else may come to have.
func (a *applicant) checkAliasForm() error {
	kinds := a.pool.aliasAttributes
	if slices.Contains(kinds, emailAttribute) && email.MatchString(a.username) {
		return invalid("Username cannot be of email format, since user pool is configured for email alias.")
	}
	if slices.Contains(kinds, phoneAttribute) && phone.MatchString(a.username) {
		return invalid("Username cannot be of phone number format, since user pool is configured for phone number alias.")
	}
	if slices.Contains(kinds, preferredAttribute) && a.client != nil && a.attributes.has(preferredAttribute) {
		return invalid("Attribute preferred_username cannot be provided for unconfirmed account")
	}
	return nil
}

// checkFree refuses a name, or an address that serves as a name, that is taken.
func (a *applicant) checkFree() error {
	p := a.pool
	if p.byName[p.fold(a.username)] != nil {
		return a.nameTaken()
	}
	if a.identities != "" {
		return nil
	}
	for _, kind := range p.usernameAttributes {
		if value := a.attributes.get(kind); value != "" && p.aliases[attribute{kind, p.fold(value)}] != nil {
			return a.addressTaken(kind)
		}
	}
	return nil
}

func (a *applicant) nameTaken() error {
	switch {
	case a.client == nil:
		return refuse("UsernameExistsException", "User account already exists")
	case a.identities != "":
		return refuse("UsernameExistsException", "Already found an entry for username %s", a.username)
	}
	return refuse("UsernameExistsException", "User already exists")
}

func (a *applicant) addressTaken(kind string) error {
	if a.client == nil {
		return refuse("UsernameExistsException", "An account with the %s already exists.", kind)
	}
	return refuse("UsernameExistsException", "An account with the given %s already exists.", kind)
}

// state is the applicant's first state as a user.
func (a *applicant) state() *record {
	own := append(attributes{{subAttribute, a.sub}}, a.attributes...)
	switch {
	case a.imported:
		return &record{attributes: own, status: resetRequired, enabled: true}
	case a.client == nil:
		return &record{attributes: own, status: forceChangePassword, enabled: true}
	case a.identities != "":
		return &record{attributes: a.external(), status: externalProvider, enabled: true}
	}
	own = own.judge(emailAttribute, a.verdict.AutoVerifyEmail).judge(phoneAttribute, a.verdict.AutoVerifyPhone)
	r := &record{attributes: own, status: unconfirmed, enabled: true}
	if a.verdict.AutoConfirmUser {
		r.status = confirmed
	}
	return r
}

// enroll makes a user of the applicant, unless the world has changed while a function was asked. The caller holds
// the lock.
func (s *Service) enroll(a *applicant) (*user, error) {
	if s.pools[a.pool.id] != a.pool {
		return nil, noSuchPool(a.pool.id)
	}
	if err := a.checkFree(); err != nil {
		return nil, err
	}
	u := &user{username: a.username, sub: a.sub, created: s.clock(), born: s.number()}
	first := a.state()
	if err := a.pool.add(u, first, a.take || a.client != nil); err != nil {
		for _, key := range a.pool.claims(first) {
			if a.pool.aliases[key] != nil {
				return nil, a.addressTaken(key.Name)
			}
		}
		return nil, err
	}
	return u, nil
}

// pairs makes a map of a list, as events have validation data; nil stays nil.
func pairs(in []attributeInput) map[string]string {
	if in == nil {
		return nil
	}
	m := map[string]string{}
	for _, a := range in {
		if a.Value != nil {
			m[a.Name] = *a.Value
		}
	}
	return m
}
