package cognito

import (
	"context"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// userInput is what most calls through an app client begin with.
type userInput struct {
	ClientId   string
	SecretHash string
	Username   string
	callerContext
}

// messageMetadata is for the trigger that words messages.
type messageMetadata struct {
	ClientMetadata map[string]string `idle:"only the custom message trigger gets it; a call that would have to run that is refused"`
}

// callerContext is what calls through an app client may say about the caller.
type callerContext struct {
	AnalyticsMetadata awsjson.Refused `refused:"there are no analytics"`
	UserContextData   awsjson.Refused `refused:"there is no threat protection"`
}

// who finds client and user. A client that hides who exists gets a nil user instead of an error; else the error comes
// with the client. The caller holds the lock.
func (s *Service) who(in *userInput) (*client, *user, error) {
	c, err := s.admit(in.ClientId, in.Username, in.SecretHash)
	if err != nil {
		return nil, nil, err
	}
	u := c.pool.find(in.Username)
	if u == nil && !c.discreet() {
		return c, nil, noSuchCombination()
	}
	return c, u, nil
}

type confirmSignUpInput struct {
	userInput
	ClientMetadata     map[string]string
	ConfirmationCode   string
	ForceAliasCreation bool
	Session            awsjson.Refused `refused:"nobody signs in"`
}

// confirmSignUp confirms the user first and tells the function then: its error reaches the caller, but changes
// nothing.
func (s *Service) confirmSignUp(ctx context.Context, in *confirmSignUpInput) (*empty, error) {
	tell, err := s.confirm(in)
	if err != nil {
		return nil, err
	}
	return nil, s.tellPostConfirmation(ctx, tell)
}

func (s *Service) confirm(in *confirmSignUpInput) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u, err := s.who(&in.userInput)
	if err != nil {
		return nil, err
	}
	if u == nil {
		return nil, expiredCode()
	}
	if u.now.status != unconfirmed {
		return nil, notConfirmable(u.now.status)
	}
	if err := s.check(u, forSignUp, in.ConfirmationCode); err != nil {
		return nil, err
	}
	next := *u.now
	next.status = confirmed
	next.attributes = next.attributes.judge(c.pool.unproven(u.now.attributes), true)
	if err := c.pool.commit(u, &next, in.ForceAliasCreation); err != nil {
		return nil, err
	}
	u.code = code{}
	return s.postConfirmationCall(c.pool, c, u, confirmSignUpSource, in.ClientMetadata), nil
}

// adminInput is what calls of administrators begin with.
type adminInput struct {
	UserPoolId string
	Username   string
}

type adminConfirmInput struct {
	adminInput
	ClientMetadata map[string]string
}

// whom finds pool and user of an administrator's call. The caller holds the lock.
func (s *Service) whom(in *adminInput) (*pool, *user, error) {
	p, err := s.pool(in.UserPoolId)
	if err != nil {
		return nil, nil, err
	}
	if err := checkUsername(in.Username); err != nil {
		return nil, nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return nil, nil, noSuchUser()
	}
	return p, u, nil
}

func (s *Service) adminConfirmSignUp(ctx context.Context, in *adminConfirmInput) (*empty, error) {
	tell, err := s.adminConfirm(in)
	if err != nil {
		return nil, err
	}
	return nil, s.tellPostConfirmation(ctx, tell)
}

// adminConfirm confirms without a code, so it proves no address.
func (s *Service) adminConfirm(in *adminConfirmInput) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, u, err := s.whom(&in.adminInput)
	if err != nil {
		return nil, err
	}
	if u.now.status != unconfirmed {
		return nil, notConfirmable(u.now.status)
	}
	next := *u.now
	next.status = confirmed
	if err := p.commit(u, &next, false); err != nil {
		return nil, err
	}
	u.code = code{}
	return s.postConfirmationCall(p, nil, u, confirmSignUpSource, in.ClientMetadata), nil
}

type deliveryOutput struct{ CodeDeliveryDetails *delivery }

type sendInput struct {
	userInput
	messageMetadata
}

func (s *Service) resendConfirmationCode(_ context.Context, in *sendInput) (*deliveryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, u, err := s.who(&in.userInput)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return pretended(in.Username), nil
	case u.now.status != unconfirmed:
		return nil, invalid("User is already confirmed.")
	}
	to := c.pool.unproven(u.now.attributes)
	if to == "" {
		return nil, invalid("Auto verification not turned on.")
	}
	if err := c.pool.LambdaConfig.checkMessages(); err != nil {
		return nil, err
	}
	return &deliveryOutput{s.send(u, forSignUp, to, signUpLife)}, nil
}

// pretended is what a client that hides who exists is told about somebody who does not.
func pretended(username string) *deliveryOutput {
	return &deliveryOutput{deliveryTo(emailAttribute, username+"@example.com")}
}
