package app_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// The vendors' pipeline: one answers, one refuses in its own words, one is no HTTP at all, one redirects to somewhere.
const talkative = `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: company
    uses: http
    with:
      url: COMPANY/find/${{ default(user.email, "") }}
      bearer: ${{ secrets.APP_CANARY_TOKEN }}
      query: { phone: "${{ user.phone_number }}", word: "${{ run.metadata.word }}" }
  - id: refuses
    uses: http
    with: { url: "REFUSES/u/${{ default(user.sub, '') }}" }
  - id: garbles
    uses: http
    with: { url: GARBLES/ }
  - id: sends_away
    uses: http
    with: { url: AWAY/ }
attributes:
  custom:company: ${{ steps.company.body.name }}
  custom:long: ${{ steps.company.body.long }}
`

// canaries is a cloud, vendors that say "canary" wherever they can, and one user who is a canary from name to secret.
type canaries struct {
	settings app.Settings
	clients  *amazon.Clients
	log      *lockedBuffer
	personal []string // what is no canary by name, but the user's all the same
	bodies   []string // of the messages
}

// lockedBuffer is a log that many write.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

func newCanaries(t *testing.T) *canaries {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	cloud.Register(cognito.New(nil))
	server, err := cloud.Listen("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	c := &canaries{log: &lockedBuffer{}}
	c.clients, err = amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: server.URL()})
	must(t, err)
	t.Setenv("APP_CANARY_TOKEN", "canary-secret")
	dir := t.TempDir()
	c.settings = app.Settings{Pipeline: filepath.Join(dir, "pipeline.yaml"), Queue: c.queue(t, "confirmed"), DeadLetters: c.queue(t, "dlq"),
		Ledger: "sqlite:" + filepath.Join(dir, "ledger.db"), Local: server.URL(), Region: "eu-west-1", AllowLoopback: true,
		Log: slog.New(slog.NewJSONHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	c.settings.Worker.AnyPool, c.settings.Worker.Attempts = true, 1
	must(t, os.WriteFile(c.settings.Pipeline, []byte(vendors(t)), 0o600))
	c.signUp(t)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *canaries) queue(t *testing.T, name string) string {
	t.Helper()
	q, err := c.clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name,
		Attributes: map[string]string{"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "360"}})
	must(t, err)
	return *q.QueueUrl
}

// vendors starts the vendors and puts their addresses into the pipeline.
func vendors(t *testing.T) string {
	t.Helper()
	text := talkative
	for name, says := range map[string]pretend.Answer{
		"COMPANY": pretend.JSON(http.StatusOK, `{"name":"canary-company","long":"`+strings.Repeat("canary", 500)+`"}`),
		"REFUSES": pretend.Reply(http.StatusUnprocessableEntity, http.Header{"X-Canary": {"canary-header"}, "Content-Type": {"canary/type"}}, "canary-body"),
		"GARBLES": pretend.Raw("canary-garbage\r\n\r\n"),
		"AWAY":    pretend.Reply(http.StatusFound, http.Header{"Location": {"https://canary.example/canary"}}, "canary-away"),
	} {
		v := pretend.New(says)
		base, err := v.Listen()
		must(t, err)
		t.Cleanup(v.Close)
		text = strings.ReplaceAll(text, name, base)
	}
	return text
}

func (c *canaries) signUp(t *testing.T) {
	t.Helper()
	in := &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")}
	for _, name := range []string{"company", "long"} {
		in.Schema = append(in.Schema, types.SchemaAttributeType{Name: &name, AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true),
			StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: aws.String("2048")}})
	}
	pool, err := c.clients.Cognito.CreateUserPool(t.Context(), in)
	must(t, err)
	client, err := c.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: aws.String("web")})
	must(t, err)
	attributes := func(pairs ...string) (all []types.AttributeType) {
		for p := range slices.Chunk(pairs, 2) {
			all = append(all, types.AttributeType{Name: &p[0], Value: &p[1]})
		}
		return all
	}
	up, err := c.clients.Cognito.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: client.UserPoolClient.ClientId,
		Username: aws.String("canary-user"), Password: aws.String("Canary-Pass-7"), UserAttributes: attributes("email", "canary-address@canary.example",
			"name", "canary-name", "phone_number", "+15550142337", "address", "canary-street")})
	must(t, err)
	_, err = c.clients.Cognito.AdminConfirmSignUp(t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{
		UserPoolId: pool.UserPool.Id, Username: aws.String("canary-user")})
	must(t, err)
	_, err = c.clients.Cognito.AdminUpdateUserAttributes(t.Context(), &cognitoidentityprovider.AdminUpdateUserAttributesInput{
		UserPoolId: pool.UserPool.Id, Username: aws.String("canary-user"), UserAttributes: attributes("custom:company", "canary-before")})
	must(t, err)
	m := event.Message{Pool: *pool.UserPool.Id, Region: "eu-west-1", User: "canary-user", Sub: *up.UserSub,
		Metadata: map[string]string{"word": "canary-metadata"}}
	c.personal = []string{*up.UserSub, "15550142337", m.Key()}
	c.bodies = []string{string(m.Encode()), "canary: no message at all", `{"v":1,"pool":"` + m.Pool + `","user":"canary-user","sub":""}`}
}

// silent holds a text against everything that is the user's or a vendor's. In logs the run key may stand.
func (c *canaries) silent(t *testing.T, what, text string, may ...string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, word := range append([]string{"canary"}, c.personal...) {
		if i := strings.Index(lower, word); i >= 0 && !slices.Contains(may, word) {
			t.Errorf("%s: %s: …%s…", what, word, text[max(0, i-80):min(len(text), i+80)])
		}
	}
	if text == "" {
		t.Errorf("%s: there is nothing to look at", what)
	}
}

// letters checks the attributes of the dead letters; their bodies are the messages, as they came.
func (c *canaries) letters(t *testing.T) {
	t.Helper()
	out, err := c.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &c.settings.DeadLetters, MaxNumberOfMessages: 10,
		MessageAttributeNames: []string{"All"}})
	must(t, err)
	if len(out.Messages) != len(c.bodies) {
		t.Errorf("%d letters", len(out.Messages))
	}
	for _, m := range out.Messages {
		text := ""
		for name, v := range m.MessageAttributes {
			text += name + "=" + aws.ToString(v.StringValue) + "\n"
		}
		c.silent(t, "letter", text, c.personal[2])
	}
}

// counted are the numbers without which the canary test would look at an idle worker.
func counted(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("no %s in\n%s", w, text)
		}
	}
}

func TestNothingPersonalIsLoggedOrCountedByTheDaemon(t *testing.T) {
	c := newCanaries(t)
	verdicts := make(told, 10)
	c.settings.Metrics, c.settings.Worker.Observer = "127.0.0.1:0", verdicts
	a, err := app.New(t.Context(), c.settings)
	must(t, err)
	stop := start(t, a)
	for _, body := range c.bodies {
		_, err := c.clients.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &c.settings.Queue, MessageBody: &body})
		must(t, err)
	}
	for range c.bodies {
		<-verdicts
	}
	_, page := get(t, a.Metrics, "/metrics")
	stop()
	c.silent(t, "/metrics", page)
	c.silent(t, "log", c.log.String(), c.personal[2])
	counted(t, c.log.String(), `"run":"`+c.personal[2]+`"`)
	c.letters(t)
	counted(t, page, `postconfirm_runs_total{outcome="parked"} 1`, `{class="read",outcome="done",step="company"`, `outcome="failed",step="refuses"`,
		`outcome="failed",step="garbles"`, `outcome="failed",step="sends_away"`, `outcome="done",step="attributes"`, `{outcome="parked",reason="http_422"} 1`)
}

func TestNothingPersonalIsLoggedOrCountedByTheFunction(t *testing.T) {
	c := newCanaries(t)
	var out lockedBuffer
	c.settings.Out = &out
	ledger := &fake.Ledger{}
	a, err := app.NewFunction(t.Context(), c.settings, ledger)
	must(t, err)
	defer a.Close()
	records := make([]map[string]any, len(c.bodies))
	for i, body := range c.bodies {
		id := string(rune('a' + i))
		records[i] = map[string]any{"messageId": id, "receiptHandle": id, "body": body, "eventSource": "aws:sqs"}
	}
	payload, err := json.Marshal(map[string]any{"Records": records})
	must(t, err)
	answer, err := a.Function.Invoke(t.Context(), payload)
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Fatalf("answered %s, %v", answer, err)
	}
	c.silent(t, "metrics", out.String())
	c.silent(t, "log", c.log.String(), c.personal[2])
	c.letters(t)
	counted(t, out.String(), `"postconfirm_runs_total":1`, `"step":"refuses"`, `"reason":"http_422"`, `"postconfirm_oldest_unfinished_seconds":0`, `"state":"parked"`)
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

func TestAFunctionWithoutMetricsWritesNone(t *testing.T) {
	c := newCanaries(t)
	var out lockedBuffer
	c.settings.Out, c.settings.Metrics = &out, "off"
	a, err := app.NewFunction(t.Context(), c.settings, &fake.Ledger{})
	must(t, err)
	defer a.Close()
	if _, err := a.Function.Invoke(t.Context(), []byte(`{"Records":[{"messageId":"a","receiptHandle":"a","body":"x"}]}`)); err != nil || out.String() != "" {
		t.Errorf("%v, wrote %s", err, out.String())
	}
}
