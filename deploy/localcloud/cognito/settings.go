package cognito

import "encoding/json"

// document is an object that is kept as it came.
type document map[string]json.RawMessage

// settings are what CreateUserPool sets and UpdateUserPool sets anew, whole: what an update leaves out goes back to
// its default (API Reference, UpdateUserPool). Those that are kept are so for the sake of who reads a pool, changes one
// thing and writes all of it back.
type settings struct {
	AccountRecoverySetting      *accountRecovery             `json:",omitempty"`
	AdminCreateUserConfig       *adminCreateUserConfig       `json:",omitempty"`
	AutoVerifiedAttributes      []string                     `json:",omitempty"`
	DeletionProtection          string                       `json:",omitempty"`
	LambdaConfig                lambdaConfig                 // shown even when empty
	Policies                    *policies                    `json:",omitempty"`
	UserAttributeUpdateSettings *userAttributeUpdateSettings `json:",omitempty"`
	VerificationMessageTemplate *messageTemplate             `json:",omitempty"`

	DeviceConfiguration      document          `json:",omitempty" kept:"nobody signs in"`
	EmailConfiguration       document          `json:",omitempty" kept:"no mail leaves"`
	EmailVerificationMessage *string           `json:",omitempty" kept:"no mail leaves"`
	EmailVerificationSubject *string           `json:",omitempty" kept:"no mail leaves"`
	IssuerConfiguration      document          `json:",omitempty" kept:"there are no tokens"`
	KeyConfiguration         document          `json:",omitempty" kept:"nothing is encrypted"`
	MfaConfiguration         string            `json:",omitempty" kept:"nobody signs in"`
	SmsAuthenticationMessage *string           `json:",omitempty" kept:"nobody signs in"`
	SmsConfiguration         document          `json:",omitempty" kept:"no text message leaves"`
	SmsVerificationMessage   *string           `json:",omitempty" kept:"no text message leaves"`
	UserPoolAddOns           document          `json:",omitempty" kept:"there is no threat protection"`
	UserPoolTags             map[string]string `json:",omitempty" kept:"tags are for bills and permissions"`
	UserPoolTier             string            `json:",omitempty" kept:"nothing is billed"`
}

type adminCreateUserConfig struct {
	AllowAdminCreateUserOnly  bool
	InviteMessageTemplate     document `json:",omitempty" kept:"no invitation leaves"`
	UnusedAccountValidityDays int      `json:",omitempty" kept:"nobody signs in, so no temporary password runs out"`
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

// messageTemplate says how users confirm. The texts are kept; no mail leaves.
type messageTemplate struct {
	DefaultEmailOption string  `json:",omitempty"`
	EmailMessage       *string `json:",omitempty" kept:"no mail leaves"`
	EmailMessageByLink *string `json:",omitempty" kept:"no mail leaves"`
	EmailSubject       *string `json:",omitempty" kept:"no mail leaves"`
	EmailSubjectByLink *string `json:",omitempty" kept:"no mail leaves"`
	SmsMessage         *string `json:",omitempty" kept:"no text message leaves"`
}

// check refuses what can't be done: there is no page behind a link.
func (t *messageTemplate) check() error {
	if t == nil || t.DefaultEmailOption == "" {
		return nil
	}
	if err := oneOf(t.DefaultEmailOption, "verificationMessageTemplate.defaultEmailOption", "CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE"); err != nil {
		return err
	}
	if t.DefaultEmailOption == "CONFIRM_WITH_LINK" {
		return unsupported("the local cloud does not offer VerificationMessageTemplate.DefaultEmailOption CONFIRM_WITH_LINK: there is no page to follow a link to")
	}
	return nil
}

// check holds settings to their enumerations and fills in the defaults.
func (s *settings) check() error {
	if err := s.LambdaConfig.check(); err != nil {
		return err
	}
	if err := s.VerificationMessageTemplate.check(); err != nil {
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
	if err := oneOf(s.UserPoolTier, "userPoolTier", "LITE", "ESSENTIALS", "PLUS"); err != nil {
		return err
	}
	return s.Policies.PasswordPolicy.checkItself()
}

// fill puts in what a pool has when nothing is said.
func (s *settings) fill() {
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
