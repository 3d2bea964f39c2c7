package rehearse_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/rehearse"
)

// email is the canary: it may appear nowhere.
const email = "canary-ada@canary.example"

// wire counts what reaches the cloud, by operation.
type wire struct {
	cloud *localcloud.Cloud
	mu    sync.Mutex
	calls map[string]int
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	w.mu.Lock()
	w.calls[operation]++
	w.mu.Unlock()
	return w.cloud.Do(r)
}

// world is a cloud without sockets with one confirmed user in one pool, and the real SDK on it.
type world struct {
	t         *testing.T
	wire      *wire
	clients   *amazon.Clients
	pool, sub string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cognito.New(nil))
	w := &world{t: t, wire: &wire{cloud: cloud, calls: map[string]int{}}}
	var err error
	w.clients, err = amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w.wire, LocalCloud: "http://local.test"})
	w.must(err)
	in := &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		UsernameAttributes: []types.UsernameAttributeType{types.UsernameAttributeTypeEmail}}
	for _, name := range []string{"company", "plan", "crm_id", "short"} {
		limit := "40"
		if name == "short" {
			limit = "3"
		}
		in.Schema = append(in.Schema, types.SchemaAttributeType{Name: aws.String(name), Mutable: aws.Bool(true),
			AttributeDataType:          types.AttributeDataTypeString,
			StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: &limit}})
	}
	made, err := w.clients.Cognito.CreateUserPool(t.Context(), in)
	w.must(err)
	w.pool = *made.UserPool.Id
	client, err := w.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("web")})
	w.must(err)
	up, err := w.clients.Cognito.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: client.UserPoolClient.ClientId,
		Username: aws.String(email), Password: aws.String("Correct-Horse-7"), UserAttributes: []types.AttributeType{
			{Name: aws.String("email"), Value: aws.String(email)}}})
	w.must(err)
	w.sub = *up.UserSub
	w.must(w.directory().Write(t.Context(), w.pool, w.sub, []worker.Value{{Name: "custom:plan", Text: "canary-basic"}}))
	clear(w.wire.calls)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) directory() *amazon.Directory { return amazon.NewDirectory(w.clients.Cognito) }

func (w *world) message() event.Message {
	return event.Message{Pool: w.pool, Region: "eu-west-1", User: w.sub, Sub: w.sub, Generation: event.Onboarding, Source: event.SourceSignup}
}

// run rehearses the pipeline with the world's user.
func (w *world) run(p *enrich.Pipeline, o *rehearse.Options) *rehearse.Report {
	w.t.Helper()
	p.Pools = []string{w.pool}
	r, err := rehearse.Run(w.t.Context(), p, w.directory(), secretenv.Store{}, w.message(), o)
	w.must(err)
	return r
}

// attributes reads what the pool has, without counting.
func (w *world) attributes() map[string]string {
	w.t.Helper()
	user, err := w.directory().User(w.t.Context(), w.pool, w.sub)
	w.must(err)
	return user.Attributes
}

// vendor is an outside system that counts its calls.
type vendor struct {
	class  enrich.Class
	answer enrich.Result
	err    error
	mu     sync.Mutex
	calls  int
}

func (v *vendor) Class() enrich.Class { return v.class }

func (v *vendor) Dependency() string { return "vendor.example" }

func (v *vendor) Run(context.Context, enrich.Call) (enrich.Result, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls++
	return v.answer, v.err
}

// reads is a vendor that is asked.
func reads(answer enrich.Result) *vendor { return &vendor{class: enrich.Read, answer: answer} }

func step(id string, v *vendor, needs ...string) enrich.Step {
	return enrich.Step{ID: id, Uses: "test", Connector: v, Class: v.class, Needs: needs, Timeout: time.Second,
		Fields: []expr.Path{{"name"}, {"id"}}}
}

func attribute(t *testing.T, name, source string, mode enrich.Mode) enrich.Attribute {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	value, err := env.Template(source)
	if err != nil {
		t.Fatal(err)
	}
	return enrich.Attribute{Name: name, Value: value, Mode: mode}
}

func condition(t *testing.T, source string) *expr.Program {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	program, err := env.Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func pipeline(steps []enrich.Step, attributes ...enrich.Attribute) *enrich.Pipeline {
	return &enrich.Pipeline{Hash: "hash", Limits: enrich.Limits{CognitoWrites: 15}, Steps: steps, Attributes: attributes}
}
