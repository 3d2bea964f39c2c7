package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

func (w *world) forgot(app, name string) (*idp.ForgotPasswordOutput, error) {
	return w.ForgotPassword(w.t.Context(), &idp.ForgotPasswordInput{ClientId: &app, Username: &name})
}

func (w *world) renew(app, name, code, password string) error {
	_, err := w.ConfirmForgotPassword(w.t.Context(), &idp.ConfirmForgotPasswordInput{ClientId: &app, Username: &name, ConfirmationCode: &code, Password: &password})
	return err
}

func TestACodeForAPasswordGoesToAVerifiedAddress(t *testing.T) {
	mail, tel := attr("email_verified", "true"), attr("phone_number_verified", "true")
	by := func(names ...types.RecoveryOptionNameType) *types.AccountRecoverySettingType {
		s := &types.AccountRecoverySettingType{}
		for i, name := range names { // in the wrong order: the priority counts
			s.RecoveryMechanisms = append([]types.RecoveryOptionType{{Name: name, Priority: aws.Int32(int32(i + 1))}}, s.RecoveryMechanisms...)
		}
		return s
	}
	const nothing = "Cannot reset password for the user as there is no registered/verified email or phone_number"
	for name, c := range map[string]struct {
		verified   []types.AttributeType
		setting    *types.AccountRecoverySettingType
		to         string
		code, text string
	}{
		"nothing is verified":       {code: "InvalidParameterException", text: nothing},
		"the address":               {verified: []types.AttributeType{mail}, to: "email"},
		"the telephone comes first": {verified: []types.AttributeType{mail, tel}, to: "phone_number"},
		"the pool prefers e-mail":   {verified: []types.AttributeType{mail, tel}, setting: by("verified_email", "verified_phone_number"), to: "email"},
		"the pool wants e-mail":     {verified: []types.AttributeType{tel}, setting: by("verified_email"), code: "InvalidParameterException", text: nothing},
		"only administrators":       {verified: []types.AttributeType{mail}, setting: by("admin_only"), code: "NotAuthorizedException", text: "Contact administrator to reset password."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			pool := w.named(func(in *idp.CreateUserPoolInput) { in.AccountRecoverySetting = c.setting })
			app := w.app(pool, nil)
			w.join(app, "ann", attr("email", "ann@example.com"), attr("phone_number", "+441234567890"))
			if err := w.write(pool, "ann", c.verified...); len(c.verified) > 0 && err != nil {
				t.Fatal(err)
			}
			out, err := w.forgot(app, "ann")
			if c.code != "" {
				refused(t, err, c.code, c.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if *out.CodeDeliveryDetails.AttributeName != c.to {
				t.Errorf("it went to %s", *out.CodeDeliveryDetails.AttributeName)
			}
		})
	}
}

func TestANewPasswordConfirmsTheUser(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	app := w.app(pool, nil)
	w.join(app, "ann@example.com")
	signUp, _ := w.service.Code(pool, "ann@example.com")
	if err := w.write(pool, "ann@example.com", attr("email_verified", "true")); err != nil {
		t.Fatal(err)
	}
	// The code of the sign-up is for the sign-up.
	refused(t, w.renew(app, "ann@example.com", signUp, password), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	if _, err := w.forgot(app, "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	code, _ := w.service.Code(pool, "ann@example.com")
	refused(t, w.renew(app, "ann@example.com", "000000", password), "CodeMismatchException", "Invalid verification code provided, please try again.")
	refused(t, w.renew(app, "ann@example.com", code, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	if err := w.renew(app, "ann@example.com", code, password); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.user(pool, "ann@example.com"); status != types.UserStatusTypeConfirmed {
		t.Errorf("the user is %s", status)
	}
	refused(t, w.renew(app, "ann@example.com", code, password), "ExpiredCodeException", "Invalid code provided, please request a code again.")
}

func TestRecoveryRefuses(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	app := w.app(pool, nil)
	discreet := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.PreventUserExistenceErrors = "ENABLED" })
	if _, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("new@example.com")}); err != nil {
		t.Fatal(err)
	}
	forgot := func(app, name string) error { _, err := w.forgot(app, name); return err }
	const stuck = "User password cannot be reset in the current state."
	for name, c := range map[string]struct {
		err        error
		code, text string
	}{
		"one who never signed in":         {forgot(app, "new@example.com"), "NotAuthorizedException", stuck},
		"the same, with a code":           {w.renew(app, "new@example.com", "123456", password), "NotAuthorizedException", stuck},
		"nobody":                          {forgot(app, "no@example.com"), "UserNotFoundException", "Username/client id combination not found."},
		"nobody, with a code":             {w.renew(app, "no@example.com", "123456", password), "UserNotFoundException", "Username/client id combination not found."},
		"nobody, with a code, discreetly": {w.renew(discreet, "no@example.com", "123456", password), "ExpiredCodeException", "Invalid code provided, please request a code again."},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.code, c.text) })
	}
	t.Run("nobody, told discreetly", func(t *testing.T) {
		if err := forgot(discreet, "no@example.com"); err != nil {
			t.Error(err)
		}
	})
}

func TestAnAdministratorResetsAPassword(t *testing.T) {
	w, trigger := newWorld(t, nil), &recorder{}
	w.service.RegisterFunction(triggerARN, trigger)
	pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers("", triggerARN) })
	app := w.app(pool, nil)
	reset := func(name string) error {
		_, err := w.AdminResetUserPassword(t.Context(), &idp.AdminResetUserPasswordInput{UserPoolId: &pool, Username: &name})
		return err
	}
	w.join(app, "ann@example.com")
	refused(t, reset("ann@example.com"), "InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number")
	refused(t, reset("nobody@example.com"), "UserNotFoundException", "User does not exist.")
	if err := w.confirm(app, "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := reset("ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.user(pool, "ann@example.com"); status != types.UserStatusTypeResetRequired {
		t.Errorf("the user is %s", status)
	}
	code, ok := w.service.Code(pool, "ann@example.com")
	if !ok {
		t.Fatal("no code was sent")
	}
	if err := w.renew(app, "ann@example.com", code, password); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.user(pool, "ann@example.com"); status != types.UserStatusTypeConfirmed {
		t.Errorf("the user is %s", status)
	}
	if got := trigger.seen(t); len(got) != 2 || got[1] != "PostConfirmation_ConfirmForgotPassword" {
		t.Errorf("sources %v", got)
	}
}
