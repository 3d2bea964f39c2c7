package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
)

// scene is a pool with the post confirmation trigger, an app and a function that records.
type scene struct {
	*world
	pool, app string
	trigger   *recorder
}

func newScene(t *testing.T, change func(*idp.CreateUserPoolInput)) *scene {
	t.Helper()
	w := newWorld(t, nil)
	s := &scene{world: w, trigger: &recorder{}}
	s.pool = w.pool(func(in *idp.CreateUserPoolInput) {
		in.LambdaConfig = triggers("", triggerARN)
		if change != nil {
			change(in)
		}
	})
	s.app = w.app(s.pool, nil)
	w.service.RegisterFunction(triggerARN, s.trigger)
	return s
}

// autoConfirm is a pre sign-up function that confirms and verifies everyone.
func autoConfirm(_ context.Context, _ int, event []byte) ([]byte, error) {
	out := strings.Replace(string(event), `"autoConfirmUser":false`, `"autoConfirmUser":true`, 1)
	return []byte(strings.Replace(out, `"autoVerifyEmail":false`, `"autoVerifyEmail":true`, 1)), nil
}

// confirmation is something that may call the function.
type confirmation struct {
	auto bool
	do   func(s *scene) error
	want []string
}

// clientMetadata is what clients send along here: with characters that a careless encoder would escape.
func clientMetadata() map[string]string { return map[string]string{"plan": "<pro>", "ref": "a&b"} }

// confirmations are all there is, done to ann@example.com who has signed up.
func confirmations() map[string]confirmation {
	ann, metadata := aws.String("ann@example.com"), clientMetadata()
	return map[string]confirmation{
		"sign-up": {do: func(s *scene) error { return nil }},
		"confirm-sign-up": {
			do: func(s *scene) error {
				_, err := s.ConfirmSignUp(s.t.Context(), &idp.ConfirmSignUpInput{ClientId: &s.app, Username: ann, ConfirmationCode: aws.String("123456"), ClientMetadata: metadata})
				return err
			},
			want: []string{"PostConfirmation_ConfirmSignUp"},
		},
		"confirm-sign-up-without-metadata": {
			do:   func(s *scene) error { return s.confirm(s.app, *ann) },
			want: []string{"PostConfirmation_ConfirmSignUp"},
		},
		"admin-confirm-sign-up": {
			do: func(s *scene) error {
				_, err := s.AdminConfirmSignUp(s.t.Context(), &idp.AdminConfirmSignUpInput{UserPoolId: &s.pool, Username: ann, ClientMetadata: metadata})
				return err
			},
			want: []string{"PostConfirmation_ConfirmSignUp"},
		},
		"auto-confirmed-sign-up": {
			auto: true,
			do:   func(s *scene) error { return nil },
			want: []string{"PostConfirmation_ConfirmSignUp"},
		},
		"confirm-forgot-password": {
			do: func(s *scene) error {
				if err := s.write(s.pool, *ann, attr("email_verified", "true")); err != nil {
					return err
				}
				if _, err := s.ForgotPassword(s.t.Context(), &idp.ForgotPasswordInput{ClientId: &s.app, Username: ann}); err != nil {
					return err
				}
				_, err := s.ConfirmForgotPassword(s.t.Context(), &idp.ConfirmForgotPasswordInput{ClientId: &s.app, Username: ann, ConfirmationCode: aws.String("123456"), Password: aws.String(password), ClientMetadata: metadata})
				return err
			},
			want: []string{"PostConfirmation_ConfirmForgotPassword"},
		},
		"admin-set-user-password": {
			do: func(s *scene) error {
				_, err := s.AdminSetUserPassword(s.t.Context(), &idp.AdminSetUserPasswordInput{UserPoolId: &s.pool, Username: ann, Password: aws.String(password), Permanent: true})
				return err
			},
		},
		"admin-create-user": {
			do: func(s *scene) error {
				_, err := s.AdminCreateUser(s.t.Context(), &idp.AdminCreateUserInput{UserPoolId: &s.pool, Username: aws.String("bob@example.com")})
				return err
			},
		},
	}
}

// The contract: which operation calls the function, with which source, and with exactly which event.
func TestPostConfirmationIsCalledAsCognitoCallsIt(t *testing.T) {
	for name, c := range confirmations() {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(in *idp.CreateUserPoolInput) {
				if c.auto {
					in.LambdaConfig = triggers(policyARN, triggerARN)
				}
			})
			s.service.RegisterFunction(policyARN, &recorder{answer: autoConfirm})
			if _, err := s.SignUp(t.Context(), &idp.SignUpInput{ClientId: &s.app, Username: aws.String("ann@example.com"), Password: aws.String(password),
				UserAttributes: []types.AttributeType{attr("given_name", "Ann <&> Ü")}, ClientMetadata: clientMetadata()}); err != nil {
				t.Fatal(err)
			}
			if err := c.do(s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, s.trigger.seen(t)); diff != "" {
				t.Fatalf("sources (-want +got):\n%s", diff)
			}
			if len(c.want) > 0 {
				golden(t, "events/"+name+".json", s.trigger.last())
			}
		})
	}
}

func TestAliasPoolsShowTheAliasInEvents(t *testing.T) {
	s := newScene(t, func(in *idp.CreateUserPoolInput) {
		in.UsernameAttributes = nil
		in.AliasAttributes = []types.AliasAttributeType{types.AliasAttributeTypeEmail}
	})
	s.join(s.app, "ann", attr("email", "ann@example.com"))
	if err := s.confirm(s.app, "ann"); err != nil {
		t.Fatal(err)
	}
	golden(t, "events/alias-pool.json", s.trigger.last())
}

func TestTheUserIsConfirmedWhenTheFunctionRuns(t *testing.T) {
	s := newScene(t, nil)
	s.join(s.app, "ann@example.com")
	s.trigger.answer = func(_ context.Context, _ int, event []byte) ([]byte, error) {
		status, attributes := s.user(s.pool, "ann@example.com") // would lock up if a lock were held
		if status != types.UserStatusTypeConfirmed || attributes["email_verified"] != "true" {
			t.Errorf("the user is %s, %v", status, attributes)
		}
		return event, nil
	}
	if err := s.confirm(s.app, "ann@example.com"); err != nil {
		t.Fatal(err)
	}
}

// answering is what a recorder does with its n-th event.
type answering func(ctx context.Context, n int, event []byte) ([]byte, error)

// echoWithout hands the event back with one member under another name.
func echoWithout(member string) answering {
	return func(_ context.Context, _ int, e []byte) ([]byte, error) {
		return []byte(strings.Replace(string(e), `"`+member+`"`, `"other"`, 1)), nil
	}
}

func fail(err error) answering {
	return func(context.Context, int, []byte) ([]byte, error) { return nil, err }
}

func say(text string) answering {
	return func(context.Context, int, []byte) ([]byte, error) { return []byte(text), nil }
}

// hang waits until the caller gives up.
func hang(ctx context.Context, _ int, _ []byte) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() }

// failing is what a function does wrong, and what the caller is told.
type failing struct {
	answer answering
	code   string
	text   string
	tries  int
	takes  time.Duration
}

// failings are all the ways to fail.
func failings() map[string]failing {
	const garbled = "Unrecognizable lambda output"
	return map[string]failing{
		"it returns an error":            {fail(&function.Error{Type: "errorString", Message: "queue is full"}), "UserLambdaValidationException", "PostConfirmation failed with error queue is full.", 1, 0},
		"an error of the test's own":     {fail(errors.New("queue is full")), "UserLambdaValidationException", "PostConfirmation failed with error queue is full.", 1, 0},
		"it hangs":                       {hang, "UnexpectedLambdaException", "PostConfirmation invocation failed due to error Socket timeout while invoking Lambda function.", 3, 15 * time.Second},
		"it is killed for its own limit": {fail(fmt.Errorf("try: %w", function.ErrTimeout)), "UnexpectedLambdaException", "PostConfirmation invocation failed due to error Socket timeout while invoking Lambda function.", 3, 0},
		"it crashes":                     {fail(function.ErrExit), "UnexpectedLambdaException", "PostConfirmation invocation failed due to error Runtime.ExitError.", 3, 0},
		"it panics":                      {func(context.Context, int, []byte) ([]byte, error) { panic("no") }, "UnexpectedLambdaException", "PostConfirmation invocation failed due to error Runtime.ExitError.", 3, 0},
		"it is throttled":                {fail(function.ErrThrottled), "UnexpectedLambdaException", "PostConfirmation invocation failed due to error TooManyRequestsException.", 3, 0},
		"it is gone":                     {fail(function.ErrClosed), "UnexpectedLambdaException", "PostConfirmation invocation failed due to error ResourceNotFoundException.", 1, 0},
		"it answers nothing":             {say(""), "InvalidLambdaResponseException", garbled, 1, 0},
		"it answers null":                {say("null"), "InvalidLambdaResponseException", garbled, 1, 0},
		"it answers a string":            {say(`"ok"`), "InvalidLambdaResponseException", garbled, 1, 0},
		"it answers a list":              {say(`[]`), "InvalidLambdaResponseException", garbled, 1, 0},
		"it answers half an object":      {say(`{"version":`), "InvalidLambdaResponseException", garbled, 1, 0},
		"it answers another object":      {say(`{"statusCode":200}`), "InvalidLambdaResponseException", garbled, 1, 0},
		"it loses the version":           {echoWithout("version"), "InvalidLambdaResponseException", garbled, 1, 0},
		"it loses the request":           {echoWithout("request"), "InvalidLambdaResponseException", garbled, 1, 0},
		"it loses the response":          {echoWithout("response"), "InvalidLambdaResponseException", garbled, 1, 0},
	}
}

// What a function does wrong, what the caller is told, and that the user is confirmed whatever it is.
func TestTheUserStaysConfirmedWhenTheFunctionFails(t *testing.T) {
	for name, c := range failings() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, nil)
				s.trigger.answer = c.answer
				s.join(s.app, "ann@example.com")
				start := time.Now()
				refused(t, s.confirm(s.app, "ann@example.com"), c.code, c.text)
				if took := time.Since(start); took != c.takes {
					t.Errorf("it took %v, want %v", took, c.takes)
				}
				if n := len(s.trigger.events); n != c.tries {
					t.Errorf("%d tries, want %d", n, c.tries)
				}
				if status, attributes := s.user(s.pool, "ann@example.com"); status != types.UserStatusTypeConfirmed || attributes["email_verified"] != "true" {
					t.Errorf("the user is %s, %v", status, attributes)
				}
				refused(t, s.confirm(s.app, "ann@example.com"), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
			})
		})
	}
}

func TestNoOperationTakesAConfirmationBack(t *testing.T) {
	for name, c := range confirmations() {
		if len(c.want) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(in *idp.CreateUserPoolInput) {
				if c.auto {
					in.LambdaConfig = triggers(policyARN, triggerARN)
				}
			})
			s.service.RegisterFunction(policyARN, &recorder{answer: autoConfirm})
			s.trigger.answer = fail(errors.New("no"))
			_, err := s.SignUp(t.Context(), &idp.SignUpInput{ClientId: &s.app, Username: aws.String("ann@example.com"), Password: aws.String(password)})
			if !c.auto && err == nil {
				err = c.do(s)
			}
			refused(t, err, "UserLambdaValidationException", "PostConfirmation failed with error no.")
			if status, _ := s.user(s.pool, "ann@example.com"); status != types.UserStatusTypeConfirmed {
				t.Errorf("the user is %s", status)
			}
		})
	}
}

func TestTheErrorsAreTypesOfTheSDK(t *testing.T) {
	s := newScene(t, nil)
	s.join(s.app, "ann@example.com")
	s.trigger.answer = func(context.Context, int, []byte) ([]byte, error) { return nil, errors.New("no") }
	var validation *types.UserLambdaValidationException
	if err := s.confirm(s.app, "ann@example.com"); !errors.As(err, &validation) {
		t.Errorf("got %v", err)
	}
	var again *types.NotAuthorizedException
	if err := s.confirm(s.app, "ann@example.com"); !errors.As(err, &again) {
		t.Errorf("got %v", err)
	}
}

func TestASecondTryThatAnswersIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, nil)
		s.trigger.answer = func(ctx context.Context, n int, event []byte) ([]byte, error) {
			if n == 1 {
				<-ctx.Done() // a cold start that takes too long
				return nil, ctx.Err()
			}
			return event, nil
		}
		s.join(s.app, "ann@example.com")
		start := time.Now()
		if err := s.confirm(s.app, "ann@example.com"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		if diff := cmp.Diff(string(s.trigger.events[0]), string(s.trigger.events[1])); diff != "" {
			t.Errorf("the tries differ:\n%s", diff)
		}
	})
}

func TestACallerWhoGoesAwayDoesNotStopTheFunction(t *testing.T) {
	s := newScene(t, nil)
	s.join(s.app, "ann@example.com")
	ctx, cancel := context.WithCancel(t.Context())
	s.trigger.answer = func(inner context.Context, _ int, event []byte) ([]byte, error) {
		cancel()
		return event, inner.Err()
	}
	name, code := "ann@example.com", "123456"
	if _, err := s.ConfirmSignUp(ctx, &idp.ConfirmSignUpInput{ClientId: &s.app, Username: &name, ConfirmationCode: &code}); err != nil {
		t.Errorf("got %v", err)
	}
	if n := len(s.trigger.events); n != 1 {
		t.Errorf("%d tries", n)
	}
}

func TestAFunctionThatIsNotThereIsToldAsUnexpected(t *testing.T) {
	s := newScene(t, nil)
	s.join(s.app, "ann@example.com")
	s.service.RegisterFunction(triggerARN, nil)
	refused(t, s.confirm(s.app, "ann@example.com"), "UnexpectedLambdaException",
		"PostConfirmation invocation failed due to error ResourceNotFoundException.")
}

func TestFunctionsAreFoundByAliasAndByLookUp(t *testing.T) {
	for name, arn := range map[string]string{
		"the ARN itself": triggerARN,
		"a version":      triggerARN + ":7",
		"an alias":       triggerARN + ":live",
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers("", arn) })
			s.join(s.app, "ann@example.com")
			if err := s.confirm(s.app, "ann@example.com"); err != nil || len(s.trigger.events) != 1 {
				t.Errorf("got %v, %d events", err, len(s.trigger.events))
			}
		})
	}
	t.Run("a look-up", func(t *testing.T) {
		r := &recorder{}
		w := newWorld(t, &cognito.Options{Functions: func(arn string) cognito.Function {
			if arn != triggerARN {
				t.Errorf("looked up %s", arn)
			}
			return r
		}})
		pool := w.pool(func(in *idp.CreateUserPoolInput) { in.LambdaConfig = triggers("", triggerARN) })
		app := w.app(pool, nil)
		w.join(app, "ann@example.com")
		if err := w.confirm(app, "ann@example.com"); err != nil || len(r.events) != 1 {
			t.Errorf("got %v, %d events", err, len(r.events))
		}
	})
}
