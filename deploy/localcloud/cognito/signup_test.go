package cognito_test

import (
	"cmp"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestWhereAddressesAreUserNamesTheNameIsTheSub(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	app := w.app(pool, nil)
	out := w.join(app, "ann@example.com")
	if !uuid.MatchString(*out.UserSub) || out.UserConfirmed {
		t.Errorf("sub %s, confirmed %v", *out.UserSub, out.UserConfirmed)
	}
	want := &types.CodeDeliveryDetailsType{AttributeName: aws.String("email"), DeliveryMedium: "EMAIL", Destination: aws.String("a***@e***")}
	if diff := gocmp.Diff(*want.Destination, *out.CodeDeliveryDetails.Destination); diff != "" || out.CodeDeliveryDetails.DeliveryMedium != want.DeliveryMedium {
		t.Errorf("the code went to %+v", out.CodeDeliveryDetails)
	}
	for _, name := range []string{"ann@example.com", *out.UserSub} {
		got, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: &name})
		if err != nil {
			t.Fatal(err)
		}
		if *got.Username != *out.UserSub || !got.Enabled || got.UserStatus != types.UserStatusTypeUnconfirmed {
			t.Errorf("by %s: %s %s", name, *got.Username, got.UserStatus)
		}
		var names []string
		for _, a := range got.UserAttributes {
			names = append(names, *a.Name+"="+*a.Value)
		}
		if diff := gocmp.Diff([]string{"sub=" + *out.UserSub, "email=ann@example.com", "email_verified=false"}, names); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTrueUserNamesStayWhatTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	app := w.app(pool, nil)
	out := w.join(app, "ann", attr("email", "ann@example.com"))
	for _, name := range []string{"ann", *out.UserSub} {
		if _, own := w.user(pool, name); own["sub"] != *out.UserSub {
			t.Errorf("by %s: %v", name, own)
		}
	}
	// An address that is not verified is no alias.
	_, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ann@example.com")})
	refused(t, err, "UserNotFoundException", "User does not exist.")
	if err := w.confirm(app, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, own := w.user(pool, "ann@example.com"); own["sub"] != *out.UserSub {
		t.Errorf("by alias: %v", own)
	}
}

// refusedSignUp is a sign-up that must not succeed.
type refusedSignUp struct {
	user, password string
	attributes     []types.AttributeType
	pool           func(*idp.CreateUserPoolInput)
	code, text     string
}

// refusedSignUps go to a pool where addresses are names, with custom:plan, unless they change it.
func refusedSignUps() map[string]refusedSignUp {
	long := strings.Repeat("x", 2049)
	return map[string]refusedSignUp{
		"a name that is no address":    {user: "ann", code: "InvalidParameterException", text: "Username should be an email."},
		"an address that is taken":     {user: "taken@example.com", code: "UsernameExistsException", text: "An account with the given email already exists."},
		"another address as attribute": {user: "ann@example.com", attributes: []types.AttributeType{attr("email", "bob@example.com")}, code: "InvalidParameterException", text: "The username and the attribute email must be the same."},
		"a short password":             {user: "ann@example.com", password: "Ab1!", code: "InvalidPasswordException", text: "Password did not conform with policy: Password not long enough"},
		"no password":                  {user: "ann@example.com", password: "none", code: "InvalidPasswordException", text: "Password did not conform with policy: Password not long enough"},
		"no upper case":                {user: "ann@example.com", password: "correct-horse-1", code: "InvalidPasswordException", text: "Password did not conform with policy: Password must have uppercase characters"},
		"no lower case":                {user: "ann@example.com", password: "CORRECT-HORSE-1", code: "InvalidPasswordException", text: "Password did not conform with policy: Password must have lowercase characters"},
		"no digit":                     {user: "ann@example.com", password: "Correct-Horse", code: "InvalidPasswordException", text: "Password did not conform with policy: Password must have numeric characters"},
		"no symbol":                    {user: "ann@example.com", password: "CorrectHorse1", code: "InvalidPasswordException", text: "Password did not conform with policy: Password must have symbol characters"},
		"a password of 257 characters": {user: "ann@example.com", password: "Aa1!" + strings.Repeat("x", 253), code: "InvalidPasswordException", text: "Password did not conform with policy: Password too long"},
		"an unknown attribute":         {user: "ann@example.com", attributes: []types.AttributeType{attr("custom:nope", "x"), attr("plan", "y")}, code: "InvalidParameterException", text: "Attributes did not conform to the schema: custom:nope: Attribute does not exist in the schema.\nplan: Attribute does not exist in the schema.\n"},
		"a sub":                        {user: "ann@example.com", attributes: []types.AttributeType{attr("sub", "x")}, code: "InvalidParameterException", text: "Attributes did not conform to the schema: sub: Attribute cannot be updated.\n"},
		"a verified flag":              {user: "ann@example.com", attributes: []types.AttributeType{attr("email_verified", "true")}, code: "NotAuthorizedException", text: "A client attempted to write unauthorized attribute"},
		"a custom one not on the list": {user: "ann@example.com", attributes: []types.AttributeType{attr("custom:plan", "pro")}, code: "NotAuthorizedException", text: "A client attempted to write unauthorized attribute"},
		"a short birthdate":            {user: "ann@example.com", attributes: []types.AttributeType{attr("birthdate", "1.1.1999")}, code: "InvalidParameterException", text: "Attributes did not conform to the schema: birthdate: String must be no shorter than 10 characters\n"},
		"2,049 bytes":                  {user: "ann@example.com", attributes: []types.AttributeType{attr("name", long)}, code: "InvalidParameterException", text: "1 validation error detected: Value '" + long + "' at 'userAttributes.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		"a telephone without plus":     {user: "ann@example.com", attributes: []types.AttributeType{attr("phone_number", "0123")}, code: "InvalidParameterException", text: "Invalid phone number format."},
		"a missing required attribute": {user: "ann@example.com", pool: func(in *idp.CreateUserPoolInput) {
			in.Schema = []types.SchemaAttributeType{{Name: aws.String("family_name"), Required: aws.Bool(true)}}
		}, code: "InvalidParameterException", text: "Attributes did not conform to the schema: family_name: The attribute is required\n"},
		"a blank required attribute": {user: "ann@example.com", attributes: []types.AttributeType{attr("family_name", "")}, pool: func(in *idp.CreateUserPoolInput) {
			in.Schema = []types.SchemaAttributeType{{Name: aws.String("family_name"), Required: aws.Bool(true)}}
		}, code: "InvalidParameterException", text: "Attributes did not conform to the schema: family_name: The attribute is required\n"},
		"anyone where admins do it": {user: "ann@example.com", pool: func(in *idp.CreateUserPoolInput) {
			in.AdminCreateUserConfig = &types.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}
		}, code: "NotAuthorizedException", text: "SignUp is not permitted for this user pool"},
		"no telephone": {user: "ann", pool: func(in *idp.CreateUserPoolInput) {
			in.UsernameAttributes = []types.UsernameAttributeType{"phone_number"}
		}, code: "InvalidParameterException", text: "Username should be a phone number."},
		"neither address": {user: "ann", pool: func(in *idp.CreateUserPoolInput) {
			in.UsernameAttributes = []types.UsernameAttributeType{"phone_number", "email"}
		}, code: "InvalidParameterException", text: "Username should be either an email or a phone number."},
		"a name with a space":      {user: "ann lee", code: "InvalidParameterException", text: `1 validation error detected: Value 'ann lee' at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		"a name of 129 characters": {user: strings.Repeat("ü", 129), code: "InvalidParameterException", text: "1 validation error detected: Value '" + strings.Repeat("ü", 129) + "' at 'username' failed to satisfy constraint: Member must have length less than or equal to 128"},
	}
}

func TestSignUpRefuses(t *testing.T) {
	for name, c := range refusedSignUps() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			pool := w.pool(func(in *idp.CreateUserPoolInput) {
				in.Schema = []types.SchemaAttributeType{{Name: aws.String("plan")}}
				if c.pool != nil {
					c.pool(in)
				}
			})
			app := w.app(pool, nil)
			if strings.HasPrefix(c.user, "taken") {
				w.join(app, c.user)
			}
			pass := cmp.Or(c.password, password)
			if c.password == "none" {
				pass = ""
			}
			_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: &c.user, Password: &pass, UserAttributes: c.attributes})
			refused(t, err, c.code, c.text)
		})
	}
}

func TestSignUpRefusesNamesThatLookLikeAliases(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(func(in *idp.CreateUserPoolInput) {
		in.AliasAttributes = []types.AliasAttributeType{"email", "phone_number", "preferred_username"}
	})
	app := w.app(pool, nil)
	for name, c := range map[string]struct {
		user, text string
		attributes []types.AttributeType
	}{
		"an address":       {user: "ann@example.com", text: "Username cannot be of email format, since user pool is configured for email alias."},
		"a telephone":      {user: "+4412345", text: "Username cannot be of phone number format, since user pool is configured for phone number alias."},
		"a preferred name": {user: "ann", text: "Attribute preferred_username cannot be provided for unconfirmed account", attributes: []types.AttributeType{attr("preferred_username", "queen")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: &c.user, Password: aws.String(password), UserAttributes: c.attributes})
			refused(t, err, "InvalidParameterException", c.text)
		})
	}
	w.join(app, "ann")
	_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("ann"), Password: aws.String(password)})
	refused(t, err, "UsernameExistsException", "User already exists")
}

func TestASignUpWithoutPasswordWorksWhereCodesSignIn(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) {
		in.Policies = &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD", "EMAIL_OTP"}}}
	})
	app := w.app(pool, nil)
	if _, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("ann@example.com")}); err != nil {
		t.Error(err)
	}
}

func TestCaseMattersOrNot(t *testing.T) {
	for name, c := range map[string]struct {
		configuration *types.UsernameConfigurationType
		same          bool
	}{
		"it does when nothing is said": {nil, false},
		"it does when so configured":   {&types.UsernameConfigurationType{CaseSensitive: aws.Bool(true)}, false},
		"it does not":                  {&types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			names := w.named(func(in *idp.CreateUserPoolInput) { in.UsernameConfiguration = c.configuration })
			addresses := w.pool(func(in *idp.CreateUserPoolInput) { in.UsernameConfiguration = c.configuration })
			for pool, pair := range map[string][2]string{names: {"ann", "ANN"}, addresses: {"ann@example.com", "ANN@example.com"}} {
				app := w.app(pool, nil)
				w.join(app, pair[0])
				_, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: &pair[1]})
				if found := err == nil; found != c.same {
					t.Errorf("%s found by %s: %v", pair[0], pair[1], found)
				}
				_, err = w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: &pair[1], Password: aws.String(password)})
				if taken := err != nil; taken != c.same {
					t.Errorf("%s besides %s: %v", pair[1], pair[0], err)
				}
			}
		})
	}
}

// codeTrial is a confirmation with a code.
type codeTrial struct {
	wait       time.Duration
	code       string // "sent" is the one that was sent
	resend     bool
	none       bool // the pool verifies nothing, so no code was sent
	error, say string
}

// codeTrials go to a service whose code that is always right is 987654.
func codeTrials() map[string]codeTrial {
	return map[string]codeTrial{
		"the one that was sent":             {code: "sent"},
		"the one that was sent last":        {code: "sent", resend: true},
		"the one that is always right":      {code: "987654"},
		"always right, also when late":      {code: "987654", wait: 48 * time.Hour},
		"always right, also without a code": {code: "987654", none: true},
		"a wrong one":                       {code: "000000", error: "CodeMismatchException", say: "Invalid verification code provided, please try again."},
		"just in time":                      {code: "sent", wait: 24*time.Hour - time.Second},
		"a late one":                        {code: "sent", wait: 24 * time.Hour, error: "ExpiredCodeException", say: "Invalid code provided, please request a code again."},
		"one where none was sent":           {code: "000000", none: true, error: "ExpiredCodeException", say: "Invalid code provided, please request a code again."},
	}
}

func TestCodes(t *testing.T) {
	for name, c := range codeTrials() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t) })
		})
	}
}

func (c codeTrial) run(t *testing.T) {
	w := newWorld(t, &cognito.Options{Code: "987654"})
	pool := w.pool(func(in *idp.CreateUserPoolInput) {
		if c.none {
			in.AutoVerifiedAttributes = nil
		}
	})
	app := w.app(pool, nil)
	if out := w.join(app, "ann@example.com"); (out.CodeDeliveryDetails == nil) != c.none {
		t.Errorf("delivery %v", out.CodeDeliveryDetails)
	}
	if c.resend {
		w.replaceCode(pool, app)
	}
	code, ok := w.service.Code(pool, "ann@example.com")
	if ok == c.none {
		t.Errorf("a code was sent: %v", ok)
	}
	if c.code != "sent" {
		code = c.code
	}
	<-time.After(c.wait) // virtual
	if _, ok := w.service.Code(pool, "ann@example.com"); ok && c.wait >= 24*time.Hour {
		t.Error("a late code is shown")
	}
	err := w.confirmWith(app, code)
	if c.error != "" {
		refused(t, err, c.error, c.say)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := map[bool]string{false: "true", true: "false"}[c.none]
	if status, own := w.user(pool, "ann@example.com"); status != types.UserStatusTypeConfirmed || own["email_verified"] != want {
		t.Errorf("%s, %v", status, own)
	}
	if _, ok := w.service.Code(pool, "ann@example.com"); ok {
		t.Error("a used code is shown")
	}
}

func (w *world) confirmWith(app, code string) error {
	_, err := w.ConfirmSignUp(w.t.Context(), &idp.ConfirmSignUpInput{ClientId: &app, Username: aws.String("ann@example.com"), ConfirmationCode: &code})
	return err
}

// replaceCode has a new code sent, after which the old one must not do.
func (w *world) replaceCode(pool, app string) {
	w.t.Helper()
	old, _ := w.service.Code(pool, "ann@example.com")
	if _, err := w.ResendConfirmationCode(w.t.Context(), &idp.ResendConfirmationCodeInput{ClientId: &app, Username: aws.String("ann@example.com")}); err != nil {
		w.t.Fatal(err)
	}
	refused(w.t, w.confirmWith(app, old), "CodeMismatchException", "Invalid verification code provided, please try again.")
}

func TestACodeGoesToTheTelephoneFirst(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(func(in *idp.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []types.VerifiedAttributeType{"email", "phone_number"}
	})
	app := w.app(pool, nil)
	out := w.join(app, "ann", attr("email", "ann@example.com"), attr("phone_number", "+441234567890"))
	if d := out.CodeDeliveryDetails; d == nil || d.DeliveryMedium != "SMS" || *d.Destination != "+********7890" {
		t.Errorf("the code went to %+v", d)
	}
	if err := w.confirm(app, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, own := w.user(pool, "ann"); own["phone_number_verified"] != "true" || own["email_verified"] != "false" {
		t.Errorf("%v", own)
	}
}

func TestConfirmationRefuses(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	app := w.app(pool, nil)
	discreet := w.app(pool, func(in *idp.CreateUserPoolClientInput) { in.PreventUserExistenceErrors = "ENABLED" })
	w.join(app, "done@example.com")
	if err := w.confirm(app, "done@example.com"); err != nil {
		t.Fatal(err)
	}
	silent := w.pool(func(in *idp.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	silentApp := w.app(silent, nil)
	w.join(silentApp, "ann@example.com")
	resend := func(app, user string) error {
		_, err := w.ResendConfirmationCode(t.Context(), &idp.ResendConfirmationCodeInput{ClientId: &app, Username: &user})
		return err
	}
	adminConfirm := func(user string) error {
		_, err := w.AdminConfirmSignUp(t.Context(), &idp.AdminConfirmSignUpInput{UserPoolId: &pool, Username: &user})
		return err
	}
	for name, c := range map[string]struct {
		err        error
		code, text string
	}{
		"a user who is not there":           {w.confirm(app, "no@example.com"), "UserNotFoundException", "Username/client id combination not found."},
		"the same, told discreetly":         {w.confirm(discreet, "no@example.com"), "ExpiredCodeException", "Invalid code provided, please request a code again."},
		"a client that is not there":        {w.confirm("nosuchclient", "done@example.com"), "ResourceNotFoundException", "User pool client nosuchclient does not exist."},
		"a confirmed user":                  {w.confirm(app, "done@example.com"), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"},
		"a confirmed user, by an admin":     {adminConfirm("done@example.com"), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"},
		"a missing user, by an admin":       {adminConfirm("no@example.com"), "UserNotFoundException", "User does not exist."},
		"a code for a confirmed user":       {resend(app, "done@example.com"), "InvalidParameterException", "User is already confirmed."},
		"a code for nobody":                 {resend(app, "no@example.com"), "UserNotFoundException", "Username/client id combination not found."},
		"a code where nothing is to verify": {resend(silentApp, "ann@example.com"), "InvalidParameterException", "Auto verification not turned on."},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.code, c.text) })
	}
	t.Run("a code for nobody, told discreetly", func(t *testing.T) {
		if err := resend(discreet, "no@example.com"); err != nil {
			t.Error(err)
		}
	})
}
