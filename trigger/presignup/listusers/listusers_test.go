package listusers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
	"github.com/postconfirm/postconfirm/trigger/presignup"
	"github.com/postconfirm/postconfirm/trigger/presignup/listusers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// variables are the environment of a function that reaches an endpoint.
func variables(endpoint string) func(string) string {
	all := map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL": endpoint}
	return func(name string) string { return all[name] }
}

// world is a local cloud on a port, with a pool in which addresses are aliases.
type world struct {
	*idp.Client
	cloud    *localcloud.Cloud
	service  *cognito.Service
	endpoint string
	pool     string
	client   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{cloud: localcloud.New(nil), service: cognito.New(nil)}
	w.cloud.Register(w.service)
	server, err := w.cloud.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w.endpoint = server.URL()
	w.Client = idp.New(idp.Options{Region: "eu-west-1", BaseEndpoint: &w.endpoint, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), Retryer: aws.NopRetryer{}})
	made, err := w.CreateUserPool(t.Context(), &idp.CreateUserPoolInput{PoolName: aws.String("people"),
		AliasAttributes: []types.AliasAttributeType{types.AliasAttributeTypeEmail, types.AliasAttributeTypePhoneNumber}})
	if err != nil {
		t.Fatal(err)
	}
	w.pool = *made.UserPool.Id
	app, err := w.CreateUserPoolClient(t.Context(), &idp.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("web")})
	if err != nil {
		t.Fatal(err)
	}
	w.client = *app.UserPoolClient.ClientId
	return w
}

func (w *world) join(t *testing.T, name, email string) {
	t.Helper()
	_, err := w.SignUp(t.Context(), &idp.SignUpInput{ClientId: &w.client, Username: &name, Password: aws.String("Correct-Horse-7"),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}, {Name: aws.String("phone_number"), Value: aws.String("+12065550100")}}})
	if err != nil {
		t.Fatal(err)
	}
}

func newPool(t *testing.T, endpoint string) *listusers.Pool {
	t.Helper()
	e := &lambdaenv.Environment{Getenv: variables(endpoint)}
	p := listusers.New(e)
	if err := e.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestWhoHoldsAnAddress(t *testing.T) {
	w := newWorld(t)
	p := newPool(t, w.endpoint)
	ask := func(attribute, value string) presignup.Holder {
		t.Helper()
		holder, err := p.Holder(t.Context(), w.pool, attribute, value)
		if err != nil {
			t.Fatal(err)
		}
		return holder
	}
	if got := ask("email", "ann@example.com"); got != presignup.Nobody {
		t.Errorf("in an empty pool: %v", got)
	}
	w.join(t, "annabella", "ann@example.com")
	if got := ask("email", "ann@example.com"); got != presignup.Unconfirmed {
		t.Errorf("before the confirmation: %v", got)
	}
	if _, err := w.AdminConfirmSignUp(t.Context(), &idp.AdminConfirmSignUpInput{UserPoolId: &w.pool, Username: aws.String("annabella")}); err != nil {
		t.Fatal(err)
	}
	for _, q := range [][2]string{{"email", "ann@example.com"}, {"phone_number", "+12065550100"}} {
		if got := ask(q[0], q[1]); got != presignup.Confirmed {
			t.Errorf("%s after the confirmation: %v", q[0], got)
		}
	}
	for _, value := range []string{"an@example.com", "ann@example.co", "*", "", `ann@example.com" `, `x" or email = "ann@example.com`} {
		if got := ask("email", value); got != presignup.Nobody {
			t.Errorf("%q: %v", value, got)
		}
	}
	t.Run("an unconfirmed and a confirmed one count as confirmed", func(t *testing.T) {
		w.join(t, "second", "ann@example.com")
		if got := ask("email", "ann@example.com"); got != presignup.Confirmed {
			t.Errorf("%v", got)
		}
	})
	t.Run("who was created by an administrator counts as confirmed", func(t *testing.T) {
		_, err := w.AdminCreateUser(t.Context(), &idp.AdminCreateUserInput{UserPoolId: &w.pool, Username: aws.String("made"),
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("made@example.com")}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := ask("email", "made@example.com"); got != presignup.Confirmed {
			t.Errorf("%v", got)
		}
	})
	t.Run("empty pages are gone through", func(t *testing.T) {
		if err := w.service.SetSwitches(cognito.Switches{ListScan: 1, ListLag: time.Nanosecond}); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.service.SetSwitches(cognito.Switches{}) }()
		if got := ask("email", "made@example.com"); got != presignup.Confirmed {
			t.Errorf("%v", got)
		}
	})
}

// TestDoubtsHaveACode: one request for each question, and an error that says why and not whose.
func TestDoubtsHaveACode(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
			rw.WriteHeader(status)
			fmt.Fprint(rw, body)
		}
	}
	refuse := func(status int, code string) http.HandlerFunc {
		return answer(status, `{"__type":"`+code+`","message":"canary@example.com"}`)
	}
	for name, tt := range map[string]struct {
		answer   http.HandlerFunc
		code     string
		requests int64
	}{
		"a throttle":           {refuse(400, "TooManyRequestsException"), "TooManyRequestsException", 1},
		"a missing permission": {refuse(400, "AccessDeniedException"), "AccessDeniedException", 1},
		"no such pool":         {refuse(400, "ResourceNotFoundException"), "ResourceNotFoundException", 1},
		"a bad filter":         {refuse(400, "InvalidParameterException"), "InvalidParameterException", 1},
		"an internal error":    {refuse(500, "InternalErrorException"), "InternalErrorException", 1},
		"half an answer":       {answer(200, `{"Users":[`), "other", 1},
		"a web page":           {answer(502, "<html>"), "other", 1},
		"a redirect": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, "other", 1},
		"pages without end":     {answer(200, `{"Users":[],"PaginationToken":"more"}`), "too_many_pages", 4},
		"an answer without end": {answer(200, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`), "other", 1},
		"no answer":             {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "timeout", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // before it, the server doesn't notice that the caller is gone
				tt.answer(rw, r)
			}))
			defer server.Close()
			limit := 20 * time.Second
			if tt.code == "timeout" {
				limit = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			holder, err := newPool(t, server.URL).Holder(ctx, "eu-west-1_Ab12", "email", "canary@example.com")
			var own *listusers.Error
			if !errors.As(err, &own) || own.Code() != tt.code || own.Unwrap() == nil || holder != presignup.Nobody {
				t.Fatalf("%v, %v: %v", holder, err, errors.Unwrap(err))
			}
			if err.Error() != "cognito: list users: "+tt.code || requests.Load() != tt.requests {
				t.Errorf("%q after %d requests", err, requests.Load())
			}
		})
	}
}

func TestNobodyIsAskedWhoCantBe(t *testing.T) {
	for name, tt := range map[string]struct {
		pool  string
		unset string
		code  string
	}{
		"a pool of another Region": {"us-east-1_Ab12", "", "other_region"},
		"no credentials":           {"eu-west-1_Ab12", "AWS_SECRET_ACCESS_KEY", "no_credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			base := variables("http://127.0.0.1:1")
			p := listusers.New(&lambdaenv.Environment{Getenv: func(name string) string {
				if name == tt.unset {
					return ""
				}
				return base(name)
			}})
			_, err := p.Holder(t.Context(), tt.pool, "email", "a@example.com")
			var own *listusers.Error
			if !errors.As(err, &own) || own.Code() != tt.code {
				t.Errorf("%v: %v", err, errors.Unwrap(err))
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		_, err := newPool(t, "http://127.0.0.1:1").Holder(t.Context(), "eu-west-1_Ab12", "email", "a@example.com")
		var own *listusers.Error
		if !errors.As(err, &own) || own.Code() != "network" {
			t.Errorf("%v: %v", err, errors.Unwrap(err))
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newPool(t, "http://127.0.0.1:1").Holder(ctx, "eu-west-1_Ab12", "email", "a@example.com")
		var own *listusers.Error
		if !errors.As(err, &own) || own.Code() != "canceled" {
			t.Errorf("%v: %v", err, errors.Unwrap(err))
		}
	})
}
