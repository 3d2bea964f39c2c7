package cognito

import (
	"cmp"
	"context"
	"slices"
)

func (s *Service) forgotPassword(_ context.Context, in *sendInput) (*deliveryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u, err := s.who(&in.userInput)
	switch {
	case c != nil && u == nil && c.pool.LambdaConfig.UserMigration != "":
		return nil, noTrigger("UserMigration")
	case err != nil:
		return nil, err
	case u == nil:
		return pretended(in.Username), nil
	}
	to, err := s.sendReset(c.pool, u)
	return &deliveryOutput{to}, err
}

// sendReset sends a code for a new password, if the user may have one.
func (s *Service) sendReset(p *pool, u *user) (*delivery, error) {
	if err := u.checkResettable(); err != nil {
		return nil, err
	}
	to, err := p.recoverable(u)
	if err != nil {
		return nil, err
	}
	if err := p.LambdaConfig.checkMessages(); err != nil {
		return nil, err
	}
	return s.send(u, forPassword, to, passwordLife), nil
}

type adminResetInput struct {
	adminInput
	messageMetadata
}

// adminResetUserPassword makes the user choose a new password with a code, as if it had been forgotten.
func (s *Service) adminResetUserPassword(_ context.Context, in *adminResetInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(&in.adminInput)
	if err != nil {
		return nil, err
	}
	if _, err := s.sendReset(p, u); err != nil {
		return nil, err
	}
	next := *u.now
	next.status = resetRequired
	return nil, p.commit(u, &next, false)
}

// checkResettable refuses those whom an administrator created and who never signed in, and those who have no password
// here but an identity elsewhere.
func (u *user) checkResettable() error {
	if u.now.status == forceChangePassword || u.now.status == externalProvider {
		return notAuthorized("User password cannot be reset in the current state.")
	}
	return nil
}

// recoverable names the verified address to which a code goes, by the pool's order of preference; without one it is
// the telephone first (API Reference, AccountRecoverySettingType).
func (p *pool) recoverable(u *user) (string, error) {
	order := []recoveryMechanism{{"verified_phone_number", 1}, {"verified_email", 2}}
	if p.AccountRecoverySetting != nil && len(p.AccountRecoverySetting.RecoveryMechanisms) > 0 {
		order = slices.Clone(p.AccountRecoverySetting.RecoveryMechanisms)
		slices.SortStableFunc(order, func(a, b recoveryMechanism) int { return cmp.Compare(a.Priority, b.Priority) })
	}
	kinds := map[string]string{"verified_phone_number": phoneAttribute, "verified_email": emailAttribute}
	for _, m := range order {
		if m.Name == "admin_only" {
			return "", notAuthorized("Contact administrator to reset password.")
		}
		if kind := kinds[m.Name]; u.now.attributes.get(kind) != "" && u.now.attributes.verified(kind) {
			return kind, nil
		}
	}
	return "", invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
}

type confirmForgotPasswordInput struct {
	userInput
	ClientMetadata   map[string]string
	ConfirmationCode string
	Password         string
}

func (s *Service) confirmForgotPassword(ctx context.Context, in *confirmForgotPasswordInput) (*empty, error) {
	tell, err := s.renew(in)
	if err != nil {
		return nil, err
	}
	return nil, s.tellPostConfirmation(ctx, tell)
}

// renew accepts the new password. Whoever could do that is a confirmed user, also if not before.
func (s *Service) renew(in *confirmForgotPasswordInput) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u, err := s.who(&in.userInput)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, expiredCode()
	}
	if err := u.checkResettable(); err != nil {
		return nil, err
	}
	if err := c.pool.Policies.PasswordPolicy.check(in.Password); err != nil {
		return nil, err
	}
	if err := s.check(u, forPassword, in.ConfirmationCode); err != nil {
		return nil, err
	}
	next := *u.now
	next.status = confirmed
	if err := c.pool.commit(u, &next, false); err != nil {
		return nil, err
	}
	u.code = code{}
	return s.postConfirmationCall(c.pool, c, u, confirmForgotPasswordSource, in.ClientMetadata), nil
}
