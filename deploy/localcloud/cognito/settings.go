package cognito

import (
	"encoding/json"
	"regexp"
)

// settings are what CreateUserPool sets and UpdateUserPool sets anew, whole: what an update leaves out goes back to
// its default (API Reference, UpdateUserPool). Those that change nothing here are kept as they came.
type settings struct {
	AdminCreateUserConfig       *adminCreateUserConfig       `json:",omitempty"`
	AutoVerifiedAttributes      []string                     `json:",omitempty"`
	DeletionProtection          string                       `json:",omitempty"`
	LambdaConfig                lambdaConfig                 // shown even when empty
	MfaConfiguration            string                       `json:",omitempty"`
	Policies                    *policies                    `json:",omitempty"`
	UserAttributeUpdateSettings *userAttributeUpdateSettings `json:",omitempty"`
	UserPoolTier                string                       `json:",omitempty"`

	AccountRecoverySetting      *accountRecovery `json:",omitempty"`
	DeviceConfiguration         json.RawMessage  `json:",omitempty"`
	EmailConfiguration          json.RawMessage  `json:",omitempty"`
	EmailVerificationMessage    json.RawMessage  `json:",omitempty"`
	EmailVerificationSubject    json.RawMessage  `json:",omitempty"`
	IssuerConfiguration         json.RawMessage  `json:",omitempty"`
	KeyConfiguration            json.RawMessage  `json:",omitempty"`
	SmsAuthenticationMessage    json.RawMessage  `json:",omitempty"`
	SmsConfiguration            json.RawMessage  `json:",omitempty"`
	SmsVerificationMessage      json.RawMessage  `json:",omitempty"`
	UserPoolAddOns              json.RawMessage  `json:",omitempty"`
	UserPoolTags                json.RawMessage  `json:",omitempty"`
	VerificationMessageTemplate json.RawMessage  `json:",omitempty"`
}

type adminCreateUserConfig struct {
	AllowAdminCreateUserOnly  bool
	InviteMessageTemplate     json.RawMessage `json:",omitempty"`
	UnusedAccountValidityDays int             `json:",omitempty"`
}

type userAttributeUpdateSettings struct {
	AttributesRequireVerificationBeforeUpdate []string
}

type accountRecovery struct {
	RecoveryMechanisms []recoveryMechanism
}

type recoveryMechanism struct {
	Name     string
	Priority int
}

// lambdaConfig is kept whole; of its triggers, two are ever called here.
type lambdaConfig map[string]json.RawMessage

// The triggers that this fake calls, by their names in a LambdaConfig.
const (
	preSignUpTrigger        = "PreSignUp"
	postConfirmationTrigger = "PostConfirmation"
)

// arn gives a trigger's function, "" for none.
func (c lambdaConfig) arn(trigger string) string {
	var arn string
	_ = json.Unmarshal(c[trigger], &arn) // checked when it was set
	return arn
}

// arnPattern is the one of the API Reference, LambdaConfigType.
var arnPattern = regexp.MustCompile(`^arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?$`)

func (c lambdaConfig) check() error {
	for _, trigger := range []string{preSignUpTrigger, postConfirmationTrigger} {
		raw, ok := c[trigger]
		if !ok || string(raw) == "null" {
			continue
		}
		var arn string
		if err := json.Unmarshal(raw, &arn); err != nil {
			return refuse("SerializationException", "lambdaConfig.%s is not a string", trigger)
		}
		if !arnPattern.MatchString(arn) {
			return violates(arn, "lambdaConfig."+trigger, "satisfy regular expression pattern: %s", arnPattern)
		}
	}
	return nil
}

// check holds settings to their enumerations and fills in the defaults.
func (s *settings) check() error {
	if err := s.LambdaConfig.check(); err != nil {
		return err
	}
	for _, a := range s.AutoVerifiedAttributes {
		if err := oneOf(a, "autoVerifiedAttributes", phoneAttribute, emailAttribute); err != nil {
			return err
		}
	}
	if s.UserAttributeUpdateSettings != nil {
		for _, a := range s.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate {
			if err := oneOf(a, "attributesRequireVerificationBeforeUpdate", phoneAttribute, emailAttribute); err != nil {
				return err
			}
		}
	}
	s.fill()
	if err := oneOf(s.DeletionProtection, "deletionProtection", "ACTIVE", "INACTIVE"); err != nil {
		return err
	}
	if err := oneOf(s.MfaConfiguration, "mfaConfiguration", "OFF", "ON", "OPTIONAL"); err != nil {
		return err
	}
	return s.Policies.PasswordPolicy.checkItself()
}

// fill puts in what a pool has when nothing is said.
func (s *settings) fill() {
	if s.LambdaConfig == nil {
		s.LambdaConfig = lambdaConfig{}
	}
	if s.AdminCreateUserConfig == nil {
		s.AdminCreateUserConfig = new(adminCreateUserConfig)
	}
	if s.DeletionProtection == "" {
		s.DeletionProtection = "INACTIVE"
	}
	if s.MfaConfiguration == "" {
		s.MfaConfiguration = "OFF"
	}
	if s.UserPoolTier == "" {
		s.UserPoolTier = "ESSENTIALS"
	}
	if s.Policies == nil {
		s.Policies = new(policies)
	}
	s.Policies.fill()
}
