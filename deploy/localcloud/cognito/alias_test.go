package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// owner tells whose the alias is, "" for nobody.
func (w *world) owner(pool, alias string) string {
	out, err := w.AdminGetUser(w.t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: &alias})
	if err != nil {
		return ""
	}
	return *out.Username
}

const shared = "shared@example.com"

// rivals are two users with one address in a pool where it is an alias; ann owns it.
func rivals(t *testing.T, change func(*idp.CreateUserPoolInput), policy *recorder) (w *world, pool, app string) {
	t.Helper()
	w = newWorld(t, nil)
	w.service.RegisterFunction(policyARN, policy)
	pool = w.named(change)
	app = w.app(pool, nil)
	w.join(app, "ann", attr("email", shared))
	if err := w.confirm(app, "ann"); err != nil {
		t.Fatal(err)
	}
	w.join(app, "bob", attr("email", shared))
	return w, pool, app
}

func TestAnAliasBelongsToOneUser(t *testing.T) {
	const code, text = "AliasExistsException", "An account with the email already exists."
	verify := attr("email_verified", "true")
	for name, c := range map[string]struct {
		do    func(w *world, pool, app string) error
		fails bool
		owner string // of the alias afterwards
	}{
		"a second sign-up with the address is no claim": {func(*world, string, string) error { return nil }, false, "ann"},
		"its confirmation is one":                       {func(w *world, _, app string) error { return w.confirm(app, "bob") }, true, "ann"},
		"a confirmation can force it": {func(w *world, _, app string) error {
			_, err := w.ConfirmSignUp(w.t.Context(), &idp.ConfirmSignUpInput{ClientId: &app, Username: aws.String("bob"), ConfirmationCode: aws.String("123456"), ForceAliasCreation: true})
			return err
		}, false, "bob"},
		"a confirmation by an administrator proves nothing": {func(w *world, pool, _ string) error {
			_, err := w.AdminConfirmSignUp(w.t.Context(), &idp.AdminConfirmSignUpInput{UserPoolId: &pool, Username: aws.String("bob")})
			return err
		}, false, "ann"},
		"to write that it is verified":      {func(w *world, pool, _ string) error { return w.write(pool, "bob", verify) }, true, "ann"},
		"to write it anew, verified":        {func(w *world, pool, _ string) error { return w.write(pool, "bob", attr("email", shared), verify) }, true, "ann"},
		"to write it anew, unverified":      {func(w *world, pool, _ string) error { return w.write(pool, "bob", attr("email", shared)) }, false, "ann"},
		"the owner takes another address":   {func(w *world, pool, _ string) error { return w.write(pool, "ann", attr("email", "new@example.com")) }, false, ""},
		"the owner's is no longer verified": {func(w *world, pool, _ string) error { return w.write(pool, "ann", attr("email_verified", "false")) }, false, ""},
		"the owner deletes it, the other may": {func(w *world, pool, _ string) error {
			_ = w.write(pool, "ann", attr("email", ""))
			return w.write(pool, "bob", verify)
		}, false, "bob"},
		"the owner is deleted, the other may": {func(w *world, pool, _ string) error {
			_, _ = w.AdminDeleteUser(w.t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("ann")})
			return w.write(pool, "bob", verify)
		}, false, "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			w, pool, app := rivals(t, nil, &recorder{})
			err := c.do(w, pool, app)
			if c.fails {
				refused(t, err, code, text)
				if status, own := w.user(pool, "bob"); status != types.UserStatusTypeUnconfirmed || own["email_verified"] != "false" {
					t.Errorf("bob changed: %s %v", status, own)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if got := w.owner(pool, shared); got != c.owner {
				t.Errorf("it belongs to %q, want %q", got, c.owner)
			}
			if c.owner != "bob" || w.owner(pool, "ann") == "" {
				return
			}
			if _, own := w.user(pool, "ann"); own["email_verified"] == "true" {
				t.Error("ann's is still verified")
			}
		})
	}
}

func TestWhoIsVerifiedAtOnceTakesTheAliasAway(t *testing.T) {
	for name, create := range map[string]func(w *world, pool, app string) error{
		"by pre sign-up": func(w *world, _, app string) error {
			_, err := w.SignUp(w.t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("carl"), Password: aws.String(password), UserAttributes: []types.AttributeType{attr("email", shared)}})
			return err
		},
		"by an administrator who forces it": func(w *world, pool, _ string) error {
			_, err := w.AdminCreateUser(w.t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("carl"), ForceAliasCreation: true,
				UserAttributes: []types.AttributeType{attr("email", shared), attr("email_verified", "true")}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			policy := &recorder{}
			w, pool, app := rivals(t, func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, "") }, policy)
			policy.answer = autoConfirm
			if err := create(w, pool, app); err != nil {
				t.Fatal(err)
			}
			if got := w.owner(pool, shared); got != "carl" {
				t.Errorf("it belongs to %q", got)
			}
			if _, own := w.user(pool, "ann"); own["email_verified"] != "false" || own["email"] != shared {
				t.Errorf("the one who lost it: %v", own)
			}
		})
	}
}

func TestPreferredNamesAreAliasesOfTheConfirmed(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(func(in *idp.CreateUserPoolInput) {
		in.AliasAttributes = []types.AliasAttributeType{"preferred_username"}
	})
	app := w.app(pool, nil)
	queen := attr("preferred_username", "queen")
	for _, name := range []string{"ann", "bob"} {
		w.join(app, name)
		if err := w.confirm(app, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.write(pool, "ann", queen); err != nil {
		t.Fatal(err)
	}
	refused(t, w.write(pool, "bob", queen), "AliasExistsException", "An account with the preferred_username already exists.")
	if got := w.owner(pool, "queen"); got != "ann" {
		t.Errorf("it belongs to %q", got)
	}
}

func TestAddressesThatAreNamesAreUniqueFromTheStart(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) {
		in.UsernameAttributes = []types.UsernameAttributeType{"email", "phone_number"}
	})
	app := w.app(pool, nil)
	ann := w.join(app, "ann@example.com")
	bob := w.join(app, "+4412345")
	refused(t, w.write(pool, *bob.UserSub, attr("email", "ann@example.com")), "AliasExistsException", "An account with the email already exists.")
	_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("carl@example.com"), Password: aws.String(password), UserAttributes: []types.AttributeType{attr("phone_number", "+4412345")}})
	refused(t, err, "UsernameExistsException", "An account with the given phone_number already exists.")
	if err := w.write(pool, *ann.UserSub, attr("email", "new@example.com")); err != nil {
		t.Fatal(err)
	}
	if got := w.owner(pool, "new@example.com"); got != *ann.UserSub {
		t.Errorf("the new address belongs to %q", got)
	}
	if got := w.owner(pool, "ann@example.com"); got != "" {
		t.Errorf("the old address belongs to %q", got)
	}
}
