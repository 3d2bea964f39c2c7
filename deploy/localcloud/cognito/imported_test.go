package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// TestAnImportRunsNoTrigger: the user first shows when a new password is confirmed.
func TestAnImportRunsNoTrigger(t *testing.T) {
	w, policy, told := newWorld(t, nil), &recorder{}, &recorder{}
	pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, triggerARN) })
	app := w.app(pool, nil)
	w.service.RegisterFunction(policyARN, policy)
	w.service.RegisterFunction(triggerARN, told)
	line := cognito.ImportedUser{Pool: pool, Username: "ann@example.com", Attributes: map[string]string{"email_verified": "true", "given_name": "Ann", "name": ""}}
	made, err := w.service.ImportUser(t.Context(), line)
	if err != nil || made.Status != "RESET_REQUIRED" || made.Username != made.Sub {
		t.Fatalf("%+v, %v", made, err)
	}
	if status, own := w.user(pool, "ann@example.com"); status != "RESET_REQUIRED" || own["email"] != "ann@example.com" || own["given_name"] != "Ann" {
		t.Errorf("%s, %v", status, own)
	}
	if len(policy.seen(t))+len(told.seen(t)) > 0 {
		t.Errorf("triggers ran: %v, %v", policy.seen(t), told.seen(t))
	}
	_, err = w.service.ImportUser(t.Context(), line)
	if err == nil {
		t.Error("imported twice")
	}
	ann := aws.String("ann@example.com")
	if _, err := w.ForgotPassword(t.Context(), &idp.ForgotPasswordInput{ClientId: &app, Username: ann}); err != nil {
		t.Fatal(err)
	}
	_, err = w.ConfirmForgotPassword(t.Context(), &idp.ConfirmForgotPasswordInput{ClientId: &app, Username: ann, ConfirmationCode: aws.String("123456"), Password: aws.String(password)})
	if got := told.seen(t); err != nil || len(got) != 1 || got[0] != "PostConfirmation_ConfirmForgotPassword" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAnImportNeedsWhatACodeCanBeSentTo(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	for name, line := range map[string]cognito.ImportedUser{
		"no verified address": {Pool: pool, Username: "ann@example.com"},
		"no such pool":        {Pool: "eu-west-1_Nowhere00", Username: "ann@example.com"},
		"no name":             {Pool: pool},
		"no such attribute":   {Pool: pool, Username: "ann@example.com", Attributes: map[string]string{"email_verified": "true", "custom:x": "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if made, err := w.service.ImportUser(t.Context(), line); err == nil {
				t.Errorf("%+v", made)
			}
		})
	}
}
