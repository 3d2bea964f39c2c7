package cognito_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
)

var update = flag.Bool("update", false, "write the golden files")

// role is the variable that makes the test binary run as a Lambda program instead of the tests.
const role = "COGNITO_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "lambda" {
		lambda.Start(trigger)
	}
	goleak.VerifyTestMain(m)
}

// trigger is a real post confirmation program; the user's given name tells it what to do.
func trigger(event json.RawMessage) (json.RawMessage, error) {
	switch {
	case bytes.Contains(event, []byte(`"given_name":"fail"`)):
		return nil, errors.New("not today")
	case bytes.Contains(event, []byte(`"given_name":"exit"`)):
		os.Exit(4)
	}
	return event, nil
}

const (
	password   = "Correct-Horse-1"
	triggerARN = "arn:aws:lambda:eu-west-1:000000000000:function:trigger"
	policyARN  = "arn:aws:lambda:eu-west-1:000000000000:function:policy"
)

// wire is the road of the real SDK to the service, without a socket.
type wire struct{ http.Handler }

func (w wire) Do(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// world is a service, the real client for it, and what most tests start from.
type world struct {
	t       *testing.T
	service *cognito.Service
	*idp.Client
}

// newWorld makes an account whose ids are the same in every run.
func newWorld(t *testing.T, o *cognito.Options) *world {
	t.Helper()
	if o == nil {
		o = &cognito.Options{}
	}
	if o.Random == nil {
		source := rand.NewChaCha8([32]byte([]byte("the ids of these tests are known")))
		o.Random = func(b []byte) { _, _ = source.Read(b) }
	}
	s := cognito.New(o)
	return &world{t: t, service: s, Client: idp.New(idp.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String("http://local.test"),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   wire{s},
		Retryer:      aws.NopRetryer{},
	})}
}

// pool makes a pool in which users sign up with their e-mail address, unless change says otherwise.
func (w *world) pool(change func(*idp.CreateUserPoolInput)) string {
	w.t.Helper()
	in := &idp.CreateUserPoolInput{
		PoolName:               aws.String("people"),
		UsernameAttributes:     []types.UsernameAttributeType{types.UsernameAttributeTypeEmail},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
	}
	if change != nil {
		change(in)
	}
	out, err := w.CreateUserPool(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.UserPool.Id
}

// named makes a pool with true user names, and with e-mail as an alias if there is no other change.
func (w *world) named(change func(*idp.CreateUserPoolInput)) string {
	w.t.Helper()
	return w.pool(func(in *idp.CreateUserPoolInput) {
		in.UsernameAttributes = nil
		in.AliasAttributes = []types.AliasAttributeType{types.AliasAttributeTypeEmail}
		if change != nil {
			change(in)
		}
	})
}

// app makes an app client of a pool.
func (w *world) app(pool string, change func(*idp.CreateUserPoolClientInput)) string {
	w.t.Helper()
	in := &idp.CreateUserPoolClientInput{UserPoolId: &pool, ClientName: aws.String("app")}
	if change != nil {
		change(in)
	}
	out, err := w.CreateUserPoolClient(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.UserPoolClient.ClientId
}

// join signs a user up.
func (w *world) join(app, name string, attributes ...types.AttributeType) *idp.SignUpOutput {
	w.t.Helper()
	out, err := w.SignUp(w.t.Context(), &idp.SignUpInput{
		ClientId: &app, Username: &name, Password: aws.String(password), UserAttributes: attributes,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// confirm confirms a user with the code that is always right.
func (w *world) confirm(app, name string) error {
	_, err := w.ConfirmSignUp(w.t.Context(), &idp.ConfirmSignUpInput{ClientId: &app, Username: &name, ConfirmationCode: aws.String("123456")})
	return err
}

// user reads a user's state and attributes.
func (w *world) user(pool, name string) (types.UserStatusType, map[string]string) {
	w.t.Helper()
	out, err := w.AdminGetUser(w.t.Context(), &idp.AdminGetUserInput{UserPoolId: &pool, Username: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.UserStatus, flat(out.UserAttributes)
}

// write updates attributes as an administrator.
func (w *world) write(pool, name string, attributes ...types.AttributeType) error {
	_, err := w.AdminUpdateUserAttributes(w.t.Context(), &idp.AdminUpdateUserAttributesInput{
		UserPoolId: &pool, Username: &name, UserAttributes: attributes,
	})
	return err
}

func attr(name, value string) types.AttributeType {
	return types.AttributeType{Name: &name, Value: &value}
}

func flat(list []types.AttributeType) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		m[*a.Name] = *a.Value
	}
	return m
}

// refused holds an error to a type of the SDK's and to a text.
func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e.ErrorCode() != code || e.ErrorMessage() != text {
		t.Errorf("got  %s: %s\nwant %s: %s", e.ErrorCode(), e.ErrorMessage(), code, text)
	}
	var generic *smithy.GenericAPIError
	if errors.As(err, &generic) {
		t.Errorf("%s is not a typed error of this operation", code)
	}
}

// recorder is a function that remembers its events and answers as it is told.
type recorder struct {
	answer func(ctx context.Context, n int, event []byte) ([]byte, error) // n counts from 1; nil means echo

	mu     sync.Mutex
	events [][]byte
}

func (r *recorder) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	r.mu.Lock()
	r.events = append(r.events, payload)
	n := len(r.events)
	r.mu.Unlock()
	if r.answer == nil {
		return payload, nil
	}
	return r.answer(ctx, n, payload)
}

// seen gives the sources of the events so far.
func (r *recorder) seen(t *testing.T) []string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, e := range r.events {
		var v struct{ TriggerSource string }
		if err := json.Unmarshal(e, &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v.TriggerSource)
	}
	return list
}

// last gives the last event.
func (r *recorder) last() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == 0 {
		return nil
	}
	return r.events[len(r.events)-1]
}

// triggers puts functions into a new pool's configuration; an empty ARN leaves one out.
func triggers(preSignUp, postConfirmation string) *types.LambdaConfigType {
	c := &types.LambdaConfigType{}
	if preSignUp != "" {
		c.PreSignUp = &preSignUp
	}
	if postConfirmation != "" {
		c.PostConfirmation = &postConfirmation
	}
	return c
}

// golden compares with a file under testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSuffix(string(want), "\n"), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
