package attach_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/attach"
	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

const (
	trigger = "arn:aws:lambda:eu-west-1:111122223333:function:postconfirm-trigger:live"
	policy  = "arn:aws:lambda:eu-west-1:111122223333:function:postconfirm-presignup:live"
	foreign = "arn:aws:lambda:eu-west-1:111122223333:function:somebody-else"
	another = "arn:aws:lambda:eu-west-1:111122223333:function:tokens"
)

// world is the SDK on a local cloud without sockets, with a pool in which every setting is filled.
type world struct {
	*idp.Client
	t    *testing.T
	pool string
	edit func(*http.Response) // changes answers on their way
}

func newWorld(t *testing.T, change func(*idp.UpdateUserPoolInput)) *world {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cognito.New(nil))
	w := &world{t: t}
	w.Client = idp.New(idp.Options{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://local.test"), HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
			out, err := cloud.Do(r)
			if w.edit != nil && err == nil {
				w.edit(out)
			}
			return out, err
		})})
	out, err := w.CreateUserPool(t.Context(), &idp.CreateUserPoolInput{PoolName: aws.String("people"), UsernameAttributes: []types.UsernameAttributeType{"email"},
		Schema: []types.SchemaAttributeType{{Name: aws.String("plan"), AttributeDataType: "String", Mutable: aws.Bool(true)}}})
	if err != nil {
		t.Fatal(err)
	}
	w.pool = *out.UserPool.Id
	in := laden(w.pool)
	if change != nil {
		change(in)
	}
	if _, err := w.UpdateUserPool(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SetUserPoolMfaConfig(t.Context(), &idp.SetUserPoolMfaConfigInput{UserPoolId: &w.pool, MfaConfiguration: "OPTIONAL",
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	return w
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// laden has a value for every setting that UpdateUserPool has, and triggers of others.
func laden(pool string) *idp.UpdateUserPoolInput {
	arn, text := aws.String(another), aws.String("{####}")
	return &idp.UpdateUserPoolInput{UserPoolId: &pool, PoolName: aws.String("people"),
		AccountRecoverySetting: &types.AccountRecoverySettingType{RecoveryMechanisms: []types.RecoveryOptionType{{Name: "verified_email", Priority: aws.Int32(1)}, {Name: "verified_phone_number", Priority: aws.Int32(2)}}},
		AdminCreateUserConfig: &types.AdminCreateUserConfigType{AllowAdminCreateUserOnly: true, UnusedAccountValidityDays: 3,
			InviteMessageTemplate: &types.MessageTemplateType{EmailSubject: aws.String("come in"), EmailMessage: aws.String("{username} {####}"), SMSMessage: aws.String("{username} {####}")}},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}, DeletionProtection: "ACTIVE",
		DeviceConfiguration:      &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true},
		EmailConfiguration:       &types.EmailConfigurationType{EmailSendingAccount: "DEVELOPER", SourceArn: aws.String("arn:aws:ses:eu-west-1:111122223333:identity/x"), From: aws.String("a@x"), ReplyToEmailAddress: aws.String("b@x"), ConfigurationSet: aws.String("set")},
		EmailVerificationMessage: text, EmailVerificationSubject: aws.String("code"),
		IssuerConfiguration: &types.IssuerConfigurationType{}, KeyConfiguration: &types.KeyConfigurationType{},
		LambdaConfig: &types.LambdaConfigType{CustomMessage: arn, PreTokenGeneration: arn, KMSKeyID: aws.String("arn:aws:kms:eu-west-1:111122223333:key/1"),
			PreTokenGenerationConfig: &types.PreTokenGenerationVersionConfigType{LambdaArn: arn, LambdaVersion: "V2_0"},
			CustomEmailSender:        &types.CustomEmailLambdaVersionConfigType{LambdaArn: arn, LambdaVersion: "V1_0"}},
		MfaConfiguration: "OPTIONAL",
		Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(12), RequireNumbers: true, RequireSymbols: true, TemporaryPasswordValidityDays: 3},
			SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD", "EMAIL_OTP"}}},
		SmsAuthenticationMessage: text, SmsVerificationMessage: text,
		SmsConfiguration:            &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::111122223333:role/sms"), ExternalId: aws.String("x"), SnsRegion: aws.String("eu-west-1")},
		UserAttributeUpdateSettings: &types.UserAttributeUpdateSettingsType{AttributesRequireVerificationBeforeUpdate: []types.VerifiedAttributeType{"email"}},
		UserPoolAddOns:              &types.UserPoolAddOnsType{AdvancedSecurityMode: "AUDIT"}, UserPoolTags: map[string]string{"team": "growth"}, UserPoolTier: "PLUS",
		VerificationMessageTemplate: &types.VerificationMessageTemplateType{DefaultEmailOption: "CONFIRM_WITH_CODE", EmailSubject: aws.String("code"), EmailMessage: text,
			EmailMessageByLink: aws.String("{##here##}"), EmailSubjectByLink: aws.String("link"), SmsMessage: text},
	}
}

func (w *world) look() attach.Snapshot {
	w.t.Helper()
	s, err := attach.Look(w.t.Context(), w, w.pool)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) plan(want attach.Wanted) *attach.Change {
	w.t.Helper()
	c, err := attach.Plan(w.t.Context(), w, w.pool, want)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// apart are the settings in which two snapshots differ.
func apart(a, b attach.Snapshot) (names []string) {
	for _, d := range attach.Compare(a, b) {
		names = append(names, d.Setting)
	}
	return names
}

func TestEverySettingIsKept(t *testing.T) {
	w := newWorld(t, nil)
	before := w.look()
	in := reflect.ValueOf(*laden(w.pool))
	for i := range in.NumField() {
		if f := in.Type().Field(i); f.IsExported() && in.Field(i).IsZero() {
			t.Errorf("the test's pool lacks %s", f.Name)
		}
	}
	c := w.plan(attach.Wanted{PostConfirmation: aws.String(trigger), PreSignUp: aws.String(policy)})
	want := []attach.Difference{{"LambdaConfig.PostConfirmation", "", trigger}, {"LambdaConfig.PreSignUp", "", policy}}
	if diff := cmp.Diff(want, c.Differences); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := apart(before, w.look()); len(got) > 0 {
		t.Errorf("a plan changed %v", got)
	}
	if err := c.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"LambdaConfig.PostConfirmation", "LambdaConfig.PreSignUp"}, apart(before, w.look())); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
	c = w.plan(attach.Wanted{PostConfirmation: aws.String(""), PreSignUp: aws.String(""), Only: []string{trigger, policy}})
	if err := c.Apply(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if got := apart(before, w.look()); len(got) > 0 {
		t.Errorf("detached, but %v differ", got)
	}
}

func TestNothingToDoWritesNothing(t *testing.T) {
	w := newWorld(t, func(in *idp.UpdateUserPoolInput) { in.LambdaConfig.PostConfirmation = aws.String(trigger) })
	before := w.look()
	c := w.plan(attach.Wanted{PostConfirmation: aws.String(trigger), PreSignUp: nil})
	if err := c.Apply(t.Context(), w); err != nil || len(c.Differences) > 0 {
		t.Errorf("%v, %v", c.Differences, err)
	}
	if after := w.look(); !after.Pool.LastModifiedDate.Equal(*before.Pool.LastModifiedDate) {
		t.Error("the pool was written")
	}
}

func TestAnotherFunctionIsNotPushedAside(t *testing.T) {
	w := newWorld(t, func(in *idp.UpdateUserPoolInput) { in.LambdaConfig.PostConfirmation = aws.String(foreign) })
	for name, want := range map[string]attach.Wanted{
		"by ours":      {PostConfirmation: aws.String(trigger)},
		"by nobody":    {PostConfirmation: aws.String("")},
		"by its alias": {PostConfirmation: aws.String(""), Only: []string{foreign + ":live"}},
	} {
		if _, err := attach.Plan(t.Context(), w, w.pool, want); !errors.Is(err, attach.ErrOtherFunction) || !strings.Contains(err.Error(), foreign) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c := w.plan(attach.Wanted{PostConfirmation: aws.String(trigger), Replace: true}); len(c.Differences) != 1 || c.Differences[0].Before != foreign {
		t.Errorf("got %v", c.Differences)
	}
}

func TestAChangeMeanwhileIsNotOverwritten(t *testing.T) {
	w := newWorld(t, nil)
	c := w.plan(attach.Wanted{PostConfirmation: aws.String(trigger)})
	in := laden(w.pool)
	in.UserPoolTags = map[string]string{"team": "another"}
	if _, err := w.UpdateUserPool(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	before := w.look()
	if err := c.Apply(t.Context(), w); !errors.Is(err, attach.ErrMoved) {
		t.Errorf("got %v", err)
	}
	if got := apart(before, w.look()); len(got) > 0 {
		t.Errorf("%v was written", got)
	}
}

func TestASettingThatNobodyKnowsIsNotReset(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"of the pool":       {`"UserPool":{`, `"UserPool":{"QuantumConfiguration":{"On":true},`, "QuantumConfiguration"},
		"inside of another": {`"PasswordPolicy":{`, `"PasswordPolicy":{"RequireEmoji":true,`, "Policies.PasswordPolicy.RequireEmoji"},
		"of a trigger":      {`"LambdaConfig":{`, `"LambdaConfig":{"PreBirth":"arn",`, "LambdaConfig.PreBirth"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.edit = replacing(t, c.from, c.to)
			_, err := attach.Plan(t.Context(), w, w.pool, attach.Wanted{PostConfirmation: aws.String(trigger)})
			if !errors.Is(err, attach.ErrUnknownSetting) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// forgetful is a Cognito that loses something with each update.
type forgetful struct {
	*world
	lose func(*idp.UpdateUserPoolInput)
	mfa  bool
}

func (f forgetful) UpdateUserPool(ctx context.Context, in *idp.UpdateUserPoolInput, o ...func(*idp.Options)) (*idp.UpdateUserPoolOutput, error) {
	lossy := *in
	if f.lose != nil {
		f.lose(&lossy)
	}
	out, err := f.world.UpdateUserPool(ctx, &lossy, o...)
	if f.mfa && err == nil {
		_, err = f.SetUserPoolMfaConfig(ctx, &idp.SetUserPoolMfaConfigInput{UserPoolId: in.UserPoolId, MfaConfiguration: "OPTIONAL"})
	}
	return out, err
}

func TestFactorsThatAnUpdateTakesAwayAreSetAgain(t *testing.T) {
	w := newWorld(t, nil)
	before := w.look()
	c := w.plan(attach.Wanted{PostConfirmation: aws.String(trigger)})
	if err := c.Apply(t.Context(), forgetful{world: w, mfa: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"LambdaConfig.PostConfirmation"}, apart(before, w.look())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if mfa := w.look().MFA.SoftwareTokenMfaConfiguration; mfa == nil || !mfa.Enabled {
		t.Error("the software token is gone")
	}
}

func TestWhatWasLostIsNamedAndCanBeRestored(t *testing.T) {
	w := newWorld(t, nil)
	before := w.look()
	c := w.plan(attach.Wanted{PostConfirmation: aws.String(trigger)})
	err := c.Apply(t.Context(), forgetful{world: w, lose: func(in *idp.UpdateUserPoolInput) { in.UserPoolTags, in.SmsConfiguration = nil, nil }})
	var lost *attach.NotKept
	if !errors.As(err, &lost) || !errors.Is(err, attach.ErrNotKept) {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"UserPoolTags.team", "SmsConfiguration.SnsCallerArn"} {
		if !slices.ContainsFunc(lost.Settings, func(d attach.Difference) bool { return d.Setting == name }) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	text, err := before.Encode()
	if err != nil {
		t.Fatal(err)
	}
	backup, err := attach.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := attach.Restore(t.Context(), w, backup); err != nil {
		t.Fatal(err)
	}
	if got := apart(before, w.look()); len(got) > 0 {
		t.Errorf("restored, but %v differ", got)
	}
}

// TestTheCallHasEverySettingOfAPool fails when the SDK learns a setting that the call would leave out.
func TestTheCallHasEverySettingOfAPool(t *testing.T) {
	call, pool := reflect.TypeFor[idp.UpdateUserPoolInput](), reflect.TypeFor[types.UserPoolType]()
	for i := range call.NumField() {
		name := call.Field(i).Name
		if _, ok := pool.FieldByName(name); !ok && call.Field(i).IsExported() && name != "UserPoolId" && name != "PoolName" {
			t.Errorf("%s of UpdateUserPool is not a member of a described pool: where would it come from?", name)
		}
	}
}

func TestABackupOfNothingIsRefused(t *testing.T) {
	for _, text := range []string{"", "{", "{}", "[]", `{"Pool":{}}`} {
		if _, err := attach.Decode([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if err := attach.Restore(t.Context(), nil, attach.Snapshot{}); err == nil {
		t.Error("nothing was restored")
	}
}
