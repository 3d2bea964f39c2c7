package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestFactorsAreKeptBesideThePool(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	in := &idp.SetUserPoolMfaConfigInput{UserPoolId: &pool, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		EmailMfaConfiguration: &types.EmailMfaConfigType{Message: aws.String("{####}"), Subject: aws.String("code")},
		WebAuthnConfiguration: &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("example.com"), UserVerification: "required"}}
	if _, err := w.SetUserPoolMfaConfig(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	want := &idp.GetUserPoolMfaConfigOutput{MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: in.SoftwareTokenMfaConfiguration,
		EmailMfaConfiguration: in.EmailMfaConfiguration, WebAuthnConfiguration: in.WebAuthnConfiguration}
	same := func(want *idp.GetUserPoolMfaConfigOutput) {
		t.Helper()
		got, err := w.GetUserPoolMfaConfig(t.Context(), &idp.GetUserPoolMfaConfigInput{UserPoolId: &pool})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(idp.GetUserPoolMfaConfigOutput{}, "ResultMetadata"), cmpopts.IgnoreUnexported(idp.GetUserPoolMfaConfigOutput{},
			types.SoftwareTokenMfaConfigType{}, types.EmailMfaConfigType{}, types.WebAuthnConfigurationType{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	same(want)
	if _, err := w.UpdateUserPool(t.Context(), &idp.UpdateUserPoolInput{UserPoolId: &pool, MfaConfiguration: "OPTIONAL"}); err != nil {
		t.Fatal(err)
	}
	same(want)
	if _, err := w.SetUserPoolMfaConfig(t.Context(), &idp.SetUserPoolMfaConfigInput{UserPoolId: &pool}); err != nil {
		t.Fatal(err)
	}
	same(&idp.GetUserPoolMfaConfigOutput{MfaConfiguration: "OFF"})
	if got := w.describe(pool); got.MfaConfiguration != "OFF" {
		t.Errorf("the pool says %s", got.MfaConfiguration)
	}
}
