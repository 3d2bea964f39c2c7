package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a ledger with all that operators use of it.
type store interface {
	worker.Ledger
	reconcile.Runs
	reconcile.Emptier
	worker.Papers
}

// fakeStore is the ledger in memory.
type fakeStore struct {
	*fake.Ledger
	fake.Records
}

func (s fakeStore) Run(ctx context.Context, key string) (worker.Run, bool, error) {
	return s.Records.Run(ctx, key)
}

func (s fakeStore) Empty(ctx context.Context) (bool, error) {
	runs, err := s.List(ctx, worker.Filter{Limit: 1})
	return len(runs) == 0, err
}

func inMemory() fakeStore {
	l := &fake.Ledger{}
	return fakeStore{l, l.Records()}
}

// world is a cloud without sockets and a ledger. Make it in a bubble.
type world struct {
	t       testing.TB
	cloud   *localcloud.Cloud
	cognito *cognito.Service
	clients *amazon.Clients
	store   store
	pool    string
	app     string
	queue   string
	users   []string // subs, in the order in which they came
	names   map[string]string
}

func newWorld(t testing.TB, s store) *world {
	t.Helper()
	w := &world{t: t, cloud: localcloud.New(nil), cognito: cognito.New(nil), store: s, names: map[string]string{}}
	w.cloud.Register(w.cognito)
	w.cloud.Register(cloudsqs.New(nil))
	var err error
	w.clients, err = amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w.cloud, LocalCloud: "http://local.test"})
	w.must(err)
	q, err := w.clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("confirmed")})
	w.must(err)
	w.queue = *q.QueueUrl
	made, err := w.clients.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")})
	w.must(err)
	w.pool = *made.UserPool.Id
	app, err := w.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("web")})
	w.must(err)
	w.app = *app.UserPoolClient.ClientId
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// call is one operation of Cognito without the SDK, which costs more than a hundred thousand users should.
func (w *world) call(operation string, in map[string]any) (out map[string]any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	w.must(err)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://local.test/", bytes.NewReader(body))
	w.must(err)
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	response, err := w.cloud.Do(r)
	w.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	w.must(err)
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s", operation, text)
	}
	w.must(json.Unmarshal(text, &out))
	return out
}

// join makes a user who signed up and has not confirmed.
func (w *world) join(name string) (sub string) {
	w.t.Helper()
	out := w.call("SignUp", map[string]any{"ClientId": w.app, "Username": name, "Password": "Correct-Horse-7"})
	sub = out["UserSub"].(string)
	w.names[sub] = name
	return sub
}

// confirm makes a confirmed user, of whom nobody told the queue.
func (w *world) confirm(name string) (sub string) {
	w.t.Helper()
	sub = w.join(name)
	w.call("AdminConfirmSignUp", map[string]any{"UserPoolId": w.pool, "Username": name})
	w.users = append(w.users, sub)
	return sub
}

// federated makes a user who signs in elsewhere.
func (w *world) federated(id string) (sub string) {
	w.t.Helper()
	u, err := w.cognito.SignInFederated(w.t.Context(), cognito.FederatedSignIn{Pool: w.pool, Client: w.app, Provider: "Google", ID: id})
	w.must(err)
	w.names[u.Sub] = u.Username
	w.users = append(w.users, u.Sub)
	return u.Sub
}

// crowd makes n confirmed users, every tenth of them federated.
func (w *world) crowd(n int) {
	for i := range n {
		if name := fmt.Sprintf("user-%06d", i); i%10 == 0 {
			w.federated(name)
		} else {
			w.confirm(name)
		}
	}
}

// onboard writes a finished run of a user into the ledger.
func (w *world) onboard(sub, generation string) {
	w.t.Helper()
	id := worker.Identity{Pool: w.pool, Sub: sub, Generation: generation, Source: event.SourceSignup}
	r, err := w.store.Claim(context.Background(), id, "w", time.Now(), time.Now().Add(time.Minute))
	w.must(err)
	r.State, r.Owner = worker.Done, ""
	w.must(w.store.Save(context.Background(), r))
}

// onboardAll does so with many users at once, which a file takes in common commits.
func (w *world) onboardAll(want func(sub string) bool) {
	w.t.Helper()
	subs := make(chan string)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for sub := range subs {
				w.onboard(sub, event.Onboarding)
			}
		})
	}
	for _, sub := range w.users {
		if want(sub) {
			subs <- sub
		}
	}
	close(subs)
	all.Wait()
}

func (w *world) ports() reconcile.Ports {
	return reconcile.Ports{Roll: amazon.NewRoll(w.clients.Cognito), Runs: w.store, Papers: w.store, Feed: amazon.NewFeed(w.clients.SQS, w.queue)}
}

// scope is that of a reconciliation.
func (w *world) scope() reconcile.Scope {
	return reconcile.Scope{Pool: w.pool, Generation: event.Onboarding, Statuses: reconcile.Wanted(), Settle: reconcile.Settle}
}

// messages takes all messages from the queue: how many there were of each user.
func (w *world) messages() (all []event.Message, times map[string]int) {
	w.t.Helper()
	return w.receive(func(receipt *string) {
		_, err := w.clients.SQS.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: receipt})
		w.must(err)
	})
}

// peek does so and leaves them there; they are visible again after half a minute.
func (w *world) peek() (all []event.Message, times map[string]int) {
	w.t.Helper()
	return w.receive(func(*string) {})
}

func (w *world) receive(then func(receipt *string)) (all []event.Message, times map[string]int) {
	w.t.Helper()
	times = map[string]int{}
	for {
		out, err := w.clients.SQS.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10})
		w.must(err)
		if len(out.Messages) == 0 {
			return all, times
		}
		for _, m := range out.Messages {
			message, err := event.Decode([]byte(*m.Body))
			w.must(err)
			all = append(all, message)
			times[message.Sub]++
			then(m.ReceiptHandle)
		}
	}
}

// papers counts what is left of walks: papers of users.
func (w *world) piles() (n int) {
	w.t.Helper()
	all, err := w.store.Papers(w.t.Context(), "reconcile", "", 10_000)
	w.must(err)
	for _, p := range all {
		if !bytes.HasPrefix([]byte(p.Name), []byte(w.pool)) {
			n++
		}
	}
	return n
}

var errDead = errors.New("the program was killed")

// mortal are ports of a program that dies at its n-th call of anything outside: before the call, or before its answer.
type mortal struct {
	alive reconcile.Ports
	mu    sync.Mutex
	left  int
	late  bool
}

func (m *mortal) do(f func() error) error {
	m.mu.Lock()
	m.left--
	left := m.left
	m.mu.Unlock()
	if left < 0 || left == 0 && !m.late {
		return errDead
	}
	err := f()
	if left == 0 {
		return errDead
	}
	return err
}

func (m *mortal) ports() reconcile.Ports {
	return reconcile.Ports{Roll: m, Runs: m, Papers: mortalPapers{m}, Feed: m}
}

func (m *mortal) Page(ctx context.Context, pool, filter, place string) (members []worker.Member, next string, err error) {
	err = m.do(func() error { members, next, err = m.alive.Roll.Page(ctx, pool, filter, place); return err })
	return members, next, err
}

func (m *mortal) Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error) {
	return m.alive.Runs.Find(ctx, id) // as if the whole page were one call
}

func (m *mortal) Feed(ctx context.Context, bodies [][]byte) (failed []int, err error) {
	err = m.do(func() error { failed, err = m.alive.Feed.Feed(ctx, bodies); return err })
	return failed, err
}

type mortalPapers struct{ *mortal }

func (m mortalPapers) PutPaper(ctx context.Context, p worker.Paper) (version int64, err error) {
	err = m.do(func() error { version, err = m.alive.Papers.PutPaper(ctx, p); return err })
	return version, err
}

func (m mortalPapers) Paper(ctx context.Context, drawer, name string) (p worker.Paper, ok bool, err error) {
	err = m.do(func() error { p, ok, err = m.alive.Papers.Paper(ctx, drawer, name); return err })
	return p, ok, err
}

func (m mortalPapers) Papers(ctx context.Context, drawer, after string, limit int) (all []worker.Paper, err error) {
	err = m.do(func() error { all, err = m.alive.Papers.Papers(ctx, drawer, after, limit); return err })
	return all, err
}

func (m mortalPapers) DropPaper(ctx context.Context, drawer, name string) error {
	return m.do(func() error { return m.alive.Papers.DropPaper(ctx, drawer, name) })
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
