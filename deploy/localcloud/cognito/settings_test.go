package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// bare compares what the SDK decoded, without the SDK's own bookkeeping and without dates.
var bare = cmp.Options{
	cmpopts.IgnoreUnexported(
		types.UserPoolType{}, types.AccountRecoverySettingType{}, types.RecoveryOptionType{}, types.AdminCreateUserConfigType{}, types.MessageTemplateType{},
		types.DeviceConfigurationType{}, types.EmailConfigurationType{}, types.LambdaConfigType{}, types.CustomEmailLambdaVersionConfigType{},
		types.CustomSMSLambdaVersionConfigType{}, types.PreTokenGenerationVersionConfigType{}, types.UserPoolPolicyType{}, types.PasswordPolicyType{},
		types.SignInPolicyType{}, types.SmsConfigurationType{}, types.UserAttributeUpdateSettingsType{}, types.UserPoolAddOnsType{},
		types.VerificationMessageTemplateType{}, types.UserPoolClientType{}, types.AnalyticsConfigurationType{}, types.RefreshTokenRotationType{},
		types.TokenValidityUnitsType{}, types.InboundFederationLambdaType{}),
	cmpopts.IgnoreFields(types.UserPoolType{}, "CreationDate", "LastModifiedDate", "SchemaAttributes", "EmailVerificationMessage", "EmailVerificationSubject", "SmsVerificationMessage"),
	cmpopts.IgnoreFields(types.UserPoolClientType{}, "CreationDate", "LastModifiedDate"),
}

// laden is a call with a value for every setting there is, and the pool that comes of it.
func laden() (*idp.UpdateUserPoolInput, *types.UserPoolType) {
	arn := aws.String(triggerARN)
	in := &idp.UpdateUserPoolInput{
		AccountRecoverySetting: &types.AccountRecoverySettingType{RecoveryMechanisms: []types.RecoveryOptionType{{Name: "verified_email", Priority: aws.Int32(1)}}},
		AdminCreateUserConfig: &types.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true, UnusedAccountValidityDays: 9,
			InviteMessageTemplate: &types.MessageTemplateType{EmailSubject: aws.String("come in"), EmailMessage: aws.String("{username} {####}")}},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}, DeletionProtection: "ACTIVE",
		DeviceConfiguration:      &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true},
		EmailConfiguration:       &types.EmailConfigurationType{EmailSendingAccount: "DEVELOPER", SourceArn: aws.String("arn:aws:ses:eu-west-1:000000000000:identity/x")},
		EmailVerificationMessage: aws.String("code {####}"), EmailVerificationSubject: aws.String("code"),
		LambdaConfig: &types.LambdaConfigType{PreSignUp: arn, PostConfirmation: arn, CustomMessage: arn, UserMigration: arn, PreAuthentication: arn, PostAuthentication: arn,
			CreateAuthChallenge: arn, DefineAuthChallenge: arn, VerifyAuthChallengeResponse: arn, PreTokenGeneration: arn, KMSKeyID: arn,
			PreTokenGenerationConfig: &types.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: "V2_0"},
			CustomEmailSender:        &types.CustomEmailLambdaVersionConfigType{LambdaArn: arn, LambdaVersion: "V1_0"},
			CustomSMSSender:          &types.CustomSMSLambdaVersionConfigType{LambdaArn: arn, LambdaVersion: "V1_0"},
			InboundFederation:        &types.InboundFederationLambdaType{LambdaArn: arn, LambdaVersion: "V1_0"}},
		MfaConfiguration: "OPTIONAL",
		Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(12), RequireNumbers: true, TemporaryPasswordValidityDays: 3},
			SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD", "EMAIL_OTP"}}},
		SmsAuthenticationMessage: aws.String("{####}"), SmsVerificationMessage: aws.String("{####}"),
		SmsConfiguration:            &types.SmsConfigurationType{SnsCallerArn: arn, ExternalId: aws.String("x")},
		UserAttributeUpdateSettings: &types.UserAttributeUpdateSettingsType{AttributesRequireVerificationBeforeUpdate: []types.VerifiedAttributeType{"email"}},
		UserPoolAddOns:              &types.UserPoolAddOnsType{AdvancedSecurityMode: "AUDIT"}, UserPoolTags: map[string]string{"team": "growth"}, UserPoolTier: "PLUS",
		VerificationMessageTemplate: &types.VerificationMessageTemplateType{DefaultEmailOption: "CONFIRM_WITH_CODE", EmailSubject: aws.String("code"), EmailMessage: aws.String("{####}"),
			EmailMessageByLink: aws.String("{##here##}"), EmailSubjectByLink: aws.String("link"), SmsMessage: aws.String("{####}")},
	}
	return in, &types.UserPoolType{
		Name: aws.String("people"), AccountRecoverySetting: in.AccountRecoverySetting, AdminCreateUserConfig: in.AdminCreateUserConfig, AutoVerifiedAttributes: in.AutoVerifiedAttributes,
		DeletionProtection: in.DeletionProtection, DeviceConfiguration: in.DeviceConfiguration, EmailConfiguration: in.EmailConfiguration, LambdaConfig: in.LambdaConfig,
		MfaConfiguration: in.MfaConfiguration, Policies: in.Policies, SmsAuthenticationMessage: in.SmsAuthenticationMessage, SmsConfiguration: in.SmsConfiguration,
		UserAttributeUpdateSettings: in.UserAttributeUpdateSettings, UserPoolAddOns: in.UserPoolAddOns, UserPoolTags: in.UserPoolTags, UserPoolTier: in.UserPoolTier,
		VerificationMessageTemplate: in.VerificationMessageTemplate, UsernameAttributes: []types.UsernameAttributeType{"email"},
	}
}

func TestEverySettingOfAPoolIsKeptAndReset(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	fresh := w.describe(pool)
	in, want := laden()
	in.UserPoolId, want.Id, want.Arn = &pool, &pool, fresh.Arn
	if _, err := w.UpdateUserPool(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, w.describe(pool), bare); diff != "" {
		t.Errorf("with everything set (-want +got):\n%s", diff)
	}
	got := w.describe(pool)
	if *got.EmailVerificationMessage != "code {####}" || *got.EmailVerificationSubject != "code" || *got.SmsVerificationMessage != "{####}" {
		t.Errorf("texts: %+v", got)
	}
	if _, err := w.UpdateUserPool(t.Context(), &idp.UpdateUserPoolInput{UserPoolId: &pool, AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fresh, w.describe(pool), bare); diff != "" {
		t.Errorf("after an update that says nothing (-want +got):\n%s", diff)
	}
}

func TestSettingsThatCantBeKeptAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		body, code, text string
	}{
		"confirmation by link": {`{"VerificationMessageTemplate":{"DefaultEmailOption":"CONFIRM_WITH_LINK"}}`, "InvalidParameterException",
			"the local cloud does not offer VerificationMessageTemplate.DefaultEmailOption CONFIRM_WITH_LINK: there is no page to follow a link to"},
		"a password history": {`{"Policies":{"PasswordPolicy":{"MinimumLength":8,"PasswordHistorySize":3}}}`, "InvalidParameterException",
			"the local cloud does not offer UpdateUserPool.Policies.PasswordPolicy.PasswordHistorySize: no password is kept"},
		"an unknown tier": {`{"UserPoolTier":"GOLD"}`, "InvalidParameterException",
			"1 validation error detected: Value 'GOLD' at 'userPoolTier' failed to satisfy constraint: Member must satisfy enum value set: [LITE, ESSENTIALS, PLUS]"},
		"an unknown way to confirm": {`{"VerificationMessageTemplate":{"DefaultEmailOption":"BY_POST"}}`, "InvalidParameterException",
			"1 validation error detected: Value 'BY_POST' at 'verificationMessageTemplate.defaultEmailOption' failed to satisfy constraint: Member must satisfy enum value set: [CONFIRM_WITH_LINK, CONFIRM_WITH_CODE]"},
		"an object for a text":  {`{"EmailVerificationMessage":{}}`, "SerializationException", ""},
		"a text for an object":  {`{"EmailConfiguration":"x"}`, "SerializationException", ""},
		"a list for a trigger":  {`{"LambdaConfig":{"CustomMessage":[]}}`, "SerializationException", ""},
		"a number for a tag":    {`{"UserPoolTags":{"a":1}}`, "SerializationException", ""},
		"a text for a boolean":  {`{"AdminCreateUserConfig":{"AllowAdminCreateUserOnly":"yes"}}`, "SerializationException", ""},
		"a trigger that is odd": {`{"LambdaConfig":{"CustomMessage":"x"}}`, "InvalidParameterException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, ids := lived(t)
			got := answer(t, post(s, "UpdateUserPool", ids.Replace(`{"UserPoolId":"POOL",`+c.body[1:])))
			if got["__type"] != c.code || c.text != "" && got["message"] != c.text {
				t.Errorf("got  %s: %s\nwant %s: %s", got["__type"], got["message"], c.code, c.text)
			}
		})
	}
}

func TestACallThatNeedsAnotherTriggerIsRefusedByItsName(t *testing.T) {
	ann, bob, code := aws.String("ann@example.com"), aws.String("bob@example.com"), aws.String("123456")
	calls := func(w *world, pool, app string) map[string]error {
		_, signUp := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: bob, Password: aws.String(password)})
		_, resend := w.ResendConfirmationCode(t.Context(), &idp.ResendConfirmationCodeInput{ClientId: &app, Username: ann})
		_, create := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: bob})
		_, again := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: ann, MessageAction: "RESEND"})
		write := w.write(pool, *ann, attr("email", "new@example.com"))
		_, confirm := w.ConfirmSignUp(t.Context(), &idp.ConfirmSignUpInput{ClientId: &app, Username: ann, ConfirmationCode: code})
		_, forgot := w.ForgotPassword(t.Context(), &idp.ForgotPasswordInput{ClientId: &app, Username: ann})
		_, reset := w.AdminResetUserPassword(t.Context(), &idp.AdminResetUserPasswordInput{UserPoolId: &pool, Username: ann})
		_, quiet := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("carl@example.com"), MessageAction: "SUPPRESS"})
		return map[string]error{"SignUp": signUp, "ResendConfirmationCode": resend, "AdminCreateUser": create, "RESEND": again, "an address": write, "ForgotPassword": forgot,
			"AdminResetUserPassword": reset, "-confirm": confirm, "-SUPPRESS": quiet, "-a name": w.write(pool, *ann, attr("name", "Ann")),
			"-an address that is known to be right": w.write(pool, *ann, attr("email", "third@example.com"), attr("email_verified", "true"))}
	}
	for name, config := range map[string]types.LambdaConfigType{
		"CustomMessage":     {CustomMessage: aws.String(triggerARN)},
		"CustomEmailSender": {CustomEmailSender: &types.CustomEmailLambdaVersionConfigType{LambdaArn: aws.String(triggerARN), LambdaVersion: "V1_0"}},
		"CustomSMSSender":   {CustomSMSSender: &types.CustomSMSLambdaVersionConfigType{LambdaArn: aws.String(triggerARN), LambdaVersion: "V1_0"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			pool := w.pool(nil)
			app := w.app(pool, nil)
			w.join(app, *ann)
			if _, err := w.UpdateUserPool(t.Context(), &idp.UpdateUserPoolInput{UserPoolId: &pool, LambdaConfig: &config, AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}}); err != nil {
				t.Fatal(err)
			}
			for call, err := range calls(w, pool, app) {
				if call[0] != '-' {
					refused(t, err, "InvalidParameterException", "the local cloud does not offer LambdaConfig."+name+", which this call would have to run")
				} else if err != nil {
					t.Errorf("%s sends no message, and is refused: %v", call[1:], err)
				}
			}
		})
	}
	t.Run("UserMigration", func(t *testing.T) {
		w := newWorld(t, nil)
		pool := w.pool(func(in *idp.CreateUserPoolInput) {
			in.LambdaConfig = &types.LambdaConfigType{UserMigration: aws.String(triggerARN)}
		})
		for _, existence := range []types.PreventUserExistenceErrorTypes{"LEGACY", "ENABLED"} {
			app := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.PreventUserExistenceErrors = existence })
			_, err := w.forgot(app, "nobody@example.com")
			refused(t, err, "InvalidParameterException", "the local cloud does not offer LambdaConfig.UserMigration, which this call would have to run")
		}
	})
}
