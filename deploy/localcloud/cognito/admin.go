package cognito

import (
	"context"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// userType is a user as lists show it (API Reference, UserType).
type userType struct {
	Username             string
	Attributes           attributes
	UserCreateDate       timestamp
	UserLastModifiedDate timestamp
	Enabled              bool
	UserStatus           string
}

func (u *user) show(r *record) userType {
	return userType{
		Username: u.username, Attributes: r.attributes, Enabled: r.enabled, UserStatus: r.status,
		UserCreateDate: timestamp(u.created), UserLastModifiedDate: timestamp(r.modified),
	}
}

type adminGetUserOutput struct {
	Username             string
	UserAttributes       attributes
	UserCreateDate       timestamp
	UserLastModifiedDate timestamp
	Enabled              bool
	UserStatus           string
}

func (s *Service) adminGetUser(_ context.Context, in *adminInput) (*adminGetUserOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u, err := s.whom(in)
	if err != nil {
		return nil, err
	}
	v := u.show(u.now)
	return &adminGetUserOutput{v.Username, v.Attributes, v.UserCreateDate, v.UserLastModifiedDate, v.Enabled, v.UserStatus}, nil
}

type adminCreateUserInput struct {
	adminInput
	ClientMetadata         map[string]string
	MessageAction          string
	TemporaryPassword      string
	ForceAliasCreation     bool
	UserAttributes         []attributeInput
	ValidationData         []attributeInput
	DesiredDeliveryMediums awsjson.Refused `refused:"no invitation leaves"`
}

type adminCreateUserOutput struct{ User userType }

// adminCreateUser asks the pre sign-up function, whose flags have no effect here. It never tells the post
// confirmation function, and nothing that comes later for this user does, but a forgotten password.
func (s *Service) adminCreateUser(ctx context.Context, in *adminCreateUserInput) (*adminCreateUserOutput, error) {
	if in.MessageAction != "" {
		if err := oneOf(in.MessageAction, "messageAction", "RESEND", "SUPPRESS"); err != nil {
			return nil, err
		}
	}
	if in.MessageAction == "RESEND" {
		return s.resendInvitation(&in.adminInput)
	}
	a, err := s.nominate(in)
	if err != nil {
		return nil, err
	}
	if err := s.askPreSignUp(ctx, a); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.enroll(a)
	if err != nil {
		return nil, err
	}
	return &adminCreateUserOutput{u.show(u.now)}, nil
}

// nominate checks all that can be checked before a function is asked. Attributes that the pool requires need not
// be there yet.
func (s *Service) nominate(in *adminCreateUserInput) (*applicant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := checkUsername(in.Username); err != nil {
		return nil, err
	}
	if in.MessageAction != "SUPPRESS" {
		if err := p.LambdaConfig.checkMessages(); err != nil {
			return nil, err
		}
	}
	if in.TemporaryPassword != "" {
		if err := p.Policies.PasswordPolicy.check(in.TemporaryPassword); err != nil {
			return nil, err
		}
	}
	a := &applicant{pool: p, sub: s.uuid(), validation: pairs(in.ValidationData), metadata: in.ClientMetadata, take: in.ForceAliasCreation}
	if a.attributes, err = p.read(in.UserAttributes, true); err != nil {
		return nil, err
	}
	if err := a.name(in.Username); err != nil {
		return nil, err
	}
	if err := a.checkFree(); err != nil {
		return nil, err
	}
	a.preSignUp = s.preSignUpCall(p, a)
	return a, nil
}

func (s *Service) resendInvitation(in *adminInput) (*adminCreateUserOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(in)
	if err != nil {
		return nil, err
	}
	if err := p.LambdaConfig.checkMessages(); err != nil {
		return nil, err
	}
	if u.now.status != forceChangePassword {
		return nil, refuse("UnsupportedUserStateException", "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", u.username)
	}
	return &adminCreateUserOutput{u.show(u.now)}, nil
}

func (s *Service) adminDeleteUser(_ context.Context, in *adminInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(in)
	if err != nil {
		return nil, err
	}
	p.remove(u)
	return nil, nil
}

type adminSetUserPasswordInput struct {
	adminInput
	Password  string
	Permanent bool
}

// adminSetUserPassword may confirm a user, and calls no trigger all the same (observed).
func (s *Service) adminSetUserPassword(_ context.Context, in *adminSetUserPasswordInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(&in.adminInput)
	if err != nil {
		return nil, err
	}
	if err := p.Policies.PasswordPolicy.check(in.Password); err != nil {
		return nil, err
	}
	next := *u.now
	next.status = forceChangePassword
	if in.Permanent {
		next.status = confirmed
	}
	return nil, p.commit(u, &next, false)
}

func (s *Service) adminDisableUser(_ context.Context, in *adminInput) (*empty, error) {
	return s.enable(in, false)
}

func (s *Service) adminEnableUser(_ context.Context, in *adminInput) (*empty, error) {
	return s.enable(in, true)
}

// enable says whether a user may sign in.
func (s *Service) enable(in *adminInput, may bool) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(in)
	if err != nil {
		return nil, err
	}
	next := *u.now
	next.enabled = may
	return nil, p.commit(u, &next, false)
}
