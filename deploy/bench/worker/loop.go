package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

// loop makes the worker's calls without its promises: no ledger, no lease, no expressions, no retries, no logs. What
// fails ends it.
type loop struct {
	world   world
	clients *amazon.Clients
	vendor  *http.Client
	slots   chan struct{}
	deletes chan string // receipts
	running sync.WaitGroup
	broken  atomic.Pointer[error]
}

func newLoop(ctx context.Context, j job) (*loop, error) {
	c, err := j.clients(ctx)
	if err != nil {
		return nil, err
	}
	n := j.Plan.InFlight
	return &loop{world: j.World, clients: c, slots: make(chan struct{}, n), deletes: make(chan string, n),
		vendor: &http.Client{Transport: &http.Transport{MaxIdleConns: 2 * n, MaxIdleConnsPerHost: 2 * n}}}, nil
}

// work polls twice at once until all users are finished.
func (l *loop) work(ctx context.Context, finished func()) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var polls sync.WaitGroup
	for range 2 {
		polls.Go(func() {
			for ctx.Err() == nil {
				l.poll(ctx, stop, finished)
			}
		})
	}
	var deleting sync.WaitGroup
	deleting.Go(func() { l.delete(context.WithoutCancel(ctx), stop) })
	polls.Wait()
	l.running.Wait()
	close(l.deletes)
	deleting.Wait()
	if err := l.broken.Load(); err != nil {
		return *err
	}
	return nil
}

func (l *loop) fail(stop func(), err error) {
	l.broken.CompareAndSwap(nil, &err)
	stop()
}

func (l *loop) poll(ctx context.Context, stop, finished func()) {
	out, err := l.clients.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &l.world.Queue, MaxNumberOfMessages: 10,
		WaitTimeSeconds: 1, VisibilityTimeout: 60})
	if err != nil {
		if ctx.Err() == nil {
			l.fail(stop, err)
		}
		return
	}
	if len(out.Messages) == 0 {
		stop() // all users were there before the clock started
	}
	for _, m := range out.Messages {
		l.slots <- struct{}{}
		l.running.Go(func() {
			err := l.user(context.WithoutCancel(ctx), *m.Body)
			<-l.slots
			if err != nil {
				l.fail(stop, err)
				return
			}
			finished()
			l.deletes <- *m.ReceiptHandle
		})
	}
}

// user is what is done for one user.
func (l *loop) user(ctx context.Context, body string) error {
	var m struct{ User string }
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return err
	}
	_, err := l.clients.Cognito.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: &l.world.Pool, Username: &m.User})
	if err != nil {
		return err
	}
	company, err := l.company(ctx)
	if err != nil {
		return err
	}
	_, err = l.clients.Cognito.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
		UserPoolId: &l.world.Pool, Username: &m.User,
		UserAttributes: []cognito.AttributeType{{Name: aws.String("custom:company"), Value: &company}}})
	return err
}

func (l *loop) company(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.world.Vendor+"/companies/find?domain=acme.example", nil)
	if err != nil {
		return "", err
	}
	answer, err := l.vendor.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("vendor: status %d: %w", answer.StatusCode, err)
	}
	var found struct{ Name string }
	err = json.Unmarshal(body, &found)
	return found.Name, err
}

// delete deletes ten at a time, or what there is after a second, until the channel is closed.
func (l *loop) delete(ctx context.Context, stop func()) {
	var batch []types.DeleteMessageBatchRequestEntry
	flush := func() {
		if len(batch) == 0 {
			return
		}
		if _, err := l.clients.SQS.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &l.world.Queue, Entries: batch}); err != nil {
			l.fail(stop, err)
		}
		batch = nil
	}
	linger := time.NewTicker(time.Second)
	defer linger.Stop()
	for {
		select {
		case receipt, open := <-l.deletes:
			if !open {
				flush()
				return
			}
			batch = append(batch, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(batch))), ReceiptHandle: &receipt})
			if len(batch) == 10 {
				flush()
			}
		case <-linger.C:
			flush()
		}
	}
}
