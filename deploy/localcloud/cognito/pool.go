package cognito

import (
	"slices"
	"strings"
	"time"
)

// pool is one user pool.
type pool struct {
	id       string
	name     string
	arn      string
	created  time.Time
	modified time.Time
	born     uint64
	service  *Service

	settings
	mfa                mfa
	schema             schema
	aliasAttributes    []string
	usernameAttributes []string
	insensitive        bool // names and aliases that differ only in case are the same
	caseConfigured     bool

	clients []*client
	users   []*user // in order of creation; with a lag, those just deleted as well
	gone    []*user // deleted users that are still in users, oldest first
	byName  map[string]*user
	bySub   map[string]*user
	aliases map[attribute]*user   // who may be called by this address or name
	values  map[attribute][]*user // who has this e-mail address or telephone number
}

func (p *pool) order() uint64 { return p.born }

// fold makes the key under which a name is found.
func (p *pool) fold(name string) string {
	if p.insensitive {
		return strings.ToLower(name)
	}
	return name
}

// find looks a user up by name, sub or alias, nil if there is none (API Reference, AdminGetUser, Username).
func (p *pool) find(name string) *user {
	if u := p.byName[p.fold(name)]; u != nil {
		return u
	}
	if u := p.bySub[name]; u != nil {
		return u
	}
	for _, kind := range p.aliasKinds() {
		if u := p.aliases[attribute{kind, p.fold(name)}]; u != nil {
			return u
		}
	}
	return nil
}

// aliasKinds lists the attributes by which users of this pool can be found.
func (p *pool) aliasKinds() []string {
	if len(p.usernameAttributes) > 0 {
		return p.usernameAttributes
	}
	return p.aliasAttributes
}

// claims lists the aliases that a state of a user has a right to. Where addresses are user names they count from
// the start; else an address counts when it is verified, and a preferred name when the user is confirmed (developer
// guide, "Customizing sign-in attributes").
func (p *pool) claims(r *record) []attribute {
	if r == nil || r.status == externalProvider {
		return nil // who signs in elsewhere has no use for a name here, and is not found by one (observed)
	}
	var list []attribute
	for _, kind := range p.aliasKinds() {
		value := r.attributes.get(kind)
		switch {
		case value == "":
		case len(p.usernameAttributes) > 0,
			kind == preferredAttribute && r.status != unconfirmed,
			kind != preferredAttribute && r.attributes.verified(kind):
			list = append(list, attribute{kind, p.fold(value)})
		}
	}
	return list
}

// addresses lists what values is kept of.
func (p *pool) addresses(r *record) []attribute {
	if r == nil {
		return nil
	}
	var list []attribute
	for _, kind := range []string{emailAttribute, phoneAttribute} {
		if value := r.attributes.get(kind); value != "" {
			list = append(list, attribute{kind, p.fold(value)})
		}
	}
	return list
}

// commit puts a user into a new state, or refuses when an alias belongs to somebody else. With take, an address is
// taken away from its owner, whose own becomes unverified. Nothing changes on a refusal.
func (p *pool) commit(u *user, next *record, take bool) error {
	claims := p.claims(next)
	for _, key := range claims {
		if owner := p.aliases[key]; owner != nil && owner != u && (!take || key.Name == preferredAttribute || len(p.usernameAttributes) > 0) {
			return aliasExists(key.Name)
		}
	}
	for _, key := range claims {
		if owner := p.aliases[key]; owner != nil && owner != u {
			loser := *owner.now
			loser.attributes = loser.attributes.judge(key.Name, false)
			p.set(owner, &loser)
		}
	}
	p.set(u, next)
	return nil
}

// set replaces a user's state and brings the indexes up to date.
func (p *pool) set(u *user, next *record) {
	now := time.Now()
	for _, key := range p.claims(u.now) {
		delete(p.aliases, key)
	}
	for _, key := range p.addresses(u.now) {
		p.values[key] = slices.DeleteFunc(p.values[key], func(x *user) bool { return x == u })
		if len(p.values[key]) == 0 {
			delete(p.values, key)
		}
	}
	if next != nil {
		next.modified = p.service.clock()
	}
	u.replace(next, now, p.service.switches.ListLag)
	for _, key := range p.claims(next) {
		p.aliases[key] = u
	}
	for _, key := range p.addresses(next) {
		p.values[key] = append(p.values[key], u)
	}
}

// add brings in a new user, whose first state it is.
func (p *pool) add(u *user, first *record, take bool) error {
	if err := p.commit(u, first, take); err != nil {
		return err
	}
	p.users = append(p.users, u)
	p.byName[p.fold(u.username)] = u
	p.bySub[u.sub] = u
	return nil
}

// remove takes a user out. ListUsers may see the user for a while.
func (p *pool) remove(u *user) {
	p.set(u, nil)
	delete(p.byName, p.fold(u.username))
	delete(p.bySub, u.sub)
	p.gone = append(p.gone, u)
	p.sweep()
}

// sweep forgets deleted users whom ListUsers shows no more.
func (p *pool) sweep() {
	then := time.Now().Add(-p.service.switches.ListLag)
	for len(p.gone) > 0 && p.gone[0].forgotten(then) {
		if i := following(p.users, p.gone[0].born-1); i < len(p.users) && p.users[i] == p.gone[0] {
			p.users = slices.Delete(p.users, i, i+1)
		}
		p.gone = p.gone[1:]
	}
}
