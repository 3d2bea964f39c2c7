package cognito_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
)

func TestAClientShowsWhatItWasCreatedWith(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(rich)
	plain := w.app(pool, nil)
	full := w.app(pool, func(in *idp.CreateUserPoolClientInput) {
		in.ClientName = aws.String("web")
		in.GenerateSecret = true
		in.ReadAttributes = []string{"email", "custom:plan"}
		in.WriteAttributes = []string{"email", "custom:free"}
		in.ExplicitAuthFlows = []types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH"}
		in.IdTokenValidity = aws.Int32(5)
	})
	describe := func(id string) *types.UserPoolClientType {
		out, err := w.DescribeUserPoolClient(t.Context(), &idp.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &id})
		if err != nil {
			t.Fatal(err)
		}
		return out.UserPoolClient
	}
	got := describe(full)
	if !regexp.MustCompile(`^[0-9a-z]{26}$`).MatchString(full) || len(aws.ToString(got.ClientSecret)) != 51 || *got.ClientName != "web" || *got.UserPoolId != pool ||
		len(got.ReadAttributes) != 2 || len(got.WriteAttributes) != 2 || got.ExplicitAuthFlows[0] != "ALLOW_USER_SRP_AUTH" || *got.IdTokenValidity != 5 {
		t.Errorf("%+v", got)
	}
	if got := describe(plain); got.ClientSecret != nil || got.WriteAttributes != nil || got.PreventUserExistenceErrors != "LEGACY" || got.RefreshTokenValidity != 30 {
		t.Errorf("%+v", got)
	}
	other := w.pool(nil)
	_, err := w.DescribeUserPoolClient(t.Context(), &idp.DescribeUserPoolClientInput{UserPoolId: &other, ClientId: &plain})
	refused(t, err, "ResourceNotFoundException", "User pool client "+plain+" does not exist.")
}

func TestClientsAreListedInPages(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	w.app(w.pool(nil), nil) // of another pool
	var want, got []string
	for range 5 {
		want = append(want, w.app(pool, nil))
	}
	pages := idp.NewListUserPoolClientsPaginator(w, &idp.ListUserPoolClientsInput{UserPoolId: &pool, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range out.UserPoolClients {
			got = append(got, *c.ClientId)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASecretMustBeProven(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	const secret = "a secret of the owner's own choosing"
	with := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.ClientSecret = aws.String(secret) })
	without := w.app(pool, nil)
	hash := func(name string) *string {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(name + with))
		return aws.String(base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	for name, c := range map[string]struct {
		app  string
		hash *string
		text string // of the refusal
	}{
		"the right hash":     {with, hash("ann@example.com"), ""},
		"another user's":     {with, hash("bob@example.com"), "Unable to verify secret hash for client " + with},
		"none":               {with, nil, "Client " + with + " is configured with secret but SECRET_HASH was not received"},
		"one without secret": {without, hash("ann@example.com"), "Client " + without + " is not configured with secret but SECRET_HASH was received"},
	} {
		t.Run(name, func(t *testing.T) {
			ann, code := aws.String("ann@example.com"), aws.String("123456")
			errs := map[string]error{}
			_, errs["SignUp"] = w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &c.app, Username: ann, Password: aws.String(password), SecretHash: c.hash})
			_, errs["ResendConfirmationCode"] = w.ResendConfirmationCode(t.Context(), &idp.ResendConfirmationCodeInput{ClientId: &c.app, Username: ann, SecretHash: c.hash})
			_, errs["ConfirmSignUp"] = w.ConfirmSignUp(t.Context(), &idp.ConfirmSignUpInput{ClientId: &c.app, Username: ann, ConfirmationCode: code, SecretHash: c.hash})
			_, errs["ForgotPassword"] = w.ForgotPassword(t.Context(), &idp.ForgotPasswordInput{ClientId: &c.app, Username: ann, SecretHash: c.hash})
			_, errs["ConfirmForgotPassword"] = w.ConfirmForgotPassword(t.Context(), &idp.ConfirmForgotPasswordInput{ClientId: &c.app, Username: ann, ConfirmationCode: code, Password: aws.String(password), SecretHash: c.hash})
			for operation, err := range errs {
				if c.text != "" {
					refused(t, err, "NotAuthorizedException", c.text)
				} else if err != nil {
					t.Errorf("%s: %v", operation, err)
				}
			}
		})
	}
}

func TestAClientsListsAreHeldToTheSchema(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(rich) // e-mail is required
	for name, c := range map[string]struct {
		read, write []string
		text        string
	}{
		"all is known":             {[]string{"sub", "email_verified", "custom:plan"}, []string{"email", "custom:tenant"}, ""},
		"read an unknown one":      {[]string{"custom:nope"}, nil, "Invalid read attributes specified while creating a client"},
		"write an unknown one":     {nil, []string{"email", "custom:nope"}, "Invalid write attributes specified while creating a client"},
		"write without a required": {nil, []string{"name"}, "Invalid write attributes specified while creating a client"},
		"write a verified flag":    {nil, []string{"email", "email_verified"}, "Invalid write attributes specified while creating a client"},
		"write sub":                {nil, []string{"email", "sub"}, "Invalid write attributes specified while creating a client"},
		"write a developer's":      {nil, []string{"email", "dev:custom:note"}, "Invalid write attributes specified while creating a client"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.CreateUserPoolClient(t.Context(), &idp.CreateUserPoolClientInput{UserPoolId: &pool, ClientName: aws.String("app"), ReadAttributes: c.read, WriteAttributes: c.write})
			if c.text != "" {
				refused(t, err, "InvalidParameterException", c.text)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAClientWritesWhatItsListAllows(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(rich)
	app := w.app(pool, func(in *idp.CreateUserPoolClientInput) {
		in.WriteAttributes = []string{"email", "custom:free", "custom:tenant"}
	})
	w.join(app, "ann@example.com", attr("custom:free", "x"), attr("custom:tenant", "acme"))
	_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("bob@example.com"), Password: aws.String(password), UserAttributes: []types.AttributeType{attr("name", "Bob")}})
	refused(t, err, "NotAuthorizedException", "A client attempted to write unauthorized attribute")
	if err := w.write(pool, "ann@example.com", attr("name", "Ann")); err != nil {
		t.Errorf("the list is not for administrators: %v", err)
	}
}

// ladenClient is a call with a value for every setting there is, and the client that comes of it.
func ladenClient(pool, id string) (*idp.UpdateUserPoolClientInput, *types.UserPoolClientType) {
	in := &idp.UpdateUserPoolClientInput{
		UserPoolId: &pool, ClientId: &id, ClientName: aws.String("web"), PreventUserExistenceErrors: "ENABLED", ReadAttributes: []string{"email"}, WriteAttributes: []string{"email", "name"},
		AccessTokenValidity: aws.Int32(5), AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: []string{"openid"},
		AnalyticsConfiguration: &types.AnalyticsConfigurationType{ApplicationId: aws.String("a")}, AuthSessionValidity: aws.Int32(4), CallbackURLs: []string{"https://a/b"},
		DefaultRedirectURI: aws.String("https://a/b"), EnablePropagateAdditionalUserContextData: aws.Bool(true), EnableTokenRevocation: aws.Bool(false),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH"}, IdTokenValidity: aws.Int32(6), LogoutURLs: []string{"https://a/c"},
		RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: "ENABLED"}, RefreshTokenValidity: 7, SupportedIdentityProviders: []string{"COGNITO"},
		TokenValidityUnits: &types.TokenValidityUnitsType{IdToken: "hours"},
	}
	return in, &types.UserPoolClientType{
		UserPoolId: &pool, ClientId: &id, ClientName: in.ClientName, PreventUserExistenceErrors: in.PreventUserExistenceErrors, ReadAttributes: in.ReadAttributes,
		WriteAttributes: in.WriteAttributes, AccessTokenValidity: in.AccessTokenValidity, AllowedOAuthFlows: in.AllowedOAuthFlows,
		AllowedOAuthFlowsUserPoolClient: aws.Bool(true), AllowedOAuthScopes: in.AllowedOAuthScopes, AnalyticsConfiguration: in.AnalyticsConfiguration,
		AuthSessionValidity: in.AuthSessionValidity, CallbackURLs: in.CallbackURLs, DefaultRedirectURI: in.DefaultRedirectURI,
		EnablePropagateAdditionalUserContextData: in.EnablePropagateAdditionalUserContextData, EnableTokenRevocation: in.EnableTokenRevocation,
		ExplicitAuthFlows: in.ExplicitAuthFlows, IdTokenValidity: in.IdTokenValidity, LogoutURLs: in.LogoutURLs, RefreshTokenRotation: in.RefreshTokenRotation,
		RefreshTokenValidity: in.RefreshTokenValidity, SupportedIdentityProviders: in.SupportedIdentityProviders, TokenValidityUnits: in.TokenValidityUnits,
	}
}

func TestAClientsUpdateResetsWhatItLeavesOut(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	id := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.GenerateSecret = true })
	describe := func() *types.UserPoolClientType {
		t.Helper()
		out, err := w.DescribeUserPoolClient(t.Context(), &idp.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &id})
		if err != nil {
			t.Fatal(err)
		}
		return out.UserPoolClient
	}
	fresh := describe()
	in, want := ladenClient(pool, id)
	want.ClientSecret = fresh.ClientSecret
	out, err := w.UpdateUserPoolClient(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]*types.UserPoolClientType{"the answer": out.UserPoolClient, "the description": describe()} {
		if diff := cmp.Diff(want, got, bare); diff != "" {
			t.Errorf("%s with everything set (-want +got):\n%s", what, diff)
		}
	}
	if _, err := w.UpdateUserPoolClient(t.Context(), &idp.UpdateUserPoolClientInput{UserPoolId: &pool, ClientId: &id}); err != nil {
		t.Fatal(err)
	}
	fresh.ClientName = aws.String("web")
	if diff := cmp.Diff(fresh, describe(), bare); diff != "" {
		t.Errorf("after an update that says nothing (-want +got):\n%s", diff)
	}
}

func TestAClientsUpdateIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	pool, other := w.pool(rich), w.pool(nil)
	id := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.WriteAttributes = []string{"email"} })
	for name, c := range map[string]struct {
		in         idp.UpdateUserPoolClientInput
		code, text string
	}{
		"another pool's client":    {idp.UpdateUserPoolClientInput{UserPoolId: &other}, "ResourceNotFoundException", "User pool client " + id + " does not exist."},
		"an unknown attribute":     {idp.UpdateUserPoolClientInput{ReadAttributes: []string{"x"}}, "InvalidParameterException", "Invalid read attributes specified while updating a client"},
		"without a required one":   {idp.UpdateUserPoolClientInput{WriteAttributes: []string{"name"}}, "InvalidParameterException", "Invalid write attributes specified while updating a client"},
		"an unknown way of hiding": {idp.UpdateUserPoolClientInput{PreventUserExistenceErrors: "X"}, "InvalidParameterException", "1 validation error detected: Value 'X' at 'preventUserExistenceErrors' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, LEGACY]"},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.ClientId = &id
			if c.in.UserPoolId == nil {
				c.in.UserPoolId = &pool
			}
			_, err := w.UpdateUserPoolClient(t.Context(), &c.in)
			refused(t, err, c.code, c.text)
		})
	}
	out, err := w.DescribeUserPoolClient(t.Context(), &idp.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &id})
	if err != nil || len(out.UserPoolClient.WriteAttributes) != 1 {
		t.Errorf("a refused update changed something: %+v, %v", out, err)
	}
}

func TestADeletedClientLetsNobodyIn(t *testing.T) {
	w := newWorld(t, nil)
	pool, other := w.named(nil), w.named(nil)
	gone, stays := w.app(pool, nil), w.app(pool, nil)
	w.join(gone, "ann")
	_, err := w.DeleteUserPoolClient(t.Context(), &idp.DeleteUserPoolClientInput{UserPoolId: &other, ClientId: &gone})
	refused(t, err, "ResourceNotFoundException", "User pool client "+gone+" does not exist.")
	if _, err := w.DeleteUserPoolClient(t.Context(), &idp.DeleteUserPoolClientInput{UserPoolId: &pool, ClientId: &gone}); err != nil {
		t.Fatal(err)
	}
	refused(t, w.confirm(gone, "ann"), "ResourceNotFoundException", "User pool client "+gone+" does not exist.")
	if err := w.confirm(stays, "ann"); err != nil {
		t.Error(err)
	}
	out, err := w.ListUserPoolClients(t.Context(), &idp.ListUserPoolClientsInput{UserPoolId: &pool})
	if err != nil || len(out.UserPoolClients) != 1 || *out.UserPoolClients[0].ClientId != stays {
		t.Errorf("listed: %+v, %v", out, err)
	}
}
