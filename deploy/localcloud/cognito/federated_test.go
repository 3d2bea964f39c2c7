package cognito_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// abroad is a pool with both triggers, to whose client people come from an outside provider.
func abroad(t *testing.T, change func(*idp.CreateUserPoolInput)) (w *world, pool string, policy, trigger *recorder) {
	t.Helper()
	w, policy, trigger = newWorld(t, nil), &recorder{}, &recorder{}
	pool = w.pool(func(in *idp.CreateUserPoolInput) {
		in.LambdaConfig = triggers(policyARN, triggerARN)
		if change != nil {
			change(in)
		}
	})
	w.app(pool, nil)
	w.service.RegisterFunction(policyARN, policy)
	w.service.RegisterFunction(triggerARN, trigger)
	return w, pool, policy, trigger
}

func ada(pool string) cognito.FederatedSignIn {
	return cognito.FederatedSignIn{Pool: pool, Provider: "Google", ID: "1156", Attributes: map[string]string{
		"email": "ada@acme.example", "name": "Ada <&>", "family_name": "", "phone_number": "+441",
	}}
}

// wantRefusal holds an error that came without a wire to its type and text.
func wantRefusal(t *testing.T, err error, code, text string) {
	t.Helper()
	e := new(awsjson.Error)
	if !errors.As(err, &e) || e.Code != code || e.Message != text {
		t.Errorf("got  %v\nwant %s: %s", err, code, text)
	}
}

func TestTheFirstFederatedSignInConfirmsAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, pool, policy, trigger := abroad(t, nil)
		policy.answer = verdict(`{"autoVerifyEmail":true,"autoVerifyPhone":true}`) // means nothing here, and is no error
		got, err := w.service.SignInFederated(t.Context(), ada(pool))
		if err != nil {
			t.Fatal(err)
		}
		if want := (&cognito.FederatedUser{Username: "Google_1156", Sub: got.Sub, Status: "EXTERNAL_PROVIDER", First: true}); *got != *want || len(got.Sub) != 36 {
			t.Errorf("got %+v, want %+v", got, want)
		}
		golden(t, "events/pre-sign-up-external.json", policy.last())
		golden(t, "events/external-provider.json", trigger.last())
		status, own := w.user(pool, "Google_1156")
		want := map[string]string{
			"sub": got.Sub, "email": "ada@acme.example", "email_verified": "false", "phone_number": "+441", "phone_number_verified": "false", "name": "Ada <&>",
			"identities": `[{"userId":"1156","providerName":"Google","providerType":"Google","issuer":null,"primary":true,"dateCreated":946684800000}]`,
		}
		if diff := cmp.Diff(want, own); diff != "" || status != types.UserStatusTypeExternalProvider {
			t.Errorf("%s %s", status, diff)
		}
		if names, _ := w.list(&idp.ListUsersInput{UserPoolId: &pool, Filter: aws.String(`cognito:user_status = "EXTERNAL_PROVIDER"`)}); len(names) != 1 {
			t.Errorf("listed: %v", names)
		}
	})
}

func TestLaterFederatedSignInsCallNothingAndWriteAnew(t *testing.T) {
	w, pool, policy, trigger := abroad(t, nil)
	in := ada(pool)
	in.Attributes["email_verified"] = "true"
	first, err := w.service.SignInFederated(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	in.Attributes = map[string]string{"email": "new@acme.example", "given_name": "Ada"}
	second, err := w.service.SignInFederated(t.Context(), in)
	if err != nil || second.First || second.Sub != first.Sub {
		t.Fatalf("%+v, %v", second, err)
	}
	if got := len(policy.seen(t)) + len(trigger.seen(t)); got != 2 {
		t.Errorf("%d calls, want the first two", got)
	}
	_, own := w.user(pool, "Google_1156")
	if own["email"] != "new@acme.example" || own["email_verified"] != "false" || own["given_name"] != "Ada" || own["name"] != "Ada <&>" {
		t.Errorf("the user has %v", own)
	}
	if err := w.write(pool, "Google_1156", attr("email_verified", "true")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.service.SignInFederated(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, own := w.user(pool, "Google_1156"); own["email_verified"] != "true" {
		t.Error("an address that stays the same has lost its flag")
	}
}

func TestAFederatedUserStandsBesideALocalOne(t *testing.T) {
	w, pool, _, _ := abroad(t, nil)
	app := w.app(pool, nil)
	local := w.join(app, "ada@acme.example")
	in := ada(pool)
	in.Attributes["email_verified"] = "true"
	if _, err := w.service.SignInFederated(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if got := w.owner(pool, "ada@acme.example"); got != *local.UserSub {
		t.Errorf("the address belongs to %q", got)
	}
	_, err := w.forgot(app, "Google_1156")
	refused(t, err, "NotAuthorizedException", "User password cannot be reset in the current state.")
	refused(t, w.confirm(app, "Google_1156"), "NotAuthorizedException", "User cannot be confirmed. Current status is EXTERNAL_PROVIDER")
	bob := cognito.FederatedSignIn{Pool: pool, Provider: "Okta", ID: "bob", Attributes: map[string]string{"email": "bob@acme.example", "email_verified": "true"}}
	if _, err := w.service.SignInFederated(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	if got := w.owner(pool, "bob@acme.example"); got != "" {
		t.Errorf("the federated user's address finds %q", got)
	}
	if _, own := w.user(pool, "Okta_bob"); !strings.Contains(own["identities"], `"providerType":"OIDC"`) {
		t.Errorf("identities %s", own["identities"])
	}
}

func TestAnErrorOfATriggerEndsAFederatedSignIn(t *testing.T) {
	w, pool, policy, trigger := abroad(t, nil)
	fail := func(context.Context, int, []byte) ([]byte, error) { return nil, &function.Error{Message: "no"} }
	exists := func() bool {
		names, _ := w.list(&idp.ListUsersInput{UserPoolId: &pool})
		return len(names) == 1
	}
	policy.answer = fail
	_, err := w.service.SignInFederated(t.Context(), ada(pool))
	wantRefusal(t, err, "UserLambdaValidationException", "PreSignUp failed with error no.")
	if exists() || len(trigger.seen(t)) > 0 {
		t.Error("a user was made")
	}
	policy.answer, trigger.answer = nil, fail
	_, err = w.service.SignInFederated(t.Context(), ada(pool))
	wantRefusal(t, err, "UserLambdaValidationException", "PostConfirmation failed with error no.")
	if !exists() {
		t.Error("the user is gone")
	}
	again, err := w.service.SignInFederated(t.Context(), ada(pool))
	if err != nil || again.First {
		t.Errorf("after that: %+v, %v", again, err)
	}
}

func TestFederatedSignInsAreRefused(t *testing.T) {
	w, pool, _, _ := abroad(t, rich) // e-mail is required; the tenant is immutable
	narrow := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.WriteAttributes = []string{"email", "custom:tenant"} })
	clientless := w.pool(nil)
	inbound := w.pool(func(in *idp.CreateUserPoolInput) {
		in.LambdaConfig = &types.LambdaConfigType{InboundFederation: &types.InboundFederationLambdaType{LambdaArn: aws.String(triggerARN), LambdaVersion: "V1_0"}}
	})
	w.app(inbound, nil)
	tenant := cognito.FederatedSignIn{Pool: pool, Client: narrow, Provider: "Okta", ID: "t", Attributes: map[string]string{"email": "t@t", "custom:tenant": "acme"}}
	if _, err := w.service.SignInFederated(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	off := cognito.FederatedSignIn{Pool: pool, Provider: "Okta", ID: "off", Attributes: map[string]string{"email": "o@o"}}
	if _, err := w.service.SignInFederated(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AdminDisableUser(t.Context(), &idp.AdminDisableUserInput{UserPoolId: &pool, Username: aws.String("Okta_off")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &clientless, Username: aws.String("x@y")}); err != nil {
		t.Fatal(err)
	}
	const constraint = " failed to satisfy constraint: Member must "
	for name, c := range map[string]struct {
		in         cognito.FederatedSignIn
		code, text string
	}{
		"an unknown pool":         {cognito.FederatedSignIn{Pool: "eu-west-1_x"}, "ResourceNotFoundException", "User pool eu-west-1_x does not exist."},
		"a pool without a client": {cognito.FederatedSignIn{Pool: clientless, Provider: "Okta", ID: "1"}, "InvalidParameterException", "The user pool " + clientless + " has no app client to sign in through."},
		"an unknown client":       {cognito.FederatedSignIn{Pool: pool, Client: "x", Provider: "Okta", ID: "1"}, "ResourceNotFoundException", "User pool client x does not exist."},
		"no provider":             {cognito.FederatedSignIn{Pool: pool, ID: "1"}, "InvalidParameterException", "1 validation error detected: Value null at 'provider'" + constraint + "not be null"},
		"no id":                   {cognito.FederatedSignIn{Pool: pool, Provider: "Okta"}, "InvalidParameterException", "1 validation error detected: Value null at 'id'" + constraint + "not be null"},
		"a long provider":         {cognito.FederatedSignIn{Pool: pool, Provider: strings.Repeat("p", 33), ID: "1"}, "InvalidParameterException", "1 validation error detected: Value '" + strings.Repeat("p", 33) + "' at 'provider'" + constraint + "have length less than or equal to 32"},
		"an id with a space":      {cognito.FederatedSignIn{Pool: pool, Provider: "Okta", ID: "a b"}, "InvalidParameterException", `1 validation error detected: Value 'Okta_a b' at 'username'` + constraint + `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		"an unknown attribute":    {cognito.FederatedSignIn{Pool: pool, Provider: "Okta", ID: "1", Attributes: map[string]string{"custom:x": "y"}}, "InvalidParameterException", "Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.\n"},
		"a required one missing":  {cognito.FederatedSignIn{Pool: pool, Provider: "Okta", ID: "1"}, "InvalidParameterException", "Attributes did not conform to the schema: email: The attribute is required\n"},
		"one the client may not":  {cognito.FederatedSignIn{Pool: pool, Client: narrow, Provider: "Okta", ID: "1", Attributes: map[string]string{"email": "a@b", "name": "A"}}, "NotAuthorizedException", "A client attempted to write unauthorized attribute"},
		"an immutable one, later": {tenant, "InvalidParameterException", "user.custom:tenant: Attribute cannot be updated.\n"},
		"one who is disabled":     {off, "NotAuthorizedException", "User is disabled."},
		"another trigger":         {cognito.FederatedSignIn{Pool: inbound, Provider: "Okta", ID: "1"}, "InvalidParameterException", "the local cloud does not offer LambdaConfig.InboundFederation, which this call would have to run"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.service.SignInFederated(t.Context(), c.in)
			wantRefusal(t, err, c.code, c.text)
		})
	}
	named := w.named(nil)
	w.join(w.app(named, nil), "Okta_1")
	_, err := w.service.SignInFederated(t.Context(), cognito.FederatedSignIn{Pool: named, Provider: "Okta", ID: "1"})
	wantRefusal(t, err, "UsernameExistsException", "Already found an entry for username Okta_1")
}

func TestOfTwoFirstFederatedSignInsAtOnceOneIsTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, pool, policy, trigger := abroad(t, nil)
		open := make(chan struct{})
		policy.answer = func(_ context.Context, _ int, event []byte) ([]byte, error) { <-open; return event, nil }
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			both.Go(func() { _, errs[i] = w.service.SignInFederated(t.Context(), ada(pool)) })
		}
		synctest.Wait()
		close(open)
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || len(trigger.seen(t)) != 1 {
			t.Errorf("%v and %v, with %d confirmations", errs[0], errs[1], len(trigger.seen(t)))
		}
		wantRefusal(t, errors.Join(errs...), "UsernameExistsException", "Already found an entry for username Google_1156")
	})
}

func TestAnAdministratorMayGiveAFederatedUserAPassword(t *testing.T) {
	w, pool, _, trigger := abroad(t, nil)
	if _, err := w.service.SignInFederated(t.Context(), ada(pool)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AdminSetUserPassword(t.Context(), &idp.AdminSetUserPasswordInput{UserPoolId: &pool, Username: aws.String("Google_1156"), Password: aws.String(password), Permanent: true}); err != nil {
		t.Fatal(err)
	}
	got, err := w.service.SignInFederated(t.Context(), ada(pool))
	if err != nil || got.Status != "CONFIRMED" || got.First || len(trigger.seen(t)) != 1 {
		t.Errorf("%+v, %v, %v", got, err, trigger.seen(t))
	}
}

func TestFederatedSignInByTheControlSurface(t *testing.T) {
	w, pool, _, _ := abroad(t, nil)
	status, answer := local(w.service, "POST /_local/federated", `{"pool":"`+pool+`","provider":"Google","id":"7","attributes":{"email":"a@b"}}`)
	var got cognito.FederatedUser
	if err := json.Unmarshal([]byte(answer), &got); err != nil || status != 200 || got.Username != "Google_7" || !got.First {
		t.Errorf("got %d %s", status, answer)
	}
	status, answer = local(w.service, "POST /_local/federated", `{"pool":"`+pool+`","provider":"Google"}`)
	if status != 400 || !strings.HasPrefix(answer, "InvalidParameterException: ") {
		t.Errorf("got %d %s", status, answer)
	}
	if status, answer = local(w.service, "POST /_local/federated", `{"pol":"x"}`); status != 400 {
		t.Errorf("got %d %s", status, answer)
	}
}
