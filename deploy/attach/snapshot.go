package attach

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Snapshot is a pool with all its settings at one moment: what a backup file holds. It has no user and no secret, but the
// texts of messages and the ids of roles.
type Snapshot struct {
	Pool types.UserPoolType
	MFA  idp.GetUserPoolMfaConfigOutput
}

// Look reads a pool whole. ErrUnknownSetting, with the names, if the answer has something that this program would lose.
func Look(ctx context.Context, pools Pools, pool string) (Snapshot, error) {
	var raw recorder
	out, err := pools.DescribeUserPool(ctx, &idp.DescribeUserPoolInput{UserPoolId: &pool}, raw.record)
	if err != nil {
		return Snapshot{}, fmt.Errorf("attach: describe user pool: %w", err)
	}
	if unknown := raw.unknown(); len(unknown) > 0 {
		return Snapshot{}, fmt.Errorf("%w: %v", ErrUnknownSetting, unknown)
	}
	mfa, err := pools.GetUserPoolMfaConfig(ctx, &idp.GetUserPoolMfaConfigInput{UserPoolId: &pool})
	if err != nil {
		return Snapshot{}, fmt.Errorf("attach: get the pool's multi-factor settings: %w", err)
	}
	s := Snapshot{Pool: *out.UserPool, MFA: *mfa}
	s.MFA.ResultMetadata = idp.GetUserPoolMfaConfigOutput{}.ResultMetadata
	return s, nil
}

func (s *Snapshot) modified() time.Time { return aws.ToTime(s.Pool.LastModifiedDate) }

// settings are all settings, flattened: what a change must leave alone. Counts and dates are none, and the days that
// UnusedAccountValidityDays repeats of the password policy are not its own.
func (s *Snapshot) settings() map[string]string {
	pool := s.Pool
	pool.EstimatedNumberOfUsers, pool.LastModifiedDate, pool.CreationDate = 0, nil, nil
	if pool.AdminCreateUserConfig != nil && repeatsDays(&pool) {
		admin := *pool.AdminCreateUserConfig
		admin.UnusedAccountValidityDays = 0
		pool.AdminCreateUserConfig = &admin
	}
	return flatten(pool)
}

// factors are the multi-factor settings that UpdateUserPool has no member for.
func (s *Snapshot) factors() map[string]string { return flatten(s.MFA) }

// mfaCall writes the multi-factor settings back.
func (s *Snapshot) mfaCall() *idp.SetUserPoolMfaConfigInput {
	return &idp.SetUserPoolMfaConfigInput{UserPoolId: s.Pool.Id, MfaConfiguration: s.MFA.MfaConfiguration, SmsMfaConfiguration: s.MFA.SmsMfaConfiguration,
		SoftwareTokenMfaConfiguration: s.MFA.SoftwareTokenMfaConfiguration, EmailMfaConfiguration: s.MFA.EmailMfaConfiguration,
		WebAuthnConfiguration: s.MFA.WebAuthnConfiguration}
}

// repeatsDays tells whether the password policy has the days of a temporary password. The older setting may not be sent
// beside it (AWS API reference, AdminCreateUserConfigType).
func repeatsDays(p *types.UserPoolType) bool {
	return p.Policies != nil && p.Policies.PasswordPolicy != nil && p.Policies.PasswordPolicy.TemporaryPasswordValidityDays > 0
}

// callOf is the update that changes nothing: every setting as it is, but for the triggers, which the caller sets.
func callOf(p *types.UserPoolType) idp.UpdateUserPoolInput {
	in := idp.UpdateUserPoolInput{
		UserPoolId: p.Id, PoolName: p.Name, AccountRecoverySetting: p.AccountRecoverySetting, AdminCreateUserConfig: p.AdminCreateUserConfig,
		AutoVerifiedAttributes: p.AutoVerifiedAttributes, DeletionProtection: p.DeletionProtection, DeviceConfiguration: p.DeviceConfiguration,
		EmailConfiguration: p.EmailConfiguration, EmailVerificationMessage: p.EmailVerificationMessage,
		EmailVerificationSubject: p.EmailVerificationSubject, IssuerConfiguration: p.IssuerConfiguration, KeyConfiguration: p.KeyConfiguration,
		MfaConfiguration: p.MfaConfiguration, Policies: p.Policies, SmsAuthenticationMessage: p.SmsAuthenticationMessage,
		SmsConfiguration: p.SmsConfiguration, SmsVerificationMessage: p.SmsVerificationMessage,
		UserAttributeUpdateSettings: p.UserAttributeUpdateSettings, UserPoolAddOns: p.UserPoolAddOns, UserPoolTags: p.UserPoolTags,
		UserPoolTier: p.UserPoolTier, VerificationMessageTemplate: p.VerificationMessageTemplate,
	}
	if in.AdminCreateUserConfig != nil && repeatsDays(p) {
		admin := *in.AdminCreateUserConfig
		admin.UnusedAccountValidityDays = 0
		in.AdminCreateUserConfig = &admin
	}
	return in
}

// Encode writes a backup.
func (s *Snapshot) Encode() ([]byte, error) { return json.MarshalIndent(s, "", "  ") }

// Decode reads a backup.
func Decode(data []byte) (s Snapshot, err error) {
	if err := json.Unmarshal(data, &s); err != nil {
		return Snapshot{}, fmt.Errorf("attach: read backup: %w", err)
	}
	if s.Pool.Id == nil || s.Pool.Name == nil {
		return Snapshot{}, fmt.Errorf("attach: read backup: it names no pool")
	}
	return s, nil
}
