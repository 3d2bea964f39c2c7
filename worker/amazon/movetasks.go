package amazon

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/enrich/awsfault"
)

// MaxMoveRate is the fastest that SQS moves messages by itself, in messages per second (SQS API reference,
// StartMessageMoveTask).
const MaxMoveRate = 500

// QueueFacts is what SQS tells of a queue. Its counts are approximate: they follow within a minute or so (SQS API reference,
// GetQueueAttributes).
type QueueFacts struct {
	ARN       string
	Region    string // of the ARN
	Account   string
	Name      string
	Messages  int           // that can be received now
	Hidden    int           // that somebody has received
	Delayed   int           // that are not shown yet
	Retention time.Duration // how long a message stays; counted from its first send, also when SQS itself moved it here
}

// DescribeQueue is one GetQueueAttributes.
func DescribeQueue(ctx context.Context, client *sqs.Client, url string) (QueueFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameQueueArn, types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed, types.QueueAttributeNameMessageRetentionPeriod}})
	if err != nil {
		return QueueFacts{}, fmt.Errorf("sqs: describe queue: %w", classify(err))
	}
	number := func(name types.QueueAttributeName) int { n, _ := strconv.Atoi(out.Attributes[string(name)]); return n }
	a := QueueFacts{ARN: out.Attributes[string(types.QueueAttributeNameQueueArn)], Messages: number(types.QueueAttributeNameApproximateNumberOfMessages),
		Hidden: number(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible), Delayed: number(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
		Retention: time.Duration(number(types.QueueAttributeNameMessageRetentionPeriod)) * time.Second}
	if parts := strings.Split(a.ARN, ":"); len(parts) == 6 {
		a.Region, a.Account, a.Name = parts[3], parts[4], parts[5]
	}
	return a, nil
}

// MoveTasks are SQS's own moves out of a dead-letter queue. One runs at a time; it moves all letters, at most MaxMoveRate
// in a second and for 36 hours, with no filter, as new messages whose age begins again (SQS developer guide, "Configure a
// dead-letter queue redrive").
type MoveTasks struct {
	client *sqs.Client
	source string
}

// NewMoveTasks makes the MoveTasks of the queue with this ARN.
func NewMoveTasks(client *sqs.Client, source string) *MoveTasks { return &MoveTasks{client, source} }

// MoveTask is one of them.
type MoveTask struct {
	Handle  string    `json:"-"` // names it for Cancel; of a running one only
	Status  string    `json:"status"`
	To      string    `json:"to,omitempty"`   // ARN; "" is where each letter came from
	Rate    int       `json:"rate,omitempty"` // messages per second; 0 is as SQS likes
	Moved   int       `json:"moved"`          // approximate
	ToMove  int       `json:"to_move"`        // approximate, when it began
	Reason  string    `json:"reason,omitempty"`
	Started time.Time `json:"started"`
}

// Running tells whether the task still moves.
func (t MoveTask) Running() bool { return t.Status == "RUNNING" }

// Start begins to move all letters to the queue with the ARN to, which is always said: letters that the worker sent
// have no source of their own, and a task without a destination fails with them (CouldNotDetermineMessageSource). rate
// is in messages per second, 1 to MaxMoveRate.
func (m *MoveTasks) Start(ctx context.Context, to string, rate int) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	_, err := m.client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &m.source, DestinationArn: &to,
		MaxNumberOfMessagesPerSecond: aws.Int32(int32(rate))})
	if err != nil {
		return fmt.Errorf("sqs: start move task: %w", explained(err))
	}
	return nil
}

// explained keeps SQS's own words about a task that it does not start: they are about queues only.
func explained(err error) error {
	f := awsfault.Of(err)
	if f.Err == nil {
		f.Err = err
	}
	return f
}

// List is the ten newest tasks, the newest first.
func (m *MoveTasks) List(ctx context.Context) ([]MoveTask, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := m.client.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &m.source, MaxResults: aws.Int32(10)})
	if err != nil {
		return nil, fmt.Errorf("sqs: list move tasks: %w", explained(err))
	}
	tasks := make([]MoveTask, len(out.Results))
	for i, r := range out.Results {
		tasks[i] = MoveTask{Handle: aws.ToString(r.TaskHandle), Status: aws.ToString(r.Status), To: aws.ToString(r.DestinationArn),
			Rate: int(aws.ToInt32(r.MaxNumberOfMessagesPerSecond)), Moved: int(r.ApproximateNumberOfMessagesMoved),
			ToMove: int(aws.ToInt64(r.ApproximateNumberOfMessagesToMove)), Reason: aws.ToString(r.FailureReason), Started: time.UnixMilli(r.StartedTimestamp).UTC()}
	}
	return tasks, nil
}

// Cancel stops a running task. What it has moved stays moved.
func (m *MoveTasks) Cancel(ctx context.Context, t MoveTask) (moved int, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	out, err := m.client.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: &t.Handle})
	if err != nil {
		return 0, fmt.Errorf("sqs: cancel move task: %w", explained(err))
	}
	return int(out.ApproximateNumberOfMessagesMoved), nil
}
