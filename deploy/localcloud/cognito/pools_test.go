package cognito_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

func (w *world) describe(pool string) *types.UserPoolType {
	w.t.Helper()
	out, err := w.DescribeUserPool(w.t.Context(), &idp.DescribeUserPoolInput{UserPoolId: &pool})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.UserPool
}

// schemaLine is one attribute of a schema in one line.
func schemaLine(a types.SchemaAttributeType) string {
	line := fmt.Sprintf("%-28s %-8s mutable=%-5v required=%-5v developer=%v", *a.Name, a.AttributeDataType, *a.Mutable, *a.Required, *a.DeveloperOnlyAttribute)
	if c := a.StringAttributeConstraints; c != nil {
		line += fmt.Sprintf(" length %s..%s", aws.ToString(c.MinLength), aws.ToString(c.MaxLength))
	}
	if c := a.NumberAttributeConstraints; c != nil {
		line += fmt.Sprintf(" value %s..%s", aws.ToString(c.MinValue), aws.ToString(c.MaxValue))
	}
	return line
}

func TestAPoolShowsItsSchema(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(rich)
	if _, err := w.AddCustomAttributes(t.Context(), &idp.AddCustomAttributesInput{UserPoolId: &pool, CustomAttributes: []types.SchemaAttributeType{{Name: aws.String("later")}}}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, a := range w.describe(pool).SchemaAttributes {
		lines = append(lines, schemaLine(a))
	}
	golden(t, "schema.txt", []byte(strings.Join(lines, "\n")))
}

func TestAPoolShowsWhatItWasCreatedWith(t *testing.T) {
	w := newWorld(t, &cognito.Options{Region: "us-west-2", Account: "123456789012"})
	id := w.pool(func(in *idp.CreateUserPoolInput) {
		in.LambdaConfig = triggers(policyARN, triggerARN)
		in.LambdaConfig.CustomMessage = aws.String(triggerARN)
		in.EmailConfiguration = &types.EmailConfigurationType{EmailSendingAccount: "COGNITO_DEFAULT"}
		in.UserPoolTags = map[string]string{"team": "growth"}
		in.UsernameConfiguration = &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)}
		in.DeletionProtection = "ACTIVE"
	})
	w.service.RegisterFunction(policyARN, &recorder{})
	if _, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &id, Username: aws.String("ann@example.com"), MessageAction: "SUPPRESS"}); err != nil {
		t.Fatal(err)
	}
	got := w.describe(id)
	if !regexp.MustCompile(`^us-west-2_[0-9A-Za-z]{9}$`).MatchString(id) || *got.Arn != "arn:aws:cognito-idp:us-west-2:123456789012:userpool/"+id {
		t.Errorf("id %s, ARN %s", id, *got.Arn)
	}
	want := &types.UserPoolType{
		Id: &id, Name: aws.String("people"), Arn: got.Arn, EstimatedNumberOfUsers: 1,
		UsernameAttributes: []types.UsernameAttributeType{"email"}, AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		LambdaConfig:       &types.LambdaConfigType{PreSignUp: aws.String(policyARN), PostConfirmation: aws.String(triggerARN), CustomMessage: aws.String(triggerARN)},
		EmailConfiguration: &types.EmailConfigurationType{EmailSendingAccount: "COGNITO_DEFAULT"}, UserPoolTags: map[string]string{"team": "growth"},
		UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)},
		DeletionProtection:    "ACTIVE", MfaConfiguration: "OFF", UserPoolTier: "ESSENTIALS", AdminCreateUserConfig: &types.AdminCreateUserConfigType{},
		Policies: &types.UserPoolPolicyType{
			PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(8), RequireLowercase: true, RequireNumbers: true, RequireSymbols: true, RequireUppercase: true, TemporaryPasswordValidityDays: 7},
			SignInPolicy:   &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(types.UserPoolType{}, "CreationDate", "LastModifiedDate", "SchemaAttributes"), cmpopts.IgnoreUnexported(
		types.UserPoolType{}, types.LambdaConfigType{}, types.EmailConfigurationType{}, types.UsernameConfigurationType{}, types.AdminCreateUserConfigType{},
		types.UserPoolPolicyType{}, types.PasswordPolicyType{}, types.SignInPolicyType{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnUpdateResetsWhatItLeavesOut(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) {
		in.LambdaConfig = triggers("", triggerARN)
		in.UserPoolTags = map[string]string{"team": "growth"}
		in.DeletionProtection = "ACTIVE"
		in.AdminCreateUserConfig = &types.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true}
		in.Policies = &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(20)}}
		rich(in)
	})
	before := len(w.describe(pool).SchemaAttributes)
	if _, err := w.UpdateUserPool(t.Context(), &idp.UpdateUserPoolInput{UserPoolId: &pool, MfaConfiguration: "OPTIONAL"}); err != nil {
		t.Fatal(err)
	}
	got := w.describe(pool)
	if got.LambdaConfig.PostConfirmation != nil || got.UserPoolTags != nil || got.DeletionProtection != "INACTIVE" ||
		got.AdminCreateUserConfig.AllowAdminCreateUserOnly || *got.Policies.PasswordPolicy.MinimumLength != 8 || got.AutoVerifiedAttributes != nil {
		t.Errorf("kept: %+v", got)
	}
	if *got.Name != "people" || got.MfaConfiguration != "OPTIONAL" || len(got.SchemaAttributes) != before || len(got.UsernameAttributes) != 1 {
		t.Errorf("lost: %+v", got)
	}
	if _, err := w.UpdateUserPool(t.Context(), &idp.UpdateUserPoolInput{UserPoolId: &pool, PoolName: aws.String("members"), LambdaConfig: triggers("", triggerARN)}); err != nil {
		t.Fatal(err)
	}
	if got := w.describe(pool); *got.Name != "members" || *got.LambdaConfig.PostConfirmation != triggerARN {
		t.Errorf("%s, %+v", *got.Name, got.LambdaConfig)
	}
}

func TestPoolsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	attribute := func(a types.SchemaAttributeType) func(*idp.CreateUserPoolInput) {
		return func(in *idp.CreateUserPoolInput) { in.Schema = []types.SchemaAttributeType{a} }
	}
	length := func(least, most string) *types.StringAttributeConstraintsType {
		return &types.StringAttributeConstraintsType{MinLength: &least, MaxLength: &most}
	}
	value := func(least, most string) *types.NumberAttributeConstraintsType {
		return &types.NumberAttributeConstraintsType{MinValue: &least, MaxValue: &most}
	}
	x := aws.String("x")
	for name, c := range map[string]struct {
		change func(*idp.CreateUserPoolInput)
		text   string
	}{
		"no name":             {func(in *idp.CreateUserPoolInput) { in.PoolName = aws.String("") }, "1 validation error detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null"},
		"names and aliases":   {func(in *idp.CreateUserPoolInput) { in.AliasAttributes = []types.AliasAttributeType{"email"} }, "Only one of the aliasAttributes or usernameAttributes can be set in a user pool."},
		"a name attribute":    {func(in *idp.CreateUserPoolInput) { in.UsernameAttributes = []types.UsernameAttributeType{"name"} }, "1 validation error detected: Value 'name' at 'usernameAttributes' failed to satisfy constraint: Member must satisfy enum value set: [phone_number, email]"},
		"an ARN that is none": {func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers("", "trigger") }, `1 validation error detected: Value 'trigger' at 'lambdaConfig.PostConfirmation' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?$`},
		"a minimum of 5": {func(in *idp.CreateUserPoolInput) {
			in.Policies = &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(5)}}
		}, "1 validation error detected: Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6"},
		"a name of 21 characters":  {attribute(types.SchemaAttributeType{Name: aws.String("abcdefghijklmnopqrstu")}), "1 validation error detected: Value 'abcdefghijklmnopqrstu' at 'customAttributes.member.name' failed to satisfy constraint: Member must have length less than or equal to 20"},
		"a required custom one":    {attribute(types.SchemaAttributeType{Name: x, Required: aws.Bool(true)}), "Required custom attributes are not supported currently."},
		"a standard one retyped":   {attribute(types.SchemaAttributeType{Name: aws.String("email"), AttributeDataType: "Number"}), "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email"},
		"the longest before least": {attribute(types.SchemaAttributeType{Name: x, StringAttributeConstraints: length("5", "2")}), "user.x: Max length cannot be less than min length."},
		"a length of 2,049":        {attribute(types.SchemaAttributeType{Name: x, StringAttributeConstraints: length("0", "2049")}), "user.x: String attributes cannot have a length of more than 2048"},
		"a length in words":        {attribute(types.SchemaAttributeType{Name: x, StringAttributeConstraints: length("0", "many")}), "Invalid StringAttributeConstraints for schema attribute x"},
		"the most before least":    {attribute(types.SchemaAttributeType{Name: x, AttributeDataType: "Number", NumberAttributeConstraints: value("5", "-5")}), "user.x: Max value cannot be less than min value."},
		"one twice":                {func(in *idp.CreateUserPoolInput) { in.Schema = []types.SchemaAttributeType{{Name: x}, {Name: x}} }, "custom:x: Existing attribute already has name custom:x."},
		"51 of them": {func(in *idp.CreateUserPoolInput) {
			for i := range 51 {
				in.Schema = append(in.Schema, types.SchemaAttributeType{Name: aws.String(fmt.Sprint("a", i))})
			}
		}, "The number of custom attributes can't be more than 50."},
	} {
		t.Run(name, func(t *testing.T) {
			in := &idp.CreateUserPoolInput{PoolName: aws.String("p"), UsernameAttributes: []types.UsernameAttributeType{"email"}}
			c.change(in)
			_, err := w.CreateUserPool(t.Context(), in)
			refused(t, err, "InvalidParameterException", c.text)
		})
	}
	if out, err := w.ListUserPools(t.Context(), &idp.ListUserPoolsInput{MaxResults: aws.Int32(60)}); err != nil || len(out.UserPools) > 0 {
		t.Errorf("%v: %d pools were made", err, len(out.UserPools))
	}
}

func TestStandardAttributesCanBeNarrowed(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.named(func(in *idp.CreateUserPoolInput) {
		in.Schema = []types.SchemaAttributeType{
			{Name: aws.String("given_name"), StringAttributeConstraints: &types.StringAttributeConstraintsType{MinLength: aws.String("2"), MaxLength: aws.String("3")}},
			{Name: aws.String("updated_at"), AttributeDataType: "Number", NumberAttributeConstraints: &types.NumberAttributeConstraintsType{MinValue: aws.String("5")}},
			{Name: aws.String("locale"), Mutable: aws.Bool(false)},
			{Name: aws.String("sub"), Mutable: aws.Bool(true), Required: aws.Bool(false)},
			{Name: aws.String("email_verified"), AttributeDataType: "Boolean"},
		}
	})
	w.join(w.app(pool, nil), "ann", attr("locale", "de"))
	refused(t, w.write(pool, "ann", attr("given_name", "Anna"), attr("updated_at", "4"), attr("locale", "en"), attr("sub", "x")), "InvalidParameterException",
		"user.given_name: String must be no longer than 3 characters\nuser.updated_at: Number must be no less than 5\nuser.locale: Attribute cannot be updated.\nuser.sub: Attribute cannot be updated.\n")
	// AWS takes the built-in flags for custom attributes of that name.
	if err := w.write(pool, "ann", attr("custom:email_verified", "true")); err != nil {
		t.Error(err)
	}
}

func TestCustomAttributesAreAddedAllOrNone(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(nil)
	before := len(w.describe(pool).SchemaAttributes)
	add := func(list ...types.SchemaAttributeType) error {
		_, err := w.AddCustomAttributes(t.Context(), &idp.AddCustomAttributesInput{UserPoolId: &pool, CustomAttributes: list})
		return err
	}
	named := func(name string) types.SchemaAttributeType { return types.SchemaAttributeType{Name: &name} }
	const pattern = `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`
	for name, c := range map[string]struct {
		list []types.SchemaAttributeType
		text string
	}{
		"none":            {[]types.SchemaAttributeType{}, "1 validation error detected: Value '0' at 'customAttributes' failed to satisfy constraint: Member must have length between 1 and 25"},
		"no name":         {[]types.SchemaAttributeType{named("plan"), named("")}, "1 validation error detected: Value '' at 'customAttributes.member.name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"a space":         {[]types.SchemaAttributeType{named("plan"), named("a b")}, "1 validation error detected: Value 'a b' at 'customAttributes.member.name' failed to satisfy constraint: Member must " + pattern},
		"an unknown type": {[]types.SchemaAttributeType{named("plan"), {Name: aws.String("x"), AttributeDataType: "Text"}}, "1 validation error detected: Value 'Text' at 'customAttributes.member.attributeDataType' failed to satisfy constraint: Member must satisfy enum value set: [Boolean, Number, String, DateTime]"},
		"a wrong bound":   {[]types.SchemaAttributeType{named("plan"), {Name: aws.String("x"), AttributeDataType: "Number", NumberAttributeConstraints: &types.NumberAttributeConstraintsType{MaxValue: aws.String("NaN")}}}, "Invalid NumberAttributeConstraints for schema attribute x"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, add(c.list...), "InvalidParameterException", c.text)
			if n := len(w.describe(pool).SchemaAttributes); n != before {
				t.Errorf("%d attributes were added", n-before)
			}
		})
	}
	if err := add(named("plan"), named("tier")); err != nil || len(w.describe(pool).SchemaAttributes) != before+2 {
		t.Errorf("got %v", err)
	}
}

func TestAProtectedPoolIsNotDeleted(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) { in.DeletionProtection = "ACTIVE" })
	app := w.app(pool, nil)
	remove := func() error {
		_, err := w.DeleteUserPool(t.Context(), &idp.DeleteUserPoolInput{UserPoolId: &pool})
		return err
	}
	refused(t, remove(), "InvalidParameterException", "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	if _, err := w.UpdateUserPool(t.Context(), &idp.UpdateUserPoolInput{UserPoolId: &pool}); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	refused(t, remove(), "ResourceNotFoundException", "User pool "+pool+" does not exist.")
	refused(t, w.confirm(app, "ann@example.com"), "ResourceNotFoundException", "User pool client "+app+" does not exist.")
}

func TestPoolsAreListedInPages(t *testing.T) {
	w := newWorld(t, nil)
	var want []string
	for range 7 {
		want = append(want, w.pool(nil))
	}
	var got []string
	pages := idp.NewListUserPoolsPaginator(w, &idp.ListUserPoolsInput{MaxResults: aws.Int32(3)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out.UserPools {
			got = append(got, *p.Id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err := w.ListUserPools(t.Context(), &idp.ListUserPoolsInput{MaxResults: aws.Int32(61)})
	refused(t, err, "InvalidParameterException", "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60")
	_, err = w.ListUserPools(t.Context(), &idp.ListUserPoolsInput{MaxResults: aws.Int32(1), NextToken: aws.String("x")})
	refused(t, err, "InvalidParameterException", "Invalid pagination token given.")
}

func TestAnOperationThatIsNotThereIsRefusedByName(t *testing.T) {
	w := newWorld(t, nil)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
	rec := httptest.NewRecorder()
	w.service.ServeHTTP(rec, r)
	var got map[string]string
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusBadRequest || !strings.Contains(got["message"], "InitiateAuth") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestTheServiceTellsTheCloudHowToFail(t *testing.T) {
	s := cognito.New(nil)
	if s.Name != "cognito-idp" || s.Throttled.Error() != "TooManyRequestsException: Rate exceeded" || s.Throttled.Status != http.StatusBadRequest ||
		s.Internal.Code != "InternalErrorException" || s.Internal.Status != http.StatusInternalServerError || s.Wire() != s.Service {
		t.Errorf("%+v", s.Service)
	}
}
