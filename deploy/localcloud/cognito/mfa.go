package cognito

import (
	"cmp"
	"context"
)

// mfa are the multi-factor settings that stand beside a pool's others: they have calls of their own.
type mfa struct {
	SmsMfaConfiguration           document `json:",omitempty" kept:"nobody signs in"`
	SoftwareTokenMfaConfiguration document `json:",omitempty" kept:"nobody signs in"`
	EmailMfaConfiguration         document `json:",omitempty" kept:"nobody signs in"`
	WebAuthnConfiguration         document `json:",omitempty" kept:"nobody signs in"`
}

type setMfaInput struct {
	UserPoolId       string
	MfaConfiguration string `kept:"nobody signs in"`
	mfa
}

type mfaOutput struct {
	MfaConfiguration string
	mfa
}

func (s *Service) setUserPoolMfaConfig(_ context.Context, in *setMfaInput) (*mfaOutput, error) {
	in.MfaConfiguration = cmp.Or(in.MfaConfiguration, "OFF")
	if err := oneOf(in.MfaConfiguration, "mfaConfiguration", "OFF", "ON", "OPTIONAL"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	p.MfaConfiguration, p.mfa, p.modified = in.MfaConfiguration, in.mfa, s.clock()
	return &mfaOutput{p.MfaConfiguration, p.mfa}, nil
}

func (s *Service) getUserPoolMfaConfig(_ context.Context, in *poolInput) (*mfaOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	return &mfaOutput{p.MfaConfiguration, p.mfa}, nil
}
