package cognito_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// rich is a schema with one attribute of every kind.
func rich(in *idp.CreateUserPoolInput) {
	text := func(least, most string) *types.StringAttributeConstraintsType {
		return &types.StringAttributeConstraintsType{MinLength: &least, MaxLength: &most}
	}
	in.Schema = []types.SchemaAttributeType{
		{Name: aws.String("plan"), AttributeDataType: "String", StringAttributeConstraints: text("2", "5"), Mutable: aws.Bool(true)},
		{Name: aws.String("free"), AttributeDataType: "String"},
		{Name: aws.String("score"), AttributeDataType: "Number", NumberAttributeConstraints: &types.NumberAttributeConstraintsType{MinValue: aws.String("-1"), MaxValue: aws.String("10.5")}},
		{Name: aws.String("any"), AttributeDataType: "Number"},
		{Name: aws.String("vip"), AttributeDataType: "Boolean"},
		{Name: aws.String("since"), AttributeDataType: "DateTime"},
		{Name: aws.String("tenant"), AttributeDataType: "String", Mutable: aws.Bool(false)},
		{Name: aws.String("note"), AttributeDataType: "String", DeveloperOnlyAttribute: aws.Bool(true)},
		{Name: aws.String("email"), AttributeDataType: "String", Required: aws.Bool(true)},
	}
}

// writing is one call of AdminUpdateUserAttributes, and what comes of it.
type writing struct {
	write []types.AttributeType
	text  string            // of the refusal
	want  map[string]string // what is new; "-" is gone
}

// writings go to a user of the rich schema who has an e-mail address and custom:free.
func writings() map[string]writing {
	return map[string]writing{
		"several at once":              {write: []types.AttributeType{attr("custom:plan", "pro"), attr("custom:score", "7"), attr("given_name", "Ann")}, want: map[string]string{"custom:plan": "pro", "custom:score": "7", "given_name": "Ann"}},
		"a developer's own":            {write: []types.AttributeType{attr("dev:custom:note", "x")}, want: map[string]string{"dev:custom:note": "x"}},
		"2,048 bytes":                  {write: []types.AttributeType{attr("custom:free", strings.Repeat("ü", 1024))}, want: map[string]string{"custom:free": strings.Repeat("ü", 1024)}},
		"2,050 bytes of characters":    {write: []types.AttributeType{attr("custom:plan", "pro"), attr("custom:free", strings.Repeat("ü", 1025))}, text: "1 validation error detected: Value '" + strings.Repeat("ü", 1025) + "' at 'userAttributes.2.member.value' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		"five characters of two bytes": {write: []types.AttributeType{attr("custom:plan", "üüüüü")}, want: map[string]string{"custom:plan": "üüüüü"}},
		"too long and too short":       {write: []types.AttributeType{attr("custom:plan", "premium"), attr("given_name", "Ann")}, text: "user.custom:plan: String must be no longer than 5 characters\n"},
		"too short":                    {write: []types.AttributeType{attr("custom:plan", "p")}, text: "user.custom:plan: String must be no shorter than 2 characters\n"},
		"a number too large":           {write: []types.AttributeType{attr("custom:score", "10.6")}, text: "user.custom:score: Number must be no greater than 10.5\n"},
		"a number too small":           {write: []types.AttributeType{attr("custom:score", "-2")}, text: "user.custom:score: Number must be no less than -1\n"},
		"a number that is none":        {write: []types.AttributeType{attr("custom:any", "1e3"), attr("custom:score", "NaN")}, text: "user.custom:any: Attribute value must be a number.\nuser.custom:score: Attribute value must be a number.\n"},
		"any number":                   {write: []types.AttributeType{attr("custom:any", "-12345678901234567890.5")}, want: map[string]string{"custom:any": "-12345678901234567890.5"}},
		"a truth":                      {write: []types.AttributeType{attr("custom:vip", "true")}, want: map[string]string{"custom:vip": "true"}},
		"a half truth":                 {write: []types.AttributeType{attr("custom:vip", "yes")}, text: "user.custom:vip: Attribute value must be true or false.\n"},
		"moments":                      {write: []types.AttributeType{attr("custom:since", "2026-01-02T03:04:05.6Z")}, want: map[string]string{"custom:since": "2026-01-02T03:04:05.6Z"}},
		"no moment":                    {write: []types.AttributeType{attr("custom:since", "yesterday")}, text: "user.custom:since: Attribute value must be a date and time.\n"},
		"no birthday":                  {write: []types.AttributeType{attr("birthdate", "1999-02-30")}, text: "user.birthdate: Attribute value must be a date, YYYY-MM-DD.\n"},
		"a negative time":              {write: []types.AttributeType{attr("updated_at", "-1")}, text: "user.updated_at: Number must be no less than 0\n"},
		"an unknown one":               {write: []types.AttributeType{attr("custom:plan", "pro"), attr("custom:nope", "x")}, text: "user.custom:nope: Attribute does not exist in the schema.\n"},
		"one without its prefix":       {write: []types.AttributeType{attr("plan", "pro")}, text: "user.plan: Attribute does not exist in the schema.\n"},
		"sub":                          {write: []types.AttributeType{attr("sub", "x")}, text: "user.sub: Attribute cannot be updated.\n"},
		"identities":                   {write: []types.AttributeType{attr("identities", "[]")}, text: "user.identities: Attribute cannot be updated.\n"},
		"an immutable one":             {write: []types.AttributeType{attr("custom:tenant", "acme")}, text: "user.custom:tenant: Attribute cannot be updated.\n"},
		"an immutable one, blank":      {write: []types.AttributeType{attr("custom:tenant", "")}, text: "user.custom:tenant: Attribute cannot be updated.\n"},
		"a blank one is deleted":       {write: []types.AttributeType{attr("custom:free", "")}, want: map[string]string{"custom:free": "-"}},
		"a blank one never set":        {write: []types.AttributeType{attr("custom:score", "")}},
		"a blank required one":         {write: []types.AttributeType{attr("email", "")}, text: "user.email: The attribute is required\n"},
		"no value":                     {write: []types.AttributeType{{Name: aws.String("custom:plan")}}, text: "Attribute value for custom:plan must not be null"},
		"twice: the later counts":      {write: []types.AttributeType{attr("custom:plan", "one"), attr("custom:plan", "two")}, want: map[string]string{"custom:plan": "two"}},
		"nothing":                      {write: []types.AttributeType{}},
		"a new address":                {write: []types.AttributeType{attr("email", "new@example.com")}, want: map[string]string{"email": "new@example.com", "email_verified": "false"}},
		"the same address":             {write: []types.AttributeType{attr("email", "ann@example.com")}},
		"a new address, verified":      {write: []types.AttributeType{attr("email", "new@example.com"), attr("email_verified", "true")}, want: map[string]string{"email": "new@example.com"}},
		"an address that is none":      {write: []types.AttributeType{attr("email", "new")}, text: "Invalid email address format."},
		"a telephone":                  {write: []types.AttributeType{attr("phone_number", "+4412345")}, want: map[string]string{"phone_number": "+4412345", "phone_number_verified": "false"}},
	}
}

func TestAttributesAreWrittenByTheRulesOfTheSchema(t *testing.T) {
	for name, c := range writings() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			pool := w.named(rich)
			app := w.app(pool, nil)
			w.join(app, "ann", attr("email", "ann@example.com"))
			if err := w.confirm(app, "ann"); err != nil {
				t.Fatal(err)
			}
			if err := w.write(pool, "ann", attr("custom:free", "old")); err != nil {
				t.Fatal(err)
			}
			_, want := w.user(pool, "ann")
			err := w.write(pool, "ann", c.write...)
			if c.text != "" {
				refused(t, err, "InvalidParameterException", c.text)
			} else if err != nil {
				t.Fatal(err)
			}
			maps.Copy(want, c.want)
			maps.DeleteFunc(want, func(_, v string) bool { return v == "-" })
			_, got := w.user(pool, "ann")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after it (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAttributesAreDeletedByName(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(func(in *idp.CreateUserPoolInput) { rich(in); in.Schema = in.Schema[:len(in.Schema)-1] })
	app := w.app(pool, nil)
	w.join(app, "ann", attr("email", "ann@example.com"), attr("given_name", "Ann"))
	remove := func(names ...string) error {
		_, err := w.AdminDeleteUserAttributes(t.Context(), &idp.AdminDeleteUserAttributesInput{UserPoolId: &pool, Username: aws.String("ann"), UserAttributeNames: names})
		return err
	}
	refused(t, remove("given_name", "custom:nope"), "InvalidParameterException", "user.custom:nope: Attribute does not exist in the schema.\n")
	refused(t, remove("sub"), "InvalidParameterException", "user.sub: Attribute cannot be updated.\n")
	if err := remove("given_name", "email", "custom:plan"); err != nil {
		t.Fatal(err)
	}
	_, own := w.user(pool, "ann")
	delete(own, "sub")
	if diff := cmp.Diff(map[string]string{}, own); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestAnAddressThatMustBeVerifiedFirstStays(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) {
		in.UserAttributeUpdateSettings = &types.UserAttributeUpdateSettingsType{AttributesRequireVerificationBeforeUpdate: []types.VerifiedAttributeType{"email"}}
	})
	app := w.app(pool, nil)
	w.join(app, "ann@example.com")
	if err := w.confirm(app, "ann@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := w.write(pool, "ann@example.com", attr("email", "new@example.com")); err != nil {
		t.Fatal(err)
	}
	if _, own := w.user(pool, "ann@example.com"); own["email"] != "ann@example.com" || own["email_verified"] != "true" {
		t.Errorf("%v", own)
	}
	if err := w.write(pool, "ann@example.com", attr("email", "new@example.com"), attr("email_verified", "true")); err != nil {
		t.Fatal(err)
	}
	if _, own := w.user(pool, "new@example.com"); own["email"] != "new@example.com" {
		t.Errorf("%v", own)
	}
}

func TestDatesAreSecondsWithAFraction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		pool := w.pool(nil)
		start := time.Now()
		w.join(w.app(pool, nil), "ann@example.com")
		<-time.After(1500 * time.Millisecond)
		if err := w.write(pool, "ann@example.com", attr("name", "Ann")); err != nil {
			t.Fatal(err)
		}
		out, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ann@example.com")})
		if err != nil {
			t.Fatal(err)
		}
		if !out.UserCreateDate.Equal(start) || !out.UserLastModifiedDate.Equal(start.Add(1500*time.Millisecond)) {
			t.Errorf("created %v, modified %v, want %v and 1.5 s later", out.UserCreateDate, out.UserLastModifiedDate, start)
		}
	})
}

func TestADeletedUserIsGoneAndTheNameIsFree(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(nil)
	app := w.app(pool, nil)
	first := w.join(app, "ann", attr("email", "ann@example.com"))
	if err := w.confirm(app, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AdminDeleteUser(t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("ann@example.com")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann", "ann@example.com", *first.UserSub} {
		refused(t, w.write(pool, name, attr("name", "Ann")), "UserNotFoundException", "User does not exist.")
	}
	_, err := w.AdminDeleteUser(t.Context(), &idp.AdminDeleteUserInput{UserPoolId: &pool, Username: aws.String("ann")})
	refused(t, err, "UserNotFoundException", "User does not exist.")
	if second := w.join(app, "ann"); *second.UserSub == *first.UserSub {
		t.Error("the same sub")
	}
}

func TestEveryCallNeedsItsPool(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct{ pool, code, text string }{
		"none":           {"", "InvalidParameterException", "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null"},
		"one like words": {"my pool", "InvalidParameterException", `1 validation error detected: Value 'my pool' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`},
		"another":        {"eu-west-1_abcDEF123", "ResourceNotFoundException", "User pool eu-west-1_abcDEF123 does not exist."},
	} {
		t.Run(name, func(t *testing.T) { refused(t, w.write(c.pool, "ann", attr("name", "Ann")), c.code, c.text) })
	}
}

// The real service puts values into some of its messages, so the fake does; who logs them is found out.
func TestErrorsRepeatValuesAsAWSDoes(t *testing.T) {
	w := newWorld(t, &cognito.Options{})
	pool := w.pool(nil)
	secret := strings.Repeat("s", 2049)
	if err := w.write(pool, "ann", attr("name", secret)); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a user who is not there comes first: %v", err)
	}
	w.join(w.app(pool, nil), "ann@example.com")
	if err := w.write(pool, "ann@example.com", attr("name", secret)); err == nil || !strings.Contains(err.Error(), secret) {
		t.Errorf("the value is not repeated: %.80v", err)
	}
}
