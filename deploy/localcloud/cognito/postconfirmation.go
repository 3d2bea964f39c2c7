package cognito

import "context"

// The sources of the post confirmation trigger.
const (
	confirmSignUpSource         = "PostConfirmation_ConfirmSignUp"
	confirmForgotPasswordSource = "PostConfirmation_ConfirmForgotPassword"
)

// postConfirmationRequest is the event's request; clientMetadata is absent when the caller gave none.
type postConfirmationRequest struct {
	UserAttributes object            `json:"userAttributes"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

// postConfirmationCall prepares the trigger for a user who is confirmed now, nil if the pool has none. It is made
// under the lock that confirmed the user, and run after it: the event shows that moment.
func (s *Service) postConfirmationCall(p *pool, c *client, u *user, source string, metadata map[string]string) *call {
	arn := p.LambdaConfig.PostConfirmation
	if arn == "" {
		return nil
	}
	request := postConfirmationRequest{UserAttributes: p.eventAttributes(u), ClientMetadata: metadata}
	return &call{postConfirmationTrigger, arn, s.newEvent(p, c, u.username, source, request, struct{}{})}
}

// tellPostConfirmation runs the trigger. Its error is the caller's; the user is confirmed all the same.
func (s *Service) tellPostConfirmation(ctx context.Context, c *call) error {
	if c == nil {
		return nil
	}
	_, err := s.run(ctx, c)
	return err
}

// eventAttributes are a user's attributes as events show them: with the state of the user and, where addresses are
// aliases, the aliases.
func (p *pool) eventAttributes(u *user) object {
	own := u.now.attributes
	list := object{{subAttribute, u.sub}}
	if own.has(emailAttribute + verifiedSuffix) {
		list = append(list, attribute{emailAttribute + verifiedSuffix, own.get(emailAttribute + verifiedSuffix)})
	}
	list = append(list, attribute{statusFilter, u.now.status})
	for _, kind := range p.aliasAttributes {
		if kind != preferredAttribute && own.verified(kind) {
			list = append(list, attribute{"cognito:" + kind + "_alias", own.get(kind)})
		}
	}
	for _, a := range own {
		if a.Name != subAttribute && a.Name != emailAttribute+verifiedSuffix {
			list = append(list, a)
		}
	}
	return list
}
