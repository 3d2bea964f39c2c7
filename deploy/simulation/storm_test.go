package simulation_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// storm is a calm world with one trouble in it, at a size that shows what the trouble costs. A vendor answers, an
// attribute is written, a mail goes out after it.
type storm struct {
	t                        *testing.T
	cloud, outside           *localcloud.Cloud // the worker's way to the services, and everybody else's
	clients, others          *amazon.Clients
	queue, dlq, pool, client string
	subs                     []string
	pipeline                 *enrich.Pipeline
	ledger                   worker.Ledger
	memory                   *fake.Ledger // the ledger, unless a test has one of its own
	company, mail            *told
	again                    atomic.Int64 // deliveries that were not the first of their message
	deliveries               atomic.Int64
	finished                 atomic.Int64
	jump                     time.Duration // of the daemons' clocks, from jumpAt on
	jumpAt                   time.Time
}

// told is a connector that counts what it did, by effect key.
type told struct {
	class enrich.Class
	fails func(call enrich.Call) error
	mu    sync.Mutex
	calls int
	keys  map[string]int // nil counts calls only
}

func (v *told) Class() enrich.Class { return v.class }

func (v *told) Run(_ context.Context, call enrich.Call) (enrich.Result, error) {
	v.mu.Lock()
	v.calls++
	if v.keys != nil {
		v.keys[call.EffectKey]++
	}
	v.mu.Unlock()
	if v.fails != nil {
		if err := v.fails(call); err != nil {
			return nil, err
		}
	}
	return enrich.Result{"value": "Acme Ltd"}, nil
}

// most is how often the most called effect was called.
func (v *told) most() (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, calls := range v.keys {
		n = max(n, calls)
	}
	return n
}

// newStorm makes the world; writes is the deployment's own limit, quota the pool's for everybody, 0 for none.
func newStorm(t *testing.T, writes, quota float64) *storm {
	t.Helper()
	s := &storm{t: t, cloud: localcloud.New(nil), outside: localcloud.New(nil), memory: &fake.Ledger{}}
	s.ledger = s.memory
	s.company, s.mail = &told{class: enrich.Read}, &told{class: enrich.Unsafe, keys: map[string]int{}}
	queues, pools := cloudsqs.New(nil), cognito.New(&cognito.Options{Quotas: cognito.Quotas{UserUpdate: quota}})
	for _, c := range []*localcloud.Cloud{s.outside, s.cloud} {
		c.Register(queues)
		c.Register(pools)
	}
	s.clients, s.others = s.connect(s.cloud), s.connect(s.outside)
	s.dlq, s.queue = s.createQueue("dlq"), s.createQueue("confirmed")
	env, err := expr.NewEnv(enrich.Roots()...)
	s.must(err)
	value, err := env.Template("${{ steps.company.value }}")
	s.must(err)
	s.pipeline = &enrich.Pipeline{Hash: "storm", Limits: enrich.Limits{CognitoWrites: writes}, Steps: []enrich.Step{
		{ID: "company", Uses: "told", Connector: s.company, Class: enrich.Read, Timeout: 10 * time.Second, Fields: []expr.Path{{"value"}}},
		{ID: "mail", Uses: "told", Needs: []string{enrich.AttributesStep}, Connector: s.mail, Class: enrich.Unsafe, Timeout: 10 * time.Second}},
		Attributes: []enrich.Attribute{{Name: "custom:company", Value: value}}}
	s.createPool()
	return s
}

func (s *storm) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *storm) connect(c *localcloud.Cloud) *amazon.Clients {
	s.t.Helper()
	clients, err := amazon.Connect(s.t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: c, LocalCloud: "http://local.test"})
	s.must(err)
	return clients
}

func (s *storm) createQueue(name string) string {
	s.t.Helper()
	q, err := s.others.SQS.CreateQueue(s.t.Context(), &sqs.CreateQueueInput{QueueName: &name,
		Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
	s.must(err)
	return *q.QueueUrl
}

func (s *storm) createPool() {
	s.t.Helper()
	made, err := s.others.Cognito.CreateUserPool(s.t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		Schema: []types.SchemaAttributeType{{Name: aws.String("company"), Mutable: aws.Bool(true), AttributeDataType: types.AttributeDataTypeString}}})
	s.must(err)
	s.pool = *made.UserPool.Id
	s.pipeline.Pools = []string{s.pool}
	client, err := s.others.Cognito.CreateUserPoolClient(s.t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: &s.pool, ClientName: aws.String("web")})
	s.must(err)
	s.client = *client.UserPoolClient.ClientId
}

// user makes a confirmed user without a message.
func (s *storm) user(name string) (sub string) {
	s.t.Helper()
	up, err := s.others.Cognito.SignUp(s.t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: &s.client, Username: &name, Password: aws.String("Correct-Horse-7")})
	s.must(err)
	_, err = s.others.Cognito.AdminConfirmSignUp(s.t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: &s.pool, Username: &name})
	s.must(err)
	return *up.UserSub
}

// confirm makes n users and their messages, ten to a batch.
func (s *storm) confirm(n int) {
	s.t.Helper()
	var batch []sqstypes.SendMessageBatchRequestEntry
	for i := range n {
		sub := s.user("user" + strconv.Itoa(len(s.subs)))
		s.subs = append(s.subs, sub)
		batch = append(batch, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(batch))), MessageBody: aws.String(s.message(sub))})
		if len(batch) == 10 || i == n-1 {
			_, err := s.others.SQS.SendMessageBatch(s.t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &s.queue, Entries: batch})
			s.must(err)
			batch = nil
		}
	}
}

func (s *storm) message(sub string) string {
	return string(event.Message{Pool: s.pool, Region: "eu-west-1", User: sub, Sub: sub, Generation: event.Onboarding,
		Source: event.SourceSignup, Client: s.client, At: time.Now()}.Encode())
}

// handler counts what is delivered.
type handler struct {
	*worker.Worker
	storm *storm
}

func (h handler) Handle(ctx context.Context, d worker.Delivery) worker.Verdict {
	h.storm.deliveries.Add(1)
	if d.Receives > 1 {
		h.storm.again.Add(1)
	}
	v := h.Worker.Handle(ctx, d)
	if v.Outcome == worker.Completed || v.Outcome == worker.Parking {
		h.storm.finished.Add(1)
	}
	return v
}

// daemon works until ctx ends.
func (s *storm) daemon(ctx context.Context, slots int) {
	q := amazon.NewQueue(s.clients.SQS, s.queue, nil)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	w := worker.New(s.pipeline, worker.Ports{Queue: q, DeadLetters: amazon.NewDeadLetters(s.clients.SQS, s.dlq),
		Directory: amazon.NewDirectory(s.clients.Cognito), Ledger: s.ledger, Secrets: secretenv.Store{}}, &worker.Options{Log: quiet, Now: s.now})
	worker.NewDaemon(q, handler{w, s}, &worker.DaemonOptions{InFlight: slots, Log: quiet}).Run(ctx)
}

// now is the daemons' clock.
func (s *storm) now() time.Time {
	now := time.Now()
	if s.jump != 0 && now.After(s.jumpAt) {
		return now.Add(s.jump)
	}
	return now
}

// drain lets daemons work until all runs have ended and the queue is empty, at most so long. It returns how long it took.
func (s *storm) drain(daemons, slots int, most time.Duration) time.Duration {
	s.t.Helper()
	started := time.Now()
	ctx, stop := context.WithTimeout(s.t.Context(), most)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for range daemons {
		all.Go(func() { s.daemon(ctx, slots) })
	}
	for {
		time.Sleep(time.Second)
		if s.finished.Load() >= int64(len(s.subs)) && s.left(s.queue) == "0+0" {
			return time.Since(started)
		}
		if time.Since(started) > most {
			s.t.Errorf("%d of %d runs ended within %v, queue %s", s.finished.Load(), len(s.subs), most, s.left(s.queue))
			return time.Since(started)
		}
	}
}

// left is what stands on a queue, visible and hidden.
func (s *storm) left(queue string) string {
	s.t.Helper()
	about, err := s.others.SQS.GetQueueAttributes(s.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue,
		AttributeNames: []sqstypes.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}})
	s.must(err)
	return about.Attributes["ApproximateNumberOfMessages"] + "+" + about.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// unharmed checks that everybody is done, nobody was charged, no mail went out twice and there is no letter.
func (s *storm) unharmed() {
	s.t.Helper()
	for _, sub := range s.subs {
		r, _ := s.memory.Run(event.RunKey(s.pool, sub, event.Onboarding))
		charged := 0
		for _, step := range r.Steps {
			charged += step.Attempts
		}
		if r.State != worker.Done || charged > 0 || r.Crashes > 0 || len(r.Flags) > 0 {
			s.t.Fatalf("run %s: %s, charged %d, %d crashes, %v", r.Key, r.State, charged, r.Crashes, r.Flags)
		}
	}
	if n := s.mail.most(); n != 1 {
		s.t.Errorf("a mail went out %d times", n)
	}
	if letters := s.left(s.dlq); !strings.HasPrefix(letters, "0+") {
		s.t.Errorf("dead letters: %s", letters)
	}
}

// perUser is how many calls of an operation the workers made for each user.
func (s *storm) perUser(operation string) float64 {
	return float64(s.cloud.Calls()[operation]) / float64(len(s.subs))
}

// foreign are so many writes per second by somebody else, until ctx ends.
func (s *storm) foreign(ctx context.Context, perSecond int) {
	s.t.Helper()
	if perSecond == 0 {
		return
	}
	sub := s.user(fmt.Sprint("somebody-else-", len(s.subs)))
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Refused or not: what counts is that it was asked.
		_, _ = s.others.Cognito.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{UserPoolId: &s.pool,
			Username: &sub, UserAttributes: []types.AttributeType{{Name: aws.String("nickname"), Value: aws.String("x")}}})
	}
}
