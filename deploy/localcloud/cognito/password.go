package cognito

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// policies are a pool's (API Reference, UserPoolPolicyType).
type policies struct {
	PasswordPolicy *passwordPolicy `json:",omitempty"`
	SignInPolicy   *signInPolicy   `json:",omitempty"`
}

type signInPolicy struct {
	AllowedFirstAuthFactors []string `json:",omitempty"`
}

// passwordPolicy is what a password must have (API Reference, PasswordPolicyType).
type passwordPolicy struct {
	MinimumLength                 int
	PasswordHistorySize           awsjson.Refused `json:",omitzero" refused:"no password is kept"`
	RequireLowercase              bool
	RequireNumbers                bool
	RequireSymbols                bool
	RequireUppercase              bool
	TemporaryPasswordValidityDays int `kept:"nobody signs in"`
}

func (p *policies) fill() {
	if p.PasswordPolicy == nil {
		p.PasswordPolicy = &passwordPolicy{
			MinimumLength: 8, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true, RequireUppercase: true,
		}
	}
	if p.PasswordPolicy.MinimumLength == 0 {
		p.PasswordPolicy.MinimumLength = 8
	}
	if p.PasswordPolicy.TemporaryPasswordValidityDays == 0 {
		p.PasswordPolicy.TemporaryPasswordValidityDays = 7
	}
	if p.SignInPolicy == nil {
		p.SignInPolicy = &signInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD"}}
	}
}

// passwordless tells whether users may sign up without a password.
func (p *policies) passwordless() bool {
	return slices.ContainsFunc(p.SignInPolicy.AllowedFirstAuthFactors, func(f string) bool { return strings.HasSuffix(f, "_OTP") })
}

func (p *passwordPolicy) checkItself() error {
	switch {
	case p.MinimumLength < 6:
		return violates(p.MinimumLength, "policies.passwordPolicy.minimumLength", "have value greater than or equal to 6")
	case p.MinimumLength > 99:
		return violates(p.MinimumLength, "policies.passwordPolicy.minimumLength", "have value less than or equal to 99")
	}
	return nil
}

// symbols are the special characters that count (developer guide, "Password requirements"). A space inside counts,
// too.
const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "

// check holds a password to the policy. It is looked at and forgotten.
func (p *passwordPolicy) check(password string) error {
	lacks := func(set string) bool { return !strings.ContainsAny(password, set) }
	fault := ""
	switch {
	case utf8.RuneCountInString(password) < p.MinimumLength:
		fault = "Password not long enough"
	case utf8.RuneCountInString(password) > 256:
		fault = "Password too long"
	case strings.TrimSpace(password) != password:
		return invalid("1 validation error detected: Value at 'password' failed to satisfy constraint: " +
			`Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`)
	case p.RequireUppercase && lacks("ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
		fault = "Password must have uppercase characters"
	case p.RequireLowercase && lacks("abcdefghijklmnopqrstuvwxyz"):
		fault = "Password must have lowercase characters"
	case p.RequireNumbers && lacks(digits):
		fault = "Password must have numeric characters"
	case p.RequireSymbols && lacks(symbols):
		fault = "Password must have symbol characters"
	default:
		return nil
	}
	return refuse("InvalidPasswordException", "Password did not conform with policy: %s", fault)
}
