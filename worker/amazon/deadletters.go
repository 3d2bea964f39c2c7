package amazon

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker"
)

// DeadLetters sends dead letters to an SQS queue. The body is the message's own; why stands in message attributes,
// all with the prefix "postconfirm_": reason, run, step, class, attempts, reopens, pipeline. Reason and class are
// stable codes. None of them carries a value of the user.
type DeadLetters struct {
	client *sqs.Client
	url    string
}

// NewDeadLetters makes a DeadLetters.
func NewDeadLetters(client *sqs.Client, url string) *DeadLetters { return &DeadLetters{client, url} }

// Send is one SendMessage.
func (d *DeadLetters) Send(ctx context.Context, l worker.Letter) error {
	body := sendable(string(l.Body))
	attributes := map[string]types.MessageAttributeValue{}
	if body != string(l.Body) {
		attributes["postconfirm_body"] = text("altered") // the queue refuses some characters; it did not hold them before either
	}
	for name, value := range map[string]string{"reason": l.Reason, "run": l.Run, "step": l.Step, "class": l.Class,
		"attempts": count(l.Attempts), "reopens": count(l.Reopens), "pipeline": l.Pipeline} {
		if value = sendable(value); value != "" { // SQS refuses an empty value
			attributes["postconfirm_"+name] = text(value)
		}
	}
	if body == "" {
		body = " " // and an empty body
	}
	_, err := d.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &d.url, MessageBody: &body, MessageAttributes: attributes})
	if err != nil {
		return fmt.Errorf("sqs: send dead letter: %w", classify(err))
	}
	return nil
}

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// sendable replaces what SQS does not take: everything outside of #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD |
// #x10000-#x10FFFF (SendMessage, Amazon SQS API reference).
func sendable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0x9 || r == 0xA || r == 0xD || r >= 0x20 && r <= 0xFFFD || r >= 0x10000 {
			return r
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
