package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/onewrite"
)

const secret = "Correct-Horse-7"

// world is a local cloud with both built programs behind a pool in which people sign in with their address.
type world struct {
	*idp.Client
	t         *testing.T
	service   *cognito.Service
	presignup *spy
	trigger   *spy
	pool, app string
}

// spy stands before a function and remembers the trigger sources; out has what the program printed.
type spy struct {
	*function.Process
	out *output

	mu      sync.Mutex
	sources []string
}

func (s *spy) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var e struct{ TriggerSource string }
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.sources = append(s.sources, e.TriggerSource)
	s.mu.Unlock()
	return s.Process.Invoke(ctx, payload)
}

// seen are the sources since the last time, and the outcomes in the lines, as TRIGGERS.md writes them.
func (s *spy) seen(t *testing.T) (source, outcome string) {
	t.Helper()
	source, outcome = "—", "—"
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sources) > 0 {
		source = "`" + strings.Join(s.sources, "`, `") + "`"
	}
	var all []string
	for line := range strings.Lines(s.out.take(t, len(s.sources), `"outcome"`)) {
		if !strings.HasPrefix(line, "{") {
			continue // the Lambda library's own line about a refusal
		}
		var l struct{ Postconfirm, Outcome, Reason string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("printed %s", line)
		}
		switch {
		case l.Postconfirm == "journal":
		case l.Reason == "":
			all = append(all, l.Outcome)
		default:
			all = append(all, l.Outcome+" ("+l.Reason+")")
		}
	}
	if len(all) > 0 {
		outcome = strings.Join(all, ", ")
	}
	s.sources = nil
	return source, outcome
}

// programs are the two built Lambdas.
type programs struct{ presignup, trigger string }

func newWorld(t *testing.T, p programs) *world {
	t.Helper()
	cloud := localcloud.New(nil)
	w := &world{t: t, service: cognito.New(nil)}
	cloud.Register(w.service)
	cloud.Register(cloudsqs.New(nil))
	server, err := cloud.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, keys := onewrite.Client{Doer: &http.Client{Transport: transport}}, credentials.NewStaticCredentialsProvider("local", "local", "")
	w.Client = idp.New(idp.Options{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL()), HTTPClient: client, Credentials: keys, Retryer: aws.NopRetryer{}})
	queues := sqs.New(sqs.Options{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL()), HTTPClient: client, Credentials: keys, Retryer: aws.NopRetryer{}})
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("confirmed")})
	if err != nil {
		t.Fatal(err)
	}
	w.presignup = w.deploy(server.URL(), "presignup", p.presignup, map[string]string{
		"POSTCONFIRM_POLICY": "version: 1\nconfirm: [{ name: staff, domains: example.com, verify: email }]"})
	w.trigger = w.deploy(server.URL(), "trigger", p.trigger, map[string]string{"POSTCONFIRM_QUEUE_URL": *queue.QueueUrl})
	w.pools()
	return w
}

func (w *world) deploy(endpoint, name, program string, environment map[string]string) *spy {
	environment["AWS_ENDPOINT_URL"], environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = endpoint, "local", "local"
	s := &spy{out: newOutput()}
	s.Process = function.New([]string{program}, &function.Options{Name: name, Output: s.out, Environment: environment})
	w.t.Cleanup(func() { _ = s.Close() })
	w.service.RegisterFunction(s.ARN(), s)
	return s
}

func (w *world) pools() {
	made, err := w.CreateUserPool(w.t.Context(), &idp.CreateUserPoolInput{PoolName: aws.String("people"),
		UsernameAttributes:     []types.UsernameAttributeType{types.UsernameAttributeTypeEmail},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
		LambdaConfig:           &types.LambdaConfigType{PreSignUp: aws.String(w.presignup.ARN()), PostConfirmation: aws.String(w.trigger.ARN())}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pool = *made.UserPool.Id
	app, err := w.CreateUserPoolClient(w.t.Context(), &idp.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("web")})
	if err != nil {
		w.t.Fatal(err)
	}
	w.app = *app.UserPoolClient.ClientId
}

func (w *world) signUp(email string) error {
	_, err := w.SignUp(w.t.Context(), &idp.SignUpInput{ClientId: &w.app, Username: &email, Password: aws.String(secret)})
	return err
}

func (w *world) confirm(email string) error {
	_, err := w.ConfirmSignUp(w.t.Context(), &idp.ConfirmSignUpInput{ClientId: &w.app, Username: &email, ConfirmationCode: aws.String("123456")})
	return err
}

func (w *world) federated() error {
	_, err := w.service.SignInFederated(w.t.Context(), cognito.FederatedSignIn{Pool: w.pool, Provider: "Google", ID: "104", Attributes: map[string]string{"email": "ann@example.com"}})
	return err
}

const (
	ann  = "ann@elsewhere.example"
	boss = "boss@example.com"
)

// ways are the rows of TRIGGERS.md: what has to be there before, and the way itself.
func ways(w *world) map[string]struct{ before, way func() error } {
	ctx := w.t.Context()
	nothing := func() error { return nil }
	joined := func() error { return w.signUp(ann) }
	type row = struct{ before, way func() error }
	return map[string]row{
		"SignUp":        {nothing, joined},
		"ConfirmSignUp": {joined, func() error { return w.confirm(ann) }},
		"AdminConfirmSignUp": {joined, func() error {
			_, err := w.AdminConfirmSignUp(ctx, &idp.AdminConfirmSignUpInput{UserPoolId: &w.pool, Username: aws.String(ann)})
			return err
		}},
		"auto-confirm inside SignUp": {nothing, func() error { return w.signUp(boss) }},
		"managed login: sign-up and code": {nothing, func() error {
			if err := w.signUp(ann); err != nil {
				return err
			}
			return w.confirm(ann)
		}},
		"forgot password": {func() error { return w.signUp(boss) }, func() error {
			if _, err := w.ForgotPassword(ctx, &idp.ForgotPasswordInput{ClientId: &w.app, Username: aws.String(boss)}); err != nil {
				return err
			}
			_, err := w.ConfirmForgotPassword(ctx, &idp.ConfirmForgotPasswordInput{ClientId: &w.app, Username: aws.String(boss),
				ConfirmationCode: aws.String("123456"), Password: aws.String(secret)})
			return err
		}},
		"federated first sign-in": {nothing, w.federated},
		"federated later sign-in": {w.federated, w.federated},
		"AdminCreateUser": {nothing, func() error {
			_, err := w.AdminCreateUser(ctx, &idp.AdminCreateUserInput{UserPoolId: &w.pool, Username: aws.String(boss)})
			return err
		}},
		"AdminSetUserPassword": {joined, func() error {
			_, err := w.AdminSetUserPassword(ctx, &idp.AdminSetUserPasswordInput{UserPoolId: &w.pool, Username: aws.String(ann), Password: aws.String(secret), Permanent: true})
			return err
		}},
		"CSV import": {nothing, func() error {
			_, err := w.service.ImportUser(ctx, cognito.ImportedUser{Pool: w.pool, Username: boss, Attributes: map[string]string{"email_verified": "true"}})
			return err
		}},
		"user migration": {nothing, w.migrated},
	}
}

// migrated hands the program the event that is reported of user migration; the local cloud has no sign-in.
func (w *world) migrated() error {
	payload := fmt.Sprintf(`{"version":"1","region":"eu-west-1","userPoolId":%q,"userName":%q,"callerContext":{"clientId":%q},"triggerSource":"PreSignUp_AdminCreateUser",`+
		`"request":{"userAttributes":{"email":%q,"email_verified":"true"},"validationData":null},"response":{"autoConfirmUser":false}}`, w.pool, boss, w.app, boss)
	answer, err := w.presignup.Invoke(w.t.Context(), []byte(payload))
	if err == nil && string(answer) != payload {
		err = fmt.Errorf("it came back as %s", answer)
	}
	return err
}

// TestTriggersPage plays every row of TRIGGERS.md, and holds the page against what happened.
func TestTriggersPage(t *testing.T) {
	page, err := os.ReadFile("../../trigger/TRIGGERS.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := table(string(page))
	p := programs{presignup: build(t, "."), trigger: build(t, "../trigger")}
	if all := ways(&world{t: t}); len(rows) != len(all) {
		t.Errorf("%d rows in the page, %d ways in the test", len(rows), len(all))
	}
	for _, row := range rows {
		t.Run(row[0], func(t *testing.T) {
			w := newWorld(t, p)
			way, known := ways(w)[row[0]]
			if !known {
				t.Fatal("the test knows no such way")
			}
			if err := way.before(); err != nil {
				t.Fatal(err)
			}
			w.presignup.seen(t) // what came before is no part of the row
			w.trigger.seen(t)
			if err := way.way(); err != nil {
				t.Fatal(err)
			}
			pre, decided := w.presignup.seen(t)
			post, sent := w.trigger.seen(t)
			want := [5]string{row[0], strings.TrimSuffix(row[1], " (reported)"), row[2], row[3], row[4]}
			if diff := cmp.Diff(want, [5]string{row[0], pre, post, decided, sent}); diff != "" {
				t.Errorf("(-page +played):\n%s", diff)
			}
		})
	}
}

// table are the cells of the page's first table.
func table(page string) (rows [][5]string) {
	_, page, _ = strings.Cut(page, "|---|---|---|---|---|\n")
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 5 {
			return rows
		}
		rows = append(rows, [5]string(cells))
	}
	return rows
}
