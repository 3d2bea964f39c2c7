package cognito_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

// verdict is a pre sign-up function that puts flags into the response.
func verdict(flags string) func(context.Context, int, []byte) ([]byte, error) {
	return func(_ context.Context, _ int, event []byte) ([]byte, error) {
		i := strings.LastIndex(string(event), `"response":`)
		return []byte(string(event[:i]) + `"response":` + flags + "}"), nil
	}
}

func TestPreSignUpIsCalledAsCognitoCallsIt(t *testing.T) {
	for name, c := range map[string]struct {
		data   []types.AttributeType
		meta   map[string]string
		admin  bool
		source string
	}{
		"pre-sign-up":             {data: []types.AttributeType{attr("invitation", "abc")}, meta: map[string]string{"plan": "pro"}, source: "PreSignUp_SignUp"},
		"pre-sign-up-without":     {source: "PreSignUp_SignUp"},
		"pre-sign-up-admin":       {data: []types.AttributeType{attr("invitation", "abc")}, meta: map[string]string{"plan": "pro"}, admin: true, source: "PreSignUp_AdminCreateUser"},
		"pre-sign-up-admin-plain": {admin: true, source: "PreSignUp_AdminCreateUser"},
	} {
		t.Run(name, func(t *testing.T) {
			w, policy := newWorld(t, nil), &recorder{}
			pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, "") })
			app := w.app(pool, nil)
			w.service.RegisterFunction(policyARN, policy)
			user, own := aws.String("ann@example.com"), []types.AttributeType{attr("given_name", "Ann")}
			var err error
			if c.admin {
				_, err = w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: user, UserAttributes: own, ValidationData: c.data, ClientMetadata: c.meta})
			} else {
				_, err = w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: user, Password: aws.String(password), UserAttributes: own, ValidationData: c.data, ClientMetadata: c.meta})
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := policy.seen(t); len(got) != 1 || got[0] != c.source {
				t.Errorf("sources %v", got)
			}
			golden(t, "events/"+name+".json", policy.last())
		})
	}
}

func TestWhatPreSignUpAnswersDecides(t *testing.T) {
	mail, tel := attr("email", "ann@example.com"), attr("phone_number", "+441234567890")
	const together = "Phone or email cannot be auto verified, when user is not being auto confirmed."
	for name, c := range map[string]struct {
		attributes []types.AttributeType
		flags      string
		code, text string
		status     types.UserStatusType
		verified   string // email_verified
		phone      string // phone_number_verified
	}{
		"nothing":                {attributes: []types.AttributeType{mail}, flags: `{}`, status: "UNCONFIRMED", verified: "false"},
		"all false":              {attributes: []types.AttributeType{mail}, flags: `{"autoConfirmUser":false,"autoVerifyEmail":false}`, status: "UNCONFIRMED", verified: "false"},
		"null counts as false":   {attributes: []types.AttributeType{mail}, flags: `{"autoConfirmUser":null}`, status: "UNCONFIRMED", verified: "false"},
		"confirm only":           {attributes: []types.AttributeType{mail}, flags: `{"autoConfirmUser":true}`, status: "CONFIRMED", verified: "false"},
		"confirm and verify":     {attributes: []types.AttributeType{mail, tel}, flags: `{"autoConfirmUser":true,"autoVerifyEmail":true}`, status: "CONFIRMED", verified: "true", phone: "false"},
		"both verified":          {attributes: []types.AttributeType{mail, tel}, flags: `{"autoConfirmUser":true,"autoVerifyEmail":true,"autoVerifyPhone":true}`, status: "CONFIRMED", verified: "true", phone: "true"},
		"verify without confirm": {attributes: []types.AttributeType{mail}, flags: `{"autoVerifyEmail":true}`, code: "InvalidLambdaResponseException", text: together},
		"verify a missing phone": {attributes: []types.AttributeType{mail}, flags: `{"autoConfirmUser":true,"autoVerifyPhone":true}`, code: "InvalidLambdaResponseException", text: "Phone cannot be auto verified, when it has no value."},
		"verify a missing email": {attributes: []types.AttributeType{tel}, flags: `{"autoConfirmUser":true,"autoVerifyEmail":true}`, code: "InvalidLambdaResponseException", text: "Email cannot be auto verified, when it has no value."},
		"a flag that is a word":  {attributes: []types.AttributeType{mail}, flags: `{"autoConfirmUser":"true"}`, code: "InvalidLambdaResponseException", text: "Unrecognizable lambda output"},
		"no response":            {attributes: []types.AttributeType{mail}, flags: `null`, code: "InvalidLambdaResponseException", text: "Unrecognizable lambda output"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			pool := w.named(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, "") })
			app := w.app(pool, nil)
			w.service.RegisterFunction(policyARN, &recorder{answer: verdict(c.flags)})
			out, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("ann"), Password: aws.String(password), UserAttributes: c.attributes})
			if c.code != "" {
				refused(t, err, c.code, c.text)
				_, err := w.AdminGetUser(t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: aws.String("ann")})
				refused(t, err, "UserNotFoundException", "User does not exist.")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			status, own := w.user(pool, "ann")
			if status != c.status || own["email_verified"] != c.verified || own["phone_number_verified"] != c.phone {
				t.Errorf("%s, %v", status, own)
			}
			if out.UserConfirmed != (c.status == "CONFIRMED") || (out.CodeDeliveryDetails == nil) != out.UserConfirmed {
				t.Errorf("the caller was told %v, %v", out.UserConfirmed, out.CodeDeliveryDetails)
			}
		})
	}
}

func TestPreSignUpRefusesAUser(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, "") })
	app := w.app(pool, nil)
	w.service.RegisterFunction(policyARN, &recorder{answer: func(context.Context, int, []byte) ([]byte, error) {
		return nil, errors.New("Members only")
	}})
	user := aws.String("ann@example.com")
	_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: user, Password: aws.String(password)})
	refused(t, err, "UserLambdaValidationException", "PreSignUp failed with error Members only.")
	_, err = w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: user})
	refused(t, err, "UserLambdaValidationException", "PreSignUp failed with error Members only.")
	if list, err := w.ListUsers(t.Context(), &idp.ListUsersInput{UserPoolId: &pool}); err != nil || len(list.Users) > 0 {
		t.Errorf("%v, %d users", err, len(list.Users))
	}
}

func TestPreSignUpFlagsDontMatterWhenAnAdministratorCreates(t *testing.T) {
	w := newWorld(t, nil)
	pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, "") })
	w.service.RegisterFunction(policyARN, &recorder{answer: verdict(`{"autoConfirmUser":true,"autoVerifyPhone":true}`)})
	if _, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("ann@example.com")}); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.user(pool, "ann@example.com"); status != types.UserStatusTypeForceChangePassword {
		t.Errorf("the user is %s", status)
	}
}

// While a function is asked no lock is held, so the world may change.
func TestTheWorldMayChangeWhilePreSignUpThinks(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		change     func(w *world, pool string) error
		code, text string
	}{
		"the name is taken": {func(w *world, pool string) error {
			w.service.RegisterFunction(policyARN, &recorder{})
			_, err := w.AdminCreateUser(ctx, &idp.AdminCreateUserInput{UserPoolId: &pool, Username: aws.String("ann@example.com")})
			return err
		}, "UsernameExistsException", "An account with the given email already exists."},
		"the pool is deleted": {func(w *world, pool string) error {
			_, err := w.DeleteUserPool(ctx, &idp.DeleteUserPoolInput{UserPoolId: &pool})
			return err
		}, "ResourceNotFoundException", "User pool eu-west-1_qoRLGdl36 does not exist."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers(policyARN, "") })
			app := w.app(pool, nil)
			w.service.RegisterFunction(policyARN, functionFunc(func(event []byte) ([]byte, error) { return event, c.change(w, pool) }))
			_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &app, Username: aws.String("ann@example.com"), Password: aws.String(password)})
			refused(t, err, c.code, c.text)
		})
	}
}

// functionFunc is a function that is one Go function.
type functionFunc func(event []byte) ([]byte, error)

func (f functionFunc) Invoke(_ context.Context, event []byte) ([]byte, error) { return f(event) }

var _ cognito.Function = functionFunc(nil)
