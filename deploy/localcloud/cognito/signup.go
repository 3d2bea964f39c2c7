package cognito

import (
	"context"
	"slices"
)

type signUpInput struct {
	ClientId       string
	SecretHash     string
	Username       string
	Password       string
	UserAttributes []attributeInput
	ValidationData []attributeInput
	ClientMetadata map[string]string
	callerContext
}

type signUpOutput struct {
	UserConfirmed       bool
	UserSub             string
	CodeDeliveryDetails *delivery `json:",omitempty"`
}

// signUp asks the pre sign-up function, creates the user, and tells the post confirmation function if the first
// one confirmed the user.
func (s *Service) signUp(ctx context.Context, in *signUpInput) (*signUpOutput, error) {
	a, err := s.apply(in)
	if err != nil {
		return nil, err
	}
	if err := s.askPreSignUp(ctx, a); err != nil {
		return nil, err
	}
	out, tell, err := s.admitted(a)
	if err != nil {
		return nil, err
	}
	if err := s.tellPostConfirmation(ctx, tell); err != nil {
		return nil, err
	}
	return out, nil
}

// apply checks all that can be checked before a function is asked.
func (s *Service) apply(in *signUpInput) (*applicant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.admit(in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, err
	}
	p := c.pool
	if p.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return nil, notAuthorized("SignUp is not permitted for this user pool")
	}
	if in.Password != "" || !p.Policies.passwordless() {
		if err := p.Policies.PasswordPolicy.check(in.Password); err != nil {
			return nil, err
		}
	}
	a := &applicant{pool: p, client: c, sub: s.uuid(), validation: pairs(in.ValidationData), metadata: in.ClientMetadata}
	if a.attributes, err = p.read(in.UserAttributes, true); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(a.attributes, func(x attribute) bool { return !c.mayWrite(x.Name) }) {
		return nil, notAuthorized("A client attempted to write unauthorized attribute")
	}
	if err := a.name(in.Username); err != nil {
		return nil, err
	}
	if err := p.checkRequired(a.attributes); err != nil {
		return nil, err
	}
	if err := a.checkFree(); err != nil {
		return nil, err
	}
	a.preSignUp = s.preSignUpCall(p, a)
	return a, nil
}

// admitted creates the user, and sends a code or prepares the post confirmation trigger.
func (s *Service) admitted(a *applicant) (*signUpOutput, *call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := a.pool.unproven(a.attributes)
	if to != "" && !a.verdict.AutoConfirmUser {
		if err := a.pool.LambdaConfig.checkMessages(); err != nil {
			return nil, nil, err
		}
	}
	u, err := s.enroll(a)
	if err != nil {
		return nil, nil, err
	}
	out := &signUpOutput{UserConfirmed: u.now.status == confirmed, UserSub: u.sub}
	if out.UserConfirmed {
		return out, s.postConfirmationCall(a.pool, a.client, u, confirmSignUpSource, a.metadata), nil
	}
	if to != "" {
		out.CodeDeliveryDetails = s.send(u, forSignUp, to, signUpLife)
	}
	return out, nil, nil
}

// unproven names the address that a new user has to prove, "" if the pool does not ask for it. A telephone comes
// before e-mail (API Reference, SignUp).
func (p *pool) unproven(own attributes) string {
	for _, kind := range []string{phoneAttribute, emailAttribute} {
		if slices.Contains(p.AutoVerifiedAttributes, kind) && own.has(kind) {
			return kind
		}
	}
	return ""
}
