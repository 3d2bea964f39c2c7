package replay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/replay"
)

// moody is the CRM: it answers as it is told, and counts.
type moody struct {
	mu    sync.Mutex
	err   error
	calls map[string]int // by effect key
	all   int
}

func (*moody) Class() enrich.Class { return enrich.Idempotent }

func (m *moody) Run(_ context.Context, call enrich.Call) (enrich.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls == nil {
		m.calls = map[string]int{}
	}
	if m.all++; m.err != nil {
		return nil, m.err
	}
	m.calls[call.EffectKey]++
	return enrich.Result{"id": "7"}, nil
}

func (m *moody) set(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *moody) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all
}

// cloudy puts a cloud, people who are parked because of their CRM, and a worker at work around a world.
func cloudy(t *testing.T, people int, crm *moody) *world {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	cloud.Register(cognito.New(nil))
	p := &enrich.Pipeline{Hash: "now", Limits: enrich.Limits{CognitoWrites: 20}, Steps: []enrich.Step{{ID: "crm", Uses: "test", Connector: crm,
		Class: enrich.Idempotent, Timeout: time.Second}}, Attributes: []enrich.Attribute{{Name: "custom:crm", Value: template(t, "${{ steps.crm.id }}")}}}
	w := newWorld(t, p)
	w.desk.Now = time.Now
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: cloud, LocalCloud: "http://local.test"})
	w.must(err)
	var urls [2]string
	for i, name := range []string{"confirmed", "dlq"} {
		q, err := c.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
		w.must(err)
		urls[i] = *q.QueueUrl
	}
	made, err := c.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		Schema: []types.SchemaAttributeType{{Name: aws.String("crm"), Mutable: aws.Bool(true), AttributeDataType: types.AttributeDataTypeString}}})
	w.must(err)
	p.Pools = []string{*made.UserPool.Id}
	for i := range people {
		name := fmt.Sprintf("user%d", i)
		user, err := c.Cognito.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: made.UserPool.Id, Username: &name})
		w.must(err)
		w.put(worker.Identity{Pool: p.Pools[0], Sub: sub(user.User.Attributes), Generation: event.Onboarding}, func(r *worker.Run) {
			refused(r)
			r.Origin.User = name
			r.FirstSeen, r.Updated = time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)
		})
	}
	w.desk.Queue = amazon.NewSender(c.SQS, urls[0])
	q := amazon.NewQueue(c.SQS, urls[0], nil)
	quiet := slog.New(slog.DiscardHandler)
	workers := worker.New(p, worker.Ports{Queue: q, DeadLetters: amazon.NewDeadLetters(c.SQS, urls[1]), Directory: amazon.NewDirectory(c.Cognito),
		Ledger: w.ledger, Secrets: secretenv.Store{}}, &worker.Options{Log: quiet})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		worker.NewDaemon(q, workers, &worker.DaemonOptions{Log: quiet}).Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
	return w
}

func sub(all []types.AttributeType) string {
	for _, a := range all {
		if aws.ToString(a.Name) == "sub" {
			return aws.ToString(a.Value)
		}
	}
	return ""
}

func TestRow99AWholeBacklogIntoASickDependency(t *testing.T) {
	down := &enrich.Error{Kind: enrich.Temporary, Code: "http_503", Sent: true, Refused: true}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"that is down":                 {down, "crm breaker_open"},
		"that refuses everybody":       {&enrich.Error{Kind: enrich.Permanent, Code: "http_422", Sent: true, Refused: true}, "crm http_422"},
		"that wants everybody to wait": {&enrich.Error{Kind: enrich.Throttled, Code: "http_429", RetryAfter: time.Minute, Sent: true, Refused: true}, "crm "},
		"of which the key is wrong":    {&enrich.Error{Kind: enrich.Denied, Code: "http_401", Sent: true, Refused: true}, "crm http_401"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				crm := &moody{err: c.err}
				w := cloudy(t, 300, crm)
				p := w.plan(nil)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // it would wait for the worker for ever
				defer cancel()
				r, err := w.desk.Run(ctx, p.ID, replay.RunOptions{Operator: ann})
				w.must(err)
				if r.End != replay.Sick || r.Plan.State != replay.Paused || r.Plan.By != "" || r.Reopened > 60 {
					t.Fatalf("%s, %s by %q after %d of 300", r.End, r.Plan.State, r.Plan.By, r.Reopened)
				}
				contains(t, r.Plan.Reason, "runs failed again: "+c.want)
				if n := crm.count(); n > 200 {
					t.Errorf("the vendor heard %d calls", n)
				}
				if _, err := w.desk.Run(t.Context(), p.ID, replay.RunOptions{Operator: ann}); !errors.Is(err, replay.ErrPaused) {
					t.Errorf("got %v", err)
				}
				if r.Plan.Report == nil || len(r.Plan.Report.Failing) == 0 {
					t.Errorf("the report is %+v", r.Plan.Report)
				}
				// mended, and resumed: what is left goes its way, what failed for good needs another plan
				crm.set(nil)
				time.Sleep(20 * time.Minute)
				_, err = w.desk.Resume(t.Context(), p.ID, ann)
				w.must(err)
				r = w.run(p.ID, replay.RunOptions{Operator: ann, Wait: time.Hour})
				if r.End != replay.AtEnd || r.Plan.Counts.Reopened != 300 || r.Plan.Report.Enriched+r.Plan.Report.Again != 300 {
					t.Errorf("%s: %+v, %+v", r.End, r.Plan.Counts, r.Plan.Report)
				}
				for key, n := range crm.calls {
					if n != 1 {
						t.Errorf("%s was done %d times", key, n)
					}
				}
			})
		})
	}
	t.Run("a few who fail among many who are well stop nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			crm := &moody{}
			w := cloudy(t, 100, crm)
			p := w.plan(nil)
			if r := w.run(p.ID, replay.RunOptions{Operator: ann, Wait: time.Minute}); r.End != replay.AtEnd || r.Plan.Report.Enriched != 100 {
				t.Errorf("%s: %+v", r.End, r.Plan.Report)
			}
		})
	})
}
