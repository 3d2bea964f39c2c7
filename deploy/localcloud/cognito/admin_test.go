package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
)

func TestAnAdministratorCreatesUsers(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) {
		rich(in)
		in.UsernameAttributes = []types.UsernameAttributeType{"email", "phone_number"}
	})
	out, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{
		UserPoolId: &pool, Username: aws.String("+4412345"), TemporaryPassword: aws.String(password),
		UserAttributes: []types.AttributeType{attr("custom:tenant", "acme"), attr("phone_number_verified", "true"), attr("name", "")},
	})
	if err != nil {
		t.Fatal(err)
	}
	u, own := out.User, flat(out.User.Attributes)
	if u.UserStatus != types.UserStatusTypeForceChangePassword || !u.Enabled || *u.Username != own["sub"] || !uuid.MatchString(own["sub"]) {
		t.Errorf("%s %s %v", *u.Username, u.UserStatus, own)
	}
	delete(own, "sub")
	if len(own) != 3 || own["custom:tenant"] != "acme" || own["phone_number"] != "+4412345" || own["phone_number_verified"] != "true" {
		t.Errorf("%v", own) // an immutable attribute can be set now, the required e-mail may come later
	}
	again, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("+4412345"), MessageAction: "RESEND"})
	if err != nil || *again.User.Username != *u.Username {
		t.Errorf("sent again: %v, %v", again, err)
	}
}

func TestAnAdministratorIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	app := w.app(pool, nil)
	for _, name := range []string{"ann", "new"} {
		w.join(app, name, attr("email", name+"@example.com"))
		if err := w.confirm(app, name); err != nil {
			t.Fatal(err)
		}
	}
	create := func(change func(*idp.AdminCreateUserInput)) error {
		in := &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("bob")}
		change(in)
		_, err := w.AdminCreateUser(t.Context(), in)
		return err
	}
	name := func(name string) func(*idp.AdminCreateUserInput) {
		return func(in *idp.AdminCreateUserInput) { in.Username = &name }
	}
	for name, c := range map[string]struct {
		err        error
		code, text string
	}{
		"a name that is taken": {create(name("ann")), "UsernameExistsException", "User account already exists"},
		"a name like an alias": {create(name("x@example.com")), "InvalidParameterException", "Username cannot be of email format, since user pool is configured for email alias."},
		"a verified alias of another": {create(func(in *idp.AdminCreateUserInput) {
			in.UserAttributes = []types.AttributeType{attr("email", "ann@example.com"), attr("email_verified", "true")}
		}), "UsernameExistsException", "An account with the email already exists."},
		"an unknown attribute":      {create(func(in *idp.AdminCreateUserInput) { in.UserAttributes = []types.AttributeType{attr("custom:x", "y")} }), "InvalidParameterException", "Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.\n"},
		"a weak temporary password": {create(func(in *idp.AdminCreateUserInput) { in.TemporaryPassword = aws.String("weak") }), "InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		"an unknown message action": {create(func(in *idp.AdminCreateUserInput) { in.MessageAction = "SHOUT" }), "InvalidParameterException", "1 validation error detected: Value 'SHOUT' at 'messageAction' failed to satisfy constraint: Member must satisfy enum value set: [RESEND, SUPPRESS]"},
		"an invitation for nobody":  {create(func(in *idp.AdminCreateUserInput) { in.MessageAction = "RESEND" }), "UserNotFoundException", "User does not exist."},
		"one for a user who is in":  {create(func(in *idp.AdminCreateUserInput) { name("ann")(in); in.MessageAction = "RESEND" }), "UnsupportedUserStateException", "Resend not possible. ann status is not FORCE_CHANGE_PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.code, c.text) })
	}
}

func TestAnAdministratorSetsPasswords(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	w.join(w.app(pool, nil), "ann")
	set := func(password string, permanent bool) error {
		_, err := w.AdminSetUserPassword(t.Context(), &idp.AdminSetUserPasswordInput{UserPoolId: &pool, Username: aws.String("ann"), Password: &password, Permanent: permanent})
		return err
	}
	refused(t, set("weak", true), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	for permanent, want := range map[bool]types.UserStatusType{false: types.UserStatusTypeForceChangePassword, true: types.UserStatusTypeConfirmed} {
		if err := set(password, permanent); err != nil {
			t.Fatal(err)
		}
		if status, _ := w.user(pool, "ann"); status != want {
			t.Errorf("permanent %v: the user is %s", permanent, status)
		}
	}
}

func TestAnAdministratorDisablesUsers(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	app := w.app(pool, nil)
	w.join(app, "ann")
	w.join(app, "bob")
	shown := func(filter string, want ...string) {
		t.Helper()
		got, _ := w.list(&idp.ListUsersInput{UserPoolId: &pool, Filter: &filter})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", filter, diff)
		}
	}
	if _, err := w.AdminDisableUser(t.Context(), &idp.AdminDisableUserInput{UserPoolId: &pool, Username: aws.String("ann")}); err != nil {
		t.Fatal(err)
	}
	shown(`status = "Disabled"`, "ann")
	shown(`status = "Enabled"`, "bob")
	out, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ann")})
	if err != nil || out.Enabled || out.UserStatus != types.UserStatusTypeUnconfirmed {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := w.AdminEnableUser(t.Context(), &idp.AdminEnableUserInput{UserPoolId: &pool, Username: aws.String("ann")}); err != nil {
		t.Fatal(err)
	}
	shown(`status = "Enabled"`, "ann", "bob")
	_, err = w.AdminDisableUser(t.Context(), &idp.AdminDisableUserInput{UserPoolId: &pool, Username: aws.String("no")})
	refused(t, err, "UserNotFoundException", "User does not exist.")
}
