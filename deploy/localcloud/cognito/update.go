package cognito

import (
	"context"
	"slices"
)

type adminUpdateUserAttributesInput struct {
	adminInput
	messageMetadata
	UserAttributes []attributeInput
}

// adminUpdateUserAttributes writes all attributes of the call or none. App clients' lists don't matter here.
func (s *Service) adminUpdateUserAttributes(_ context.Context, in *adminUpdateUserAttributesInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(&in.adminInput)
	if err != nil {
		return nil, err
	}
	if in.UserAttributes == nil {
		return nil, violates(nil, "userAttributes", "not be null")
	}
	change, err := p.read(in.UserAttributes, false)
	if err != nil {
		return nil, err
	}
	if err := p.checkProof(u, change); err != nil {
		return nil, err
	}
	next := *u.now
	for _, a := range change {
		next.attributes = p.apply(next.attributes, a, change.has(a.Name+verifiedSuffix))
	}
	return nil, p.commit(u, &next, false)
}

// apply writes one attribute. A new e-mail address or telephone number is unverified, unless the call says what it
// is; where the pool wants it verified first, the old one stays (API Reference, AdminUpdateUserAttributes).
func (p *pool) apply(own attributes, a attribute, judged bool) attributes {
	if a.Name != emailAttribute && a.Name != phoneAttribute {
		if a.Value == "" {
			return own.without(a.Name)
		}
		return own.with(a.Name, a.Value)
	}
	switch {
	case a.Value == "":
		return own.without(a.Name).without(a.Name + verifiedSuffix)
	case judged || own.get(a.Name) == a.Value:
		return own.with(a.Name, a.Value)
	case p.verifiesFirst(a.Name) && own.has(a.Name):
		return own
	}
	return own.with(a.Name, a.Value).judge(a.Name, false)
}

// checkProof refuses a change that makes Cognito send a code to a new address, if the pool words such messages itself.
// No code is sent here: what would take it, VerifyUserAttribute, is not offered.
func (p *pool) checkProof(u *user, change attributes) error {
	for _, kind := range []string{emailAttribute, phoneAttribute} {
		value := change.get(kind)
		asks := slices.Contains(p.AutoVerifiedAttributes, kind) && !change.has(kind+verifiedSuffix)
		if asks && value != "" && value != u.now.attributes.get(kind) {
			return p.LambdaConfig.checkMessages()
		}
	}
	return nil
}

func (p *pool) verifiesFirst(name string) bool {
	u := p.UserAttributeUpdateSettings
	return u != nil && slices.Contains(u.AttributesRequireVerificationBeforeUpdate, name)
}

type adminDeleteUserAttributesInput struct {
	adminInput
	UserAttributeNames []string
}

// adminDeleteUserAttributes has the rules of writing a blank value.
func (s *Service) adminDeleteUserAttributes(ctx context.Context, in *adminDeleteUserAttributesInput) (*empty, error) {
	if in.UserAttributeNames == nil {
		return nil, violates(nil, "userAttributeNames", "not be null")
	}
	blank, list := "", []attributeInput{}
	for _, name := range in.UserAttributeNames {
		list = append(list, attributeInput{Name: name, Value: &blank})
	}
	return s.adminUpdateUserAttributes(ctx, &adminUpdateUserAttributesInput{adminInput: in.adminInput, UserAttributes: list})
}
