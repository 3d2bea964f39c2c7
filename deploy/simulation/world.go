package simulation

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
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
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// world is everything outside of the workers.
type world struct {
	*journal
	plan     *plan
	dice     dice
	kit      *Kit
	cloud    *localcloud.Cloud // what the workers talk to
	clients  *amazon.Clients   // of the world itself, to the same services, which no fault strikes
	pipeline *enrich.Pipeline
	vendors  map[string]*vendor // by step
	ledger   *store
	people   *people
	watch    *watch

	queue, dlq, arn, pool, client string

	calm       atomic.Bool // the faults have ended
	skewed     sync.Mutex  // guards restless
	restless   map[*process]context.CancelFunc
	background sync.WaitGroup
	drainTime  time.Duration
	repeats    int
}

// visibility is the queue's own, which functions rely on: six times their time-out.
const (
	visibility      = 6 * functionTimeout
	functionTimeout = time.Minute
)

func newWorld(ctx context.Context, k *Kit, p *plan) (*world, error) {
	w := &world{journal: newJournal(), plan: p, dice: dice(p.Seed), kit: k, pipeline: k.pipeline(p), vendors: map[string]*vendor{},
		people: &people{current: map[int]*person{}}, restless: map[*process]context.CancelFunc{}}
	w.ledger = &store{Ledger: &fake.Ledger{}, world: w, calls: map[string]int{}}
	for i := range w.pipeline.Steps {
		s := &w.pipeline.Steps[i]
		w.vendors[s.ID] = &vendor{world: w, step: s, records: map[string]*record{}, stamps: map[string]int{}}
	}
	w.watch = newWatch(w)
	random := w.dice.of("ids")
	queues := watchedQueues{cloudsqs.New(nil), w.watch}
	pools := watchedPools{cognito.New(&cognito.Options{Random: func(b []byte) {
		for i := range b {
			b[i] = byte(random.Uint32())
		}
	}}), w.watch}
	quiet := localcloud.New(nil)
	w.cloud = localcloud.New(&localcloud.Options{Rand: w.dice.of("cloud's own")})
	for _, c := range []*localcloud.Cloud{quiet, w.cloud} { // the last one's switches count
		c.Register(queues)
		c.Register(pools)
	}
	var err error
	w.clients, err = amazon.Connect(ctx, &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: quiet, LocalCloud: "http://local.test"})
	if err != nil {
		return nil, err
	}
	return w, w.furnish(ctx)
}

// furnish makes the queues and the pool.
func (w *world) furnish(ctx context.Context) (err error) {
	if w.dlq, err = w.createQueue(ctx, "dlq", map[string]string{"MessageRetentionPeriod": "1209600"}); err != nil {
		return err
	}
	w.queue, err = w.createQueue(ctx, "confirmed", map[string]string{"MessageRetentionPeriod": "1209600",
		"VisibilityTimeout": fmt.Sprint(int(visibility.Seconds()))})
	if err != nil {
		return err
	}
	about, err := w.clients.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &w.queue,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		return err
	}
	w.arn = about.Attributes["QueueArn"]
	return w.createPool(ctx)
}

func (w *world) createQueue(ctx context.Context, name string, attributes map[string]string) (url string, err error) {
	q, err := w.clients.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		return "", err
	}
	return *q.QueueUrl, nil
}

func (w *world) createPool(ctx context.Context) error {
	in := &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")}
	if w.plan.ByEmail {
		in.UsernameAttributes = []types.UsernameAttributeType{types.UsernameAttributeTypeEmail}
	}
	for _, name := range stepNames() {
		in.Schema = append(in.Schema, types.SchemaAttributeType{Name: aws.String(name), Mutable: aws.Bool(true),
			AttributeDataType:          types.AttributeDataTypeString,
			StringAttributeConstraints: &types.StringAttributeConstraintsType{MaxLength: aws.String("60")}})
	}
	made, err := w.clients.Cognito.CreateUserPool(ctx, in)
	if err != nil {
		return err
	}
	w.pool = *made.UserPool.Id
	w.pipeline.Pools = []string{w.pool}
	client, err := w.clients.Cognito.CreateUserPoolClient(ctx, &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("web")})
	if err != nil {
		return err
	}
	w.client = *client.UserPoolClient.ClientId
	return nil
}

// age is how long the world has been there.
func (w *world) age() time.Duration { return time.Since(w.born) }

// covers tells whether a window is open at an age of the world.
func (f window) covers(age time.Duration) bool { return age >= f.At && age < f.At+f.For }

// weather switches the faults of the cloud on and off.
func (w *world) weather(ctx context.Context) {
	for ctx.Err() == nil && !w.calm.Load() {
		all := localcloud.Faults{}
		next := w.plan.Storm
		for _, f := range w.plan.Windows {
			for _, edge := range []time.Duration{f.At, f.At + f.For} {
				if edge > w.age() {
					next = min(next, edge)
				}
			}
			if f.covers(w.age()) {
				if all[f.Service] == nil {
					all[f.Service] = map[string]localcloud.Fault{}
				}
				all[f.Service][f.Where] = f.Fault
			}
		}
		if err := w.cloud.SetFaults(all); err != nil {
			w.violate("the world itself: set faults: %v", err)
		}
		sleep(ctx, time.Until(w.born.Add(next)))
		if next == w.plan.Storm {
			return
		}
	}
}

// calmDown ends all faults. A process whose clock is wrong is ended in order: the next one's is right.
func (w *world) calmDown() {
	w.calm.Store(true)
	w.cloud.ClearFaults()
	w.say("the storm is over")
	w.skewed.Lock()
	defer w.skewed.Unlock()
	for p, stop := range w.restless {
		p.mu.Lock()
		wrong := p.skew != 0
		p.mu.Unlock()
		if wrong {
			stop()
		}
	}
}
