package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// crowdPipeline asks a directory, tells a CRM, writes two attributes and sends a mail.
const crowdPipeline = `version: 1
pools: [POOL]
limits: { cognito-writes: 20/s }
steps:
  - id: company
    uses: http
    price: 0.002 USD
    with: { url: "VENDORS/company/${{ user.sub }}" }
  - id: crm
    uses: http
    needs: [company]
    with: { method: PUT, url: "VENDORS/crm/${{ user.sub }}", json: { company: "${{ steps.company.body.name }}" } }
  - id: welcome
    uses: http
    needs: [attributes]
    with: { method: POST, url: "VENDORS/welcome/${{ user.sub }}", answer: none }
attributes:
  custom:company: ${{ steps.company.body.name }}
  custom:crm_id: ${{ steps.crm.body.id }}
`

// crowd is a cloud, vendors, and a worker with many users; it counts what the vendors did.
type crowd struct {
	ledger string
	cloud  *amazon.Clients
	pool   string
	queue  string
	dlq    string

	mu     sync.Mutex
	broken map[string]string         // "step/sub" → status
	calls  map[string]map[string]int // by step and sub
	subs   []string
	ended  chan struct{} // one for each verdict that ends a run
}

// ServeHTTP is all vendors: /STEP/SUB.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	step, sub, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	_, _ = io.Copy(io.Discard, r.Body)
	c.mu.Lock()
	if c.calls[step] == nil {
		c.calls[step] = map[string]int{}
	}
	c.calls[step][sub]++
	status := c.broken[step+"/"+sub]
	c.mu.Unlock()
	if code, err := strconv.Atoi(status); err == nil {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"name":"Company of %s","id":"crm-%s"}`, sub, sub)
}

func (c *crowd) Stepped(worker.StepNote) {}

// Finished hears of every verdict.
func (c *crowd) Finished(v worker.Verdict) {
	if v.Outcome == worker.Completed || v.Outcome == worker.Parking {
		c.ended <- struct{}{}
	}
}

// troubled spreads the trouble: twenty users each whom the CRM refuses with 422 and 409, and the directory with 400.
func troubled(i int, sub string) (place, status string) {
	switch {
	case i < 20:
		return "crm/" + sub, "422"
	case i < 40:
		return "crm/" + sub, "409"
	case i < 60:
		return "company/" + sub, "400"
	}
	return "", ""
}

// startCrowd N starts everything, confirms N users, and waits until the worker is done with them. The first sixty are in
// trouble.
func startCrowd(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	c := &crowd{ledger: ts.MkAbs("ledger.db"), broken: map[string]string{}, calls: map[string]map[string]int{}, ended: make(chan struct{}, 10*n)}
	ts.Value(crowdsKey{}).(*crowds).now = c
	url := c.furnish(ts)
	vendors := httptest.NewServer(c)
	ts.Defer(vendors.Close)
	text := strings.NewReplacer("POOL", c.pool, "VENDORS", vendors.URL).Replace(crowdPipeline)
	ts.Check(os.WriteFile(ts.MkAbs("pipeline.yaml"), []byte(text), 0o600))
	for i := range n {
		c.confirm(ts, i)
	}
	c.work(ts, url)
	for range n {
		select {
		case <-c.ended:
		case <-time.After(time.Minute):
			ts.Fatalf("the worker does not come to an end")
		}
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": url, "AWS_REGION": c.cloud.Region, "AWS_ACCESS_KEY_ID": "local",
		"AWS_SECRET_ACCESS_KEY": "local", "POOL": c.pool, "POSTCONFIRM_QUEUE_URL": c.queue, "POSTCONFIRM_DLQ_URL": c.dlq,
		"POSTCONFIRM_LEDGER": "sqlite:" + c.ledger, "POSTCONFIRM_PIPELINE": ts.MkAbs("pipeline.yaml"), "POSTCONFIRM_WHO": "ann"} {
		ts.Setenv(name, value)
	}
}

// furnish makes a cloud with queues and a pool.
func (c *crowd) furnish(ts *testscript.TestScript) (url string) {
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	cloud.Register(cognito.New(nil))
	server, err := cloud.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	ctx := context.Background()
	c.cloud, err = amazon.Connect(ctx, &amazon.ConnectOptions{Region: cloud.Region(), LocalCloud: server.URL()})
	ts.Check(err)
	for name, url := range map[string]*string{"confirmed": &c.queue, "confirmed-dlq": &c.dlq} {
		made, err := c.cloud.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
		ts.Check(err)
		*url = *made.QueueUrl
	}
	in := &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"), UsernameAttributes: []cognitotypes.UsernameAttributeType{"email"}}
	for _, name := range []string{"company", "crm_id"} {
		in.Schema = append(in.Schema, cognitotypes.SchemaAttributeType{Name: &name, Mutable: aws.Bool(true), AttributeDataType: "String"})
	}
	pool, err := c.cloud.Cognito.CreateUserPool(ctx, in)
	ts.Check(err)
	c.pool = *pool.UserPool.Id
	return server.URL()
}

// confirm makes the i-th user and puts the message on the queue.
func (c *crowd) confirm(ts *testscript.TestScript, i int) {
	email := fmt.Sprintf("user%d@acme.example", i)
	made, err := c.cloud.Cognito.AdminCreateUser(context.Background(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: &c.pool,
		Username: &email, MessageAction: "SUPPRESS", UserAttributes: []cognitotypes.AttributeType{{Name: aws.String("email"), Value: &email}}})
	ts.Check(err)
	sub := *made.User.Username
	if place, status := troubled(i, sub); place != "" {
		c.broken[place] = status
	}
	c.subs = append(c.subs, sub)
	body := string(event.Message{Pool: c.pool, Sub: sub, User: sub, Generation: event.Onboarding, Source: event.SourceSignup}.Encode())
	_, err = c.cloud.SQS.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &c.queue, MessageBody: &body})
	ts.Check(err)
}

// work starts a worker, as cmd/worker would, that may write as fast as it likes.
func (c *crowd) work(ts *testscript.TestScript, url string) {
	a, err := app.New(context.Background(), app.Settings{Pipeline: ts.MkAbs("pipeline.yaml"), Queue: c.queue, DeadLetters: c.dlq,
		Ledger: "sqlite:" + c.ledger, AllowLoopback: true, Local: url, Region: c.cloud.Region, Log: slog.New(slog.DiscardHandler),
		Worker: worker.Options{Observer: c, HideBase: 50 * time.Millisecond, Budget: worker.NewBudget(1000, nil)}})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	ts.Defer(func() {
		stop()
		ts.Check(<-ended)
		ts.Check(a.Close())
	})
}

// crowds holds the script's crowd.
type crowds struct{ now *crowd }

// crowdsKey finds it.
type crowdsKey struct{}

func crowdOf(ts *testscript.TestScript) *crowd { return ts.Value(crowdsKey{}).(*crowds).now }

// mend STATUS ends the trouble of those whom a vendor refuses so.
func mend(ts *testscript.TestScript, _ bool, args []string) {
	c := crowdOf(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	for place, status := range c.broken {
		if status == args[0] {
			delete(c.broken, place)
		}
	}
}

// called TEXT compares how often each step was called: company=200 crm=180 welcome=140.
func called(ts *testscript.TestScript, _ bool, args []string) {
	c := crowdOf(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	var got []string
	for _, step := range []string{"company", "crm", "welcome"} {
		sum := 0
		for _, n := range c.calls[step] {
			sum += n
		}
		got = append(got, fmt.Sprintf("%s=%d", step, sum))
	}
	if strings.Join(got, " ") != strings.Join(args, " ") {
		ts.Fatalf("called: %v, want %v", got, args)
	}
}

// follow REGEXP runs the first command that the last program named and that the expression matches, just as it stands but
// for the ticket. follow STATUS REGEXP wants that exit code.
func follow(ts *testscript.TestScript, _ bool, args []string) {
	want := "0"
	if len(args) == 2 {
		want, args = args[0], args[1:]
	}
	wanted := regexp.MustCompile(args[0])
	for line := range strings.Lines(ts.ReadFile("stdout") + ts.ReadFile("stderr")) {
		_, command, found := strings.Cut(line, "postconfirm ")
		if !found || !wanted.MatchString(line) {
			continue
		}
		command = strings.ReplaceAll(strings.TrimSpace(command), "TICKET", "OPS-7")
		err := ts.Exec("sh", "-c", "exec postconfirm "+command)
		var ended *exec.ExitError
		code := "0"
		if errors.As(err, &ended) {
			code = strconv.Itoa(ended.ExitCode())
		}
		if code != want {
			ts.Fatalf("postconfirm %s: %v, want exit code %s", command, err, want)
		}
		return
	}
	ts.Fatalf("no command like %s was named", args[0])
}

// states TEXT compares how many runs are in each state: done=140 parked=60; and that whoever is done has the attributes.
func states(ts *testscript.TestScript, _ bool, args []string) {
	c := crowdOf(ts)
	b, err := sqlite.OpenReader(c.ledger)
	ts.Check(err)
	defer func() { _ = b.Close() }()
	o, err := b.Overview(context.Background())
	ts.Check(err)
	if got := fmt.Sprintf("done=%d parked=%d open=%d", o.States[worker.Done], o.States[worker.Parked], o.States[worker.Open]); got != strings.Join(args, " ") {
		ts.Fatalf("the runs are %s, want %v", got, args)
	}
	directory := amazon.NewDirectory(c.cloud.Cognito)
	for _, sub := range c.subs {
		run, _, err := b.Find(context.Background(), worker.Identity{Pool: c.pool, Sub: sub, Generation: event.Onboarding})
		ts.Check(err)
		user, err := directory.User(context.Background(), c.pool, sub)
		ts.Check(err)
		if want := "crm-" + sub; run.State == worker.Done && user.Attributes["custom:crm_id"] != want {
			ts.Fatalf("%s is done and has %q", run.Key, user.Attributes["custom:crm_id"])
		}
	}
}

var planText = regexp.MustCompile(`p-[0-9]{8}T[0-9]{6}Z-[a-z0-9]{6}`)

// plan sets PLAN to the plan that the last program named.
func plan(ts *testscript.TestScript, _ bool, _ []string) {
	id := planText.FindString(ts.ReadFile("stdout"))
	if id == "" {
		ts.Fatalf("no plan was named")
	}
	ts.Setenv("PLAN", id)
}

// keys N FILE writes the key of the first user's run N times.
func keys(ts *testscript.TestScript, _ bool, args []string) {
	c := crowdOf(ts)
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	line := event.RunKey(c.pool, c.subs[0], event.Onboarding) + "\r\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("\ufeff"+strings.Repeat(line, n)), 0o600))
}

// swap FILE OLD NEW replaces a text in a file.
func swap(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), args[1], args[2])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
