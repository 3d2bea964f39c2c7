package cognito

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"unicode/utf8"
)

// FederatedSignIn is one sign-in of a user whom an outside provider knows, at the moment when the provider has vouched
// for them. It is the JSON of POST /_local/federated.
type FederatedSignIn struct {
	Pool     string `json:"pool"`     // pool id
	Client   string `json:"client"`   // app client's id; "" means the pool's first
	Provider string `json:"provider"` // the provider's name in the pool, 1 to 32 characters: "Google"
	// ProviderType is what identities says. "" means the provider's name where that is one of AWS's social providers,
	// and OIDC for all others.
	ProviderType string            `json:"providerType"`
	ID           string            `json:"id"`         // the user's id at the provider
	Attributes   map[string]string `json:"attributes"` // as the pool's attribute mapping would make them; blank ones are left out
}

// FederatedUser is who signed in.
type FederatedUser struct {
	Username string `json:"username"` // <provider>_<id>
	Sub      string `json:"sub"`
	Status   string `json:"status"` // EXTERNAL_PROVIDER, or CONFIRMED once an administrator has set a password
	First    bool   `json:"first"`  // whether the user was created by this sign-in
}

// SignInFederated plays the part of managed login and an identity provider. The first sign-in of a user asks
// PreSignUp_ExternalProvider, whose flags mean nothing here, creates the user, and tells PostConfirmation_ConfirmSignUp,
// whose error reaches the caller while the user stays. Later ones write the attributes anew and call neither
// (developer guide, "Customizing user pool workflows with Lambda triggers" and "Specifying identity provider attribute
// mappings"). Errors are *awsjson.Error, of the types that Cognito's operations have; managed login shows their texts.
func (s *Service) SignInFederated(ctx context.Context, in FederatedSignIn) (*FederatedUser, error) {
	if !s.within(userFederation) {
		return nil, throttled()
	}
	a, known, err := s.welcome(&in)
	if err != nil || known != nil {
		return known, err
	}
	if err := s.askPreSignUp(ctx, a); err != nil {
		return nil, err
	}
	created, tell, err := s.admitFederated(a)
	if err != nil {
		return nil, err
	}
	if err := s.tellPostConfirmation(ctx, tell); err != nil {
		return nil, err
	}
	return created, nil
}

// welcome finds out who it is: somebody known, who is brought up to date, or an applicant.
func (s *Service) welcome(in *FederatedSignIn) (*applicant, *FederatedUser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.clientFor(in)
	if err != nil {
		return nil, nil, err
	}
	p, name := c.pool, in.Provider+"_"+in.ID
	if err := in.check(name); err != nil {
		return nil, nil, err
	}
	if p.LambdaConfig.InboundFederation != nil {
		return nil, nil, noTrigger("InboundFederation")
	}
	u := p.byName[p.fold(name)]
	own, err := c.mapped(in.Attributes, u == nil)
	switch {
	case err != nil:
		return nil, nil, err
	case u != nil:
		known, err := p.signInAgain(u, own)
		return nil, known, err
	}
	if err := p.checkRequired(own); err != nil {
		return nil, nil, err
	}
	a := &applicant{pool: p, client: c, username: name, sub: s.uuid(), attributes: own, validation: map[string]string{}, identities: in.identities(s.clock().UnixMilli())}
	a.preSignUp = s.preSignUpCall(p, a)
	return a, nil, nil
}

// clientFor finds the app client that the sign-in goes through. The caller holds the lock.
func (s *Service) clientFor(in *FederatedSignIn) (*client, error) {
	p, err := s.pool(in.Pool)
	switch {
	case err != nil:
		return nil, err
	case in.Client != "":
		return s.clientOf(in.Pool, in.Client)
	case len(p.clients) == 0:
		return nil, invalid("The user pool %s has no app client to sign in through.", p.id)
	}
	return p.clients[0], nil
}

func (in *FederatedSignIn) check(name string) error {
	switch {
	case in.Provider == "":
		return violates(nil, "provider", "not be null")
	case utf8.RuneCountInString(in.Provider) > 32:
		return violates(in.Provider, "provider", "have length less than or equal to 32")
	case in.ID == "":
		return violates(nil, "id", "not be null")
	}
	return checkUsername(name)
}

// mapped are a provider's attributes as the pool takes them. The client must be allowed to write them (API Reference,
// UserPoolClientType, WriteAttributes), but for the verified flags, which no client can be. An immutable one fails all
// sign-ins but the first.
func (c *client) mapped(given map[string]string, creating bool) (attributes, error) {
	var list []attributeInput
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if value := given[name]; value != "" {
			list = append(list, attributeInput{Name: name, Value: &value})
		}
	}
	own, err := c.pool.read(list, creating)
	if err != nil {
		return nil, err
	}
	for _, a := range own {
		flag := a.Name == emailAttribute+verifiedSuffix || a.Name == phoneAttribute+verifiedSuffix
		if !flag && !c.mayWrite(a.Name) {
			return nil, notAuthorized("A client attempted to write unauthorized attribute")
		}
	}
	return own, nil
}

// socialTypes are the providers whose type is their name (API Reference, CreateIdentityProvider).
var socialTypes = []string{"Facebook", "Google", "LoginWithAmazon", "SignInWithApple"}

// identities is the attribute in which the pool keeps the provider's id (observed).
func (in *FederatedSignIn) identities(created int64) string {
	kind := cmp.Or(in.ProviderType, "OIDC")
	if in.ProviderType == "" && slices.Contains(socialTypes, in.Provider) {
		kind = in.Provider
	}
	text, _ := json.Marshal([]struct { // strings, a bool and a number: can't fail
		UserID       string  `json:"userId"`
		ProviderName string  `json:"providerName"`
		ProviderType string  `json:"providerType"`
		Issuer       *string `json:"issuer"`
		Primary      bool    `json:"primary"`
		DateCreated  int64   `json:"dateCreated"` // milliseconds
	}{{in.ID, in.Provider, kind, nil, true, created}})
	return string(text)
}

// external are the attributes of a user who was created by a federated sign-in. An address is as verified as the
// provider's mapping says, and so by default is not.
func (a *applicant) external() attributes {
	own := append(attributes{{subAttribute, a.sub}, {identities, a.identities}}, a.attributes...)
	for _, kind := range []string{emailAttribute, phoneAttribute} {
		own = own.judge(kind, own.verified(kind))
	}
	return own
}

func (s *Service) admitFederated(a *applicant) (*FederatedUser, *call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.enroll(a)
	if err != nil {
		return nil, nil, err
	}
	return u.federated(true), s.postConfirmationCall(a.pool, a.client, u, confirmSignUpSource, nil), nil
}

func (u *user) federated(first bool) *FederatedUser {
	return &FederatedUser{Username: u.username, Sub: u.sub, Status: u.now.status, First: first}
}

// signInAgain writes what the provider says now over what was there.
func (p *pool) signInAgain(u *user, own attributes) (*FederatedUser, error) {
	switch {
	case !u.now.attributes.has(identities):
		return nil, refuse("UsernameExistsException", "Already found an entry for username %s", u.username)
	case !u.now.enabled:
		return nil, notAuthorized("User is disabled.")
	}
	next := *u.now
	for _, a := range own {
		changed := next.attributes.get(a.Name) != a.Value
		next.attributes = next.attributes.with(a.Name, a.Value)
		if address := a.Name == emailAttribute || a.Name == phoneAttribute; address && changed && !own.has(a.Name+verifiedSuffix) {
			next.attributes = next.attributes.judge(a.Name, false)
		}
	}
	if err := p.commit(u, &next, false); err != nil {
		return nil, err
	}
	return u.federated(false), nil
}
