package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/audit"
)

// poolWorld is a cloud on this machine with users of whom a ledger knows nothing, and what the commands need of it.
type poolWorld struct {
	t       *testing.T
	clients *amazon.Clients
	pool    string
	queue   string
	ledger  string
	file    string // the pipeline
	users   int

	requests atomic.Int64
	at       atomic.Int64 // at this request something happens
	then     func()
}

func newPoolWorld(t *testing.T, users int) *poolWorld {
	t.Helper()
	w := &poolWorld{t: t, users: users, ledger: newLedger(t), then: func() {}}
	cloud, pools := localcloud.New(nil), cognito.New(nil)
	cloud.Register(pools)
	cloud.Register(cloudsqs.New(nil))
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.requests.Add(1) == w.at.Load() {
			w.then()
		}
		cloud.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"} {
		t.Setenv(name, value)
	}
	var err error
	w.clients, err = amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: server.URL})
	w.must(err)
	q, err := w.clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("confirmed")})
	w.must(err)
	w.queue = *q.QueueUrl
	made, err := w.clients.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")})
	w.must(err)
	w.pool = *made.UserPool.Id
	_, err = w.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("web")})
	w.must(err)
	for i := range users {
		_, err := pools.SignInFederated(t.Context(), cognito.FederatedSignIn{Pool: w.pool, Provider: "Google", ID: strconv.Itoa(i)})
		w.must(err)
	}
	w.file = filepath.Join(t.TempDir(), "pipeline.yaml")
	w.must(os.WriteFile(w.file, []byte("version: 1\npools: ["+w.pool+"]\nlimits: { cognito-writes: 24/s }\nattributes:\n  nickname: ${{ user.name }}\n"), 0o600))
	w.command(0, "--baseline", "2020-01-01", "--why", "OPS-1")
	return w
}

func (w *poolWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *poolWorld) args(more ...string) []string {
	return append([]string{"reconcile", "--pool", w.pool, "--ledger", w.ledger, "--queue", w.queue, "--pipeline", w.file, "--settle", "0s", "--reads", "30", "--rate", "24"}, more...)
}

// command runs reconcile to its end.
func (w *poolWorld) command(code int, more ...string) (out string) {
	w.t.Helper()
	var said bytes.Buffer
	if got := run(w.t.Context(), w.args(more...), streams{&said, &said}); got != code {
		w.t.Fatalf("ended with %d, want %d: %s", got, code, said.String())
	}
	return said.String()
}

// sent takes all messages: how many there were of each user.
func (w *poolWorld) sent() map[string]int {
	w.t.Helper()
	times := map[string]int{}
	for {
		out, err := w.clients.SQS.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
		w.must(err)
		if len(out.Messages) == 0 {
			return times
		}
		for _, m := range out.Messages {
			message, err := event.Decode([]byte(*m.Body))
			w.must(err)
			times[message.Sub]++
		}
	}
}

// whole checks that everybody was sent, and nobody oftener than somebody pulled the plug.
func (w *poolWorld) whole(stops int) {
	w.t.Helper()
	times := w.sent()
	if len(times) != w.users {
		w.t.Errorf("%d users were sent, want %d", len(times), w.users)
	}
	for sub, n := range times {
		if n > 1+stops {
			w.t.Errorf("%s was sent %d times", sub, n)
		}
	}
}

func TestRow153CtrlCAtAnyMoment(t *testing.T) {
	w := newPoolWorld(t, 70)
	stops := 0
	for n := int64(1); ; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		w.requests.Store(0)
		w.then = cancel
		w.at.Store(n)
		var said bytes.Buffer
		code := run(ctx, w.args("--write", "--why", "OPS-2"), streams{&said, &said})
		cancel()
		if code == exitDone {
			break
		}
		if stops++; code != exitInterrupted || !strings.Contains(said.String(), "the same command goes on") && !strings.Contains(said.String(), "interrupted") {
			t.Fatalf("stopped at request %d: ended with %d: %s", n, code, said.String())
		}
		if stops > 200 {
			t.Fatal("it never ends")
		}
	}
	w.at.Store(0)
	w.whole(stops)
	if stops < 5 {
		t.Errorf("only %d stops", stops)
	}
	w.audited()
}

// audited checks that every sending that began has its end in the audit log.
func (w *poolWorld) audited() {
	w.t.Helper()
	o := operator{ledger: w.ledger}
	l, err := o.look(w.t.Context())
	w.must(err)
	defer func() { _ = l.Close() }()
	entries, err := (&audit.Log{Papers: l}).List(w.t.Context(), "", 1000)
	w.must(err)
	states := map[string]int{}
	for _, e := range entries {
		if e.Action == "reconcile" {
			states[e.State]++
			if e.Why != "OPS-2" || e.Plan == "" || e.Counts["found"] != w.users {
				w.t.Errorf("entry: %+v", e)
			}
		}
	}
	if states[audit.Begun] == 0 || states[audit.Done] != 1 || states[audit.Begun] != states[audit.Done]+states[audit.Partly] {
		w.t.Errorf("entries: %v", states)
	}
}

func TestRow153ABrokenPipeOnTheOutput(t *testing.T) {
	w := newPoolWorld(t, 25)
	program, err := os.Executable()
	w.must(err)
	read, write, err := os.Pipe()
	w.must(err)
	w.must(read.Close())
	var said bytes.Buffer
	cmd := exec.Cmd{Path: program, Args: append([]string{"postconfirm"}, w.args("--write", "--why", "OPS-2")...), Stdout: write, Stderr: &said}
	err = cmd.Run()
	w.must(write.Close())
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		t.Fatalf("ended with %v: %s", err, said.String())
	}
	status, _ := ended.Sys().(syscall.WaitStatus)
	if shell := fmt.Sprint(ended.ExitCode()); shell != "141" && status.Signal() != syscall.SIGPIPE {
		t.Errorf("ended with %v: %s", err, said.String())
	}
	w.command(exitDone, "--write", "--why", "OPS-2")
	w.whole(1)
}
