package worker_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// world is a cloud without sockets, the real SDK on it, and a worker: what runs here is what runs in production, but
// for the ledger's disk and the vendors, which are functions.
type world struct {
	t        *testing.T
	cloud    *localcloud.Cloud
	clients  *amazon.Clients
	face     face
	queue    string
	arn      string        // of the queue
	timeout  time.Duration // of the function
	dlq      string
	pool     string
	client   string
	ledger   *fake.Ledger
	store    worker.Ledger // what the worker sees; the ledger
	pipeline *enrich.Pipeline
	options  worker.Options
	daemon   worker.DaemonOptions
	secrets  enrich.Secrets
	log      *bytes.Buffer
	verdicts []worker.Verdict
	mu       sync.Mutex
	fragile  bool // the observer panics at every step
}

// vendor is a connector made of a function, with a class of its own, that counts its calls.
type vendor struct {
	class enrich.Class
	run   func(ctx context.Context, call enrich.Call, n int) (enrich.Result, error)
	mu    sync.Mutex
	calls int
	keys  map[string]int // by effect key
}

func (v *vendor) Class() enrich.Class { return v.class }

func (v *vendor) Run(ctx context.Context, call enrich.Call) (enrich.Result, error) {
	v.mu.Lock()
	v.calls++
	n := v.calls
	if v.keys == nil {
		v.keys = map[string]int{}
	}
	v.keys[call.EffectKey]++
	v.mu.Unlock()
	return v.run(ctx, call, n)
}

func (v *vendor) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

// answers is a reading vendor that always gives the same result.
func answers(r enrich.Result) *vendor {
	return &vendor{class: enrich.Read, run: func(context.Context, enrich.Call, int) (enrich.Result, error) { return r, nil }}
}

// failsFirst is a vendor that gives errs one by one, then the result.
func failsFirst(class enrich.Class, r enrich.Result, errs ...error) *vendor {
	return &vendor{class: class, run: func(_ context.Context, _ enrich.Call, n int) (enrich.Result, error) {
		if n <= len(errs) {
			return nil, errs[n-1]
		}
		return r, nil
	}}
}

var acme = enrich.Result{"name": "Acme Ltd", "plan": "team", "size": int64(12)}

// language makes the tests' expressions.
func language(t *testing.T) *expr.Env {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func template(t *testing.T, source string) *expr.Template {
	t.Helper()
	tm, err := language(t).Template(source)
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

func condition(t *testing.T, source string) *expr.Program {
	t.Helper()
	p, err := language(t).Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// company is the pipeline of most tests: one vendor, one attribute.
func company(t *testing.T, c enrich.Connector) *enrich.Pipeline {
	return &enrich.Pipeline{Hash: "hash", Limits: enrich.Limits{CognitoWrites: 15},
		Steps: []enrich.Step{{ID: "company", Uses: "test", Connector: c, Class: enrich.ClassOf(c), Timeout: 10 * time.Second,
			Fields: []expr.Path{{"name"}}}},
		Attributes: []enrich.Attribute{{Name: "custom:company", Value: template(t, "${{ steps.company.name }}")}}}
}

// newWorld makes the cloud: a queue with its dead letters, a pool with custom attributes. Call it in a bubble.
func newWorld(t *testing.T, on face, p *enrich.Pipeline) *world {
	t.Helper()
	w := &world{t: t, face: on, timeout: time.Minute, cloud: localcloud.New(nil), ledger: &fake.Ledger{}, pipeline: p, secrets: secretenv.Store{}, log: &bytes.Buffer{}}
	w.cloud.Register(cloudsqs.New(nil))
	w.cloud.Register(cognito.New(nil))
	var err error
	w.clients, err = amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w.cloud, LocalCloud: "http://local.test"})
	w.must(err)
	w.dlq = w.createQueue("dlq", nil)
	w.queue = w.createQueue("confirmed", map[string]string{"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "360"})
	about, err := w.clients.SQS.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &w.queue,
		AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	w.must(err)
	w.arn = about.Attributes["QueueArn"]
	in := &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		UsernameAttributes: []types.UsernameAttributeType{types.UsernameAttributeTypeEmail}}
	for _, name := range []string{"company", "plan", "crm_id"} {
		in.Schema = append(in.Schema, types.SchemaAttributeType{Name: aws.String(name), Mutable: aws.Bool(true),
			AttributeDataType:          types.AttributeDataTypeString,
			StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: aws.String("40")}})
	}
	made, err := w.clients.Cognito.CreateUserPool(t.Context(), in)
	w.must(err)
	w.pool = *made.UserPool.Id
	client, err := w.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("web")})
	w.must(err)
	w.client = *client.UserPoolClient.ClientId
	w.pipeline.Pools = []string{w.pool}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) createQueue(name string, attributes map[string]string) string {
	w.t.Helper()
	q, err := w.clients.SQS.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	w.must(err)
	return *q.QueueUrl
}

// confirm makes a confirmed user and puts the message on the queue, as the trigger would. It returns the sub.
func (w *world) confirm(email string) string { return w.confirmWith(email, nil) }

// confirmWith is a sign-up whose message carries metadata.
func (w *world) confirmWith(email string, metadata map[string]string) string {
	w.t.Helper()
	sub := w.person(email)
	m := w.message(sub)
	m.Metadata = metadata
	w.send(string(m.Encode()))
	return sub
}

// person makes a confirmed user of whom the queue does not know, and gives the sub.
func (w *world) person(email string) string {
	w.t.Helper()
	up, err := w.clients.Cognito.SignUp(w.t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: &w.client, Username: &email,
		Password: aws.String("Correct-Horse-7"), UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &email}}})
	w.must(err)
	_, err = w.clients.Cognito.AdminConfirmSignUp(w.t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: &w.pool, Username: &email})
	w.must(err)
	return *up.UserSub
}

func (w *world) message(sub string) event.Message {
	return event.Message{Pool: w.pool, Region: "eu-west-1", User: sub, Sub: sub, Generation: event.Onboarding,
		Source: event.SourceSignup, Client: w.client, At: time.Now()}
}

func (w *world) send(body string) {
	w.t.Helper()
	_, err := w.clients.SQS.SendMessage(w.t.Context(), &sqs.SendMessageInput{QueueUrl: &w.queue, MessageBody: &body})
	w.must(err)
}

// Stepped and Finished make the world the worker's observer.
func (w *world) Stepped(worker.StepNote) {
	if w.fragile {
		panic("canary@acme.example")
	}
}

func (w *world) Finished(v worker.Verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verdicts = append(w.verdicts, v)
}

// reasons lists "outcome reason" of each verdict so far.
func (w *world) reasons() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]string, len(w.verdicts))
	for i, v := range w.verdicts {
		out[i] = strings.TrimSpace(v.Outcome.String() + " " + v.Reason)
	}
	return out
}

// work lets a new worker work for a virtual time.
func (w *world) work(length time.Duration) {
	w.t.Helper()
	w.options.Observer = w
	w.options.Log = slog.New(slog.NewJSONHandler(locked{&w.mu, w.log}, nil))
	w.daemon.Log = w.options.Log
	if length > 12*time.Hour { // half of the long polls for the same thing
		defer func(before int) { w.daemon.Pollers = before }(w.daemon.Pollers)
		w.daemon.Pollers = 1
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), length)
	defer cancel()
	w.face.work(ctx, w)
}

func (w *world) ports(q worker.Queue) worker.Ports {
	ledger := w.store
	if ledger == nil {
		ledger = w.ledger
	}
	return worker.Ports{Queue: q, DeadLetters: amazon.NewDeadLetters(w.clients.SQS, w.dlq),
		Directory: amazon.NewDirectory(w.clients.Cognito), Ledger: ledger, Secrets: w.secrets}
}

type locked struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// attributes reads the user's attributes from the pool.
func (w *world) attributes(sub string) map[string]string {
	w.t.Helper()
	user, err := amazon.NewDirectory(w.clients.Cognito).User(w.t.Context(), w.pool, sub)
	w.must(err)
	return user.Attributes
}

// run reads the run's entry in the ledger.
func (w *world) run(sub string) worker.Run {
	w.t.Helper()
	r, ok := w.ledger.Run(event.RunKey(w.pool, sub, event.Onboarding))
	if !ok {
		w.t.Fatalf("no run for %s", sub)
	}
	return r
}

// letters takes all dead letters.
func (w *world) letters() []sqstypes.Message {
	w.t.Helper()
	out, err := w.clients.SQS.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.dlq, MaxNumberOfMessages: 10,
		MessageAttributeNames: []string{"All"}})
	w.must(err)
	return out.Messages
}

// left counts the messages on the queue, hidden ones included.
func (w *world) left() string {
	w.t.Helper()
	about, err := w.clients.SQS.GetQueueAttributes(w.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &w.queue,
		AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}})
	w.must(err)
	return about.Attributes["ApproximateNumberOfMessages"] + "+" + about.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func reason(m sqstypes.Message) string {
	return aws.ToString(m.MessageAttributes["postconfirm_reason"].StringValue)
}

var (
	errDown    = &enrich.Error{Kind: enrich.Temporary, Code: "http_503", Sent: true, Refused: true}
	errRefused = &enrich.Error{Kind: enrich.Permanent, Code: "http_422", Sent: true, Refused: true}
	errLost    = &enrich.Error{Kind: enrich.Temporary, Code: "reset", Sent: true}
	errUnsent  = &enrich.Error{Kind: enrich.Temporary, Code: "connect"}
)

func throttled(after time.Duration) error {
	return &enrich.Error{Kind: enrich.Throttled, Code: "http_429", Sent: true, Refused: true, RetryAfter: after}
}

func same(err error, n int) []error {
	all := make([]error, n)
	for i := range all {
		all[i] = err
	}
	return all
}

func attributeList(values map[string]string) []types.AttributeType {
	var list []types.AttributeType
	for name, value := range values {
		list = append(list, types.AttributeType{Name: &name, Value: &value})
	}
	return list
}
