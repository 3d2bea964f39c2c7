package cognito

import (
	"context"
	"encoding/json"
)

// The sources of the pre sign-up trigger.
const (
	preSignUpSource      = "PreSignUp_SignUp"
	preAdminCreateSource = "PreSignUp_AdminCreateUser"
	preExternalSource    = "PreSignUp_ExternalProvider"
)

// preSignUpRequest is the event's request. The attributes are those of the call: there is no user yet, and no sub.
type preSignUpRequest struct {
	UserAttributes object            `json:"userAttributes"`
	ValidationData map[string]string `json:"validationData"` // null when the caller gave none
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

// preSignUpResponse is what the function may say. A flag that is missing or null is false.
type preSignUpResponse struct {
	AutoConfirmUser bool `json:"autoConfirmUser"`
	AutoVerifyEmail bool `json:"autoVerifyEmail"`
	AutoVerifyPhone bool `json:"autoVerifyPhone"`
}

// askPreSignUp lets the pool's function, if there is one, decide about a user who is about to be created.
func (s *Service) askPreSignUp(ctx context.Context, a *applicant) error {
	if a.preSignUp == nil {
		return nil
	}
	raw, err := s.run(ctx, a.preSignUp)
	if err != nil {
		return err
	}
	var verdict preSignUpResponse
	if err := json.Unmarshal(raw, &verdict); err != nil {
		return unrecognizable()
	}
	if a.client == nil || a.identities != "" {
		return nil // the flags mean nothing for whom an administrator creates, and for whom another provider knows
	}
	a.verdict = verdict
	return a.checkVerdict()
}

// checkVerdict refuses what a function can't have (developer guide, "Pre sign-up Lambda trigger": a flag for an
// attribute without value is an error; that verifying needs confirming is observed).
func (a *applicant) checkVerdict() error {
	switch v := a.verdict; {
	case (v.AutoVerifyEmail || v.AutoVerifyPhone) && !v.AutoConfirmUser:
		return refuse("InvalidLambdaResponseException", "Phone or email cannot be auto verified, when user is not being auto confirmed.")
	case v.AutoVerifyEmail && a.attributes.get(emailAttribute) == "":
		return refuse("InvalidLambdaResponseException", "Email cannot be auto verified, when it has no value.")
	case v.AutoVerifyPhone && a.attributes.get(phoneAttribute) == "":
		return refuse("InvalidLambdaResponseException", "Phone cannot be auto verified, when it has no value.")
	}
	return nil
}

// preSignUpCall prepares the trigger, nil if the pool has none.
func (s *Service) preSignUpCall(p *pool, a *applicant) *call {
	arn := p.LambdaConfig.PreSignUp
	if arn == "" {
		return nil
	}
	source, own := preSignUpSource, object(a.attributes)
	switch {
	case a.client == nil:
		source = preAdminCreateSource
	case a.identities != "":
		// The two blank aliases and the empty validation data are observed.
		source = preExternalSource
		own = append(object{{"cognito:email_alias", ""}, {"cognito:phone_number_alias", ""}}, own...)
	}
	request := preSignUpRequest{UserAttributes: own, ValidationData: a.validation, ClientMetadata: a.metadata}
	return &call{preSignUpTrigger, arn, s.newEvent(p, a.client, a.username, source, request, preSignUpResponse{})}
}
