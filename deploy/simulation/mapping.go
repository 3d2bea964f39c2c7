package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

// mapping is Lambda's event source mapping of one function, with ReportBatchItemFailures. It is AWS's: no process's
// death stops it. It hands batches to the function, deletes what the answer does not name, and leaves the visibility
// alone (Lambda developer guide, "Handling errors for an SQS event source").
func (w *world) mapping(ctx context.Context, slot int) {
	m := &mapping{world: w, slot: slot}
	var pollers sync.WaitGroup
	for range w.plan.Slots[slot].Pollers {
		pollers.Go(func() { m.poll(ctx) })
	}
	pollers.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.instance != nil {
		m.instance.process.end()
	}
}

type mapping struct {
	*world
	slot     int
	mu       sync.Mutex
	number   int // of the next instance
	instance *instance
}

// instance is one execution environment of the function.
type instance struct {
	process  *process
	function *amazon.Function
}

// living is the present instance, or a new one when that was killed.
func (m *mapping) living() *instance {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.instance == nil || m.instance.process.life.Err() != nil {
		p := m.bornIn(m.slot, m.number, fmt.Sprintf("function %d.%d", m.slot, m.number))
		handler, q, log := m.worker(p, visibility, visibility-5*time.Second)
		m.instance = &instance{p, amazon.NewFunction(q, handler, &amazon.FunctionOptions{InFlight: m.plan.InFlight, Log: log, LongestCall: handler.LongestCall()})}
		m.number++
	}
	return m.instance
}

// poll has two invocations under way at the most.
func (m *mapping) poll(ctx context.Context) {
	var invocations sync.WaitGroup
	defer invocations.Wait()
	free := make(chan struct{}, 2)
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

type answer struct {
	raw []byte
	err error
}

// invoke makes one invocation and obeys its answer. A function that was killed, or is stopped, gives none.
func (m *mapping) invoke(ctx context.Context, batch []types.Message) {
	on := m.living()
	ctx, cancel := context.WithTimeout(ctx, functionTimeout)
	defer cancel()
	answers := make(chan answer, 1)
	m.background.Go(func() {
		raw, err := on.function.Invoke(ctx, m.event(batch))
		if on.process.hear() == nil {
			answers <- answer{raw, err}
		}
	})
	select {
	case a := <-answers:
		m.obey(a, batch)
	case <-on.process.life.Done():
	case <-ctx.Done():
		m.say("an invocation of %s did not answer in its time", on.process.name)
		on.process.end() // AWS ends the environment
	}
}

func (m *mapping) obey(a answer, batch []types.Message) {
	if a.err != nil {
		return
	}
	failed, ok := failures(a.raw, batch)
	if !ok {
		m.violate("Lambda would take the whole batch for failed: %s", a.raw)
		return
	}
	var gone []types.DeleteMessageBatchRequestEntry
	for _, message := range batch {
		if !failed[*message.MessageId] {
			gone = append(gone, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(len(gone))), ReceiptHandle: message.ReceiptHandle})
		}
	}
	if len(gone) == 0 {
		return
	}
	_, err := m.clients.SQS.DeleteMessageBatch(context.Background(), &sqs.DeleteMessageBatchInput{QueueUrl: &m.queue, Entries: gone})
	if err != nil {
		m.violate("the world itself: delete for Lambda: %v", err)
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
	if err != nil {
		m.violate("the world itself: write an event: %v", err)
	}
	return raw
}

// failures are the ids in an answer; ok is false for one that makes Lambda keep the whole batch.
func failures(raw []byte, batch []types.Message) (failed map[string]bool, ok bool) {
	var said struct {
		Failures []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Failures == nil {
		return nil, false
	}
	known, failed := map[string]bool{}, map[string]bool{}
	for _, message := range batch {
		known[*message.MessageId] = true
	}
	for _, f := range said.Failures {
		if !known[aws.ToString(f.ID)] {
			return nil, false
		}
		failed[*f.ID] = true
	}
	return failed, true
}
