package worker_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// face is a way to feed a worker from a queue: the same cases hold for all.
type face struct {
	name string
	work func(ctx context.Context, w *world)
}

var (
	theDaemon   = face{"the daemon", daemon}
	theFunction = face{"the function", function}
)

// in runs a case in a bubble of its own for every face, or only for those that are named.
func in(t *testing.T, name string, f func(t *testing.T, on face), only ...face) {
	t.Helper()
	if only == nil {
		only = []face{theDaemon, theFunction}
	}
	t.Run(name, func(t *testing.T) {
		for _, on := range only {
			t.Run(on.name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, on) }) })
		}
	})
}

func daemon(ctx context.Context, w *world) {
	q := amazon.NewQueue(w.clients.SQS, w.queue, nil)
	worker.NewDaemon(q, worker.New(w.pipeline, w.ports(q), &w.options), &w.daemon).Run(ctx)
}

// function plays Lambda's event source mapping, with ReportBatchItemFailures, until ctx ends: it polls, hands batches
// of up to ten to the function, deletes what is not named in the answer, and leaves the visibility alone.
func function(ctx context.Context, w *world) {
	about, err := amazon.InspectQueue(ctx, w.clients.SQS, w.queue)
	w.must(err)
	q := amazon.NewQueue(w.clients.SQS, w.queue, &amazon.QueueOptions{Visibility: about.Visibility})
	options := w.options
	options.Lease = about.Visibility - 5*time.Second
	handler := worker.New(w.pipeline, w.ports(q), &options)
	m := mapping{world: w, function: amazon.NewFunction(q, handler, &amazon.FunctionOptions{Log: options.Log, LongestCall: handler.LongestCall()})}
	for range 2 {
		m.pollers.Go(func() { m.poll(ctx) })
	}
	m.pollers.Wait()
}

type mapping struct {
	*world
	function *amazon.Function
	pollers  sync.WaitGroup
}

// poll receives with the queue's own visibility and has four invocations under way at the most.
func (m *mapping) poll(ctx context.Context) {
	var invocations sync.WaitGroup
	defer invocations.Wait()
	free := make(chan struct{}, 4)
	for ctx.Err() == nil {
		out, err := m.clients.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &m.queue, MaxNumberOfMessages: 10,
			WaitTimeSeconds: 20, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
		if err != nil || len(out.Messages) == 0 {
			continue
		}
		free <- struct{}{}
		invocations.Go(func() {
			defer func() { <-free }()
			m.invoke(context.WithoutCancel(ctx), out.Messages)
		})
	}
}

// invoke makes one invocation and obeys its answer to the letter (Lambda developer guide, "Handling errors for an SQS
// event source"): an error, or an answer that is not understood, deletes nothing.
func (m *mapping) invoke(ctx context.Context, batch []types.Message) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	raw, err := m.function.Invoke(ctx, m.event(batch))
	if ctx.Err() != nil {
		m.t.Errorf("the invocation went on beyond its deadline")
	}
	if err != nil {
		return
	}
	failed, ok := failures(raw, batch)
	if !ok {
		m.t.Errorf("Lambda would take the whole batch for failed: %s", raw)
		return
	}
	var gone []types.DeleteMessageBatchRequestEntry
	for _, message := range batch {
		if !failed[*message.MessageId] {
			gone = append(gone, types.DeleteMessageBatchRequestEntry{Id: message.MessageId, ReceiptHandle: message.ReceiptHandle})
		}
	}
	if len(gone) > 0 {
		_, _ = m.clients.SQS.DeleteMessageBatch(context.WithoutCancel(ctx), &sqs.DeleteMessageBatchInput{QueueUrl: &m.queue, Entries: gone})
	}
}

// event is a batch as Lambda hands it over.
func (m *mapping) event(batch []types.Message) []byte {
	records := make([]map[string]any, len(batch))
	for i, message := range batch {
		records[i] = map[string]any{"messageId": message.MessageId, "receiptHandle": message.ReceiptHandle, "body": message.Body,
			"attributes": message.Attributes, "messageAttributes": map[string]any{}, "md5OfBody": message.MD5OfBody,
			"eventSource": "aws:sqs", "eventSourceARN": m.arn, "awsRegion": "eu-west-1"}
	}
	raw, err := json.Marshal(map[string]any{"Records": records})
	m.must(err)
	return raw
}

// failures are the ids in an answer; ok is false for one that makes Lambda keep the whole batch.
func failures(raw []byte, batch []types.Message) (failed map[string]bool, ok bool) {
	var answer struct {
		Failures []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Failures == nil {
		return nil, false
	}
	known, failed := map[string]bool{}, map[string]bool{}
	for _, message := range batch {
		known[*message.MessageId] = true
	}
	for _, f := range answer.Failures {
		if !known[aws.ToString(f.ID)] {
			return nil, false
		}
		failed[*f.ID] = true
	}
	return failed, true
}
