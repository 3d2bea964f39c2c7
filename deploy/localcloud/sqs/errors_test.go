package sqs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// refused is one call that must fail, and how: the SDK's type if it has one, the code that the SDK reports, the status.
type refused struct {
	call   func(w world, q string) error
	as     any // pointer to a pointer to the SDK's type, nil if there is none
	code   string
	status int
}

func TestErrors(t *testing.T) {
	for name, test := range refusals() {
		t.Run(name, func(t *testing.T) {
			play(t, nil, func(w world) {
				err := test.call(w, w.queue("q", nil))
				if test.as != nil && !errors.As(err, test.as) {
					w.Errorf("got %v, want %T", err, test.as)
				}
				var e smithy.APIError
				if !errors.As(err, &e) || e.ErrorCode() != test.code || e.ErrorMessage() == "" || e.ErrorFault() != smithy.FaultClient {
					w.Errorf("got %v, want a client's %s with a message", err, test.code)
				}
				var answer *smithyhttp.ResponseError
				if !errors.As(err, &answer) || answer.HTTPStatusCode() != test.status {
					w.Errorf("got %v, want status %d", err, test.status)
				}
			})
		})
	}
}

const old = "AWS.SimpleQueueService."

func refusals() map[string]refused {
	all := map[string]refused{
		"an unknown queue": {send(&sqs.SendMessageInput{QueueUrl: aws.String("http://local.test/000000000000/unknown")}),
			new(*types.QueueDoesNotExist), old + "NonExistentQueue", 400},
		"another account's queue": {send(&sqs.SendMessageInput{QueueUrl: aws.String("http://local.test/123456789012/q")}),
			new(*types.QueueDoesNotExist), old + "NonExistentQueue", 400},
		"no queue URL": {send(&sqs.SendMessageInput{QueueUrl: aws.String("")}), nil, "MissingParameter", 400},
		"an address that is no queue's": {send(&sqs.SendMessageInput{QueueUrl: aws.String("http://local.test/q")}),
			new(*types.InvalidAddress), "InvalidAddress", 404},
		"an address that is none": {send(&sqs.SendMessageInput{QueueUrl: aws.String("::")}), new(*types.InvalidAddress), "InvalidAddress", 404},
		"the URL of an unknown queue": {func(w world, _ string) error {
			_, err := w.sdk.GetQueueUrl(w.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("unknown")})
			return err
		}, new(*types.QueueDoesNotExist), old + "NonExistentQueue", 400},
		"the URL of another account's queue": {func(w world, _ string) error {
			_, err := w.sdk.GetQueueUrl(w.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q"), QueueOwnerAWSAccountId: aws.String("123456789012")})
			return err
		}, new(*types.QueueDoesNotExist), old + "NonExistentQueue", 400},
		"an unknown attribute": {func(w world, q string) error {
			_, err := w.sdk.GetQueueAttributes(w.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q, AttributeNames: []types.QueueAttributeName{"Colour"}})
			return err
		}, new(*types.InvalidAttributeName), "InvalidAttributeName", 400},
		"an unknown message attribute name": {receive(&sqs.ReceiveMessageInput{MessageSystemAttributeNames: []types.MessageSystemAttributeName{"Colour"}}),
			new(*types.InvalidAttributeName), "InvalidAttributeName", 400},
		"eleven messages at once":                         {receive(&sqs.ReceiveMessageInput{MaxNumberOfMessages: 11}), nil, "InvalidParameterValue", 400},
		"too long a wait":                                 {receive(&sqs.ReceiveMessageInput{WaitTimeSeconds: 21}), nil, "InvalidParameterValue", 400},
		"a negative wait":                                 {receive(&sqs.ReceiveMessageInput{WaitTimeSeconds: -1}), nil, "InvalidParameterValue", 400},
		"too long a visibility timeout":                   {receive(&sqs.ReceiveMessageInput{VisibilityTimeout: 43_201}), nil, "InvalidParameterValue", 400},
		"more than 1000 queues on a page":                 {listing(&sqs.ListQueuesInput{MaxResults: aws.Int32(1001)}), nil, "InvalidParameterValue", 400},
		"a made-up page":                                  {listing(&sqs.ListQueuesInput{NextToken: aws.String("?")}), nil, "InvalidParameterValue", 400},
		"a task for a queue that is no dead-letter queue": {move(&sqs.StartMessageMoveTaskInput{}), nil, "InvalidParameterValue", 400},
		"a task for an unknown queue": {move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:eu-west-1:000000000000:unknown")}),
			new(*types.ResourceNotFoundException), "ResourceNotFoundException", 404},
		"a task for a queue elsewhere": {move(&sqs.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}),
			new(*types.ResourceNotFoundException), "ResourceNotFoundException", 404},
		"a made-up task":  {cancel("?"), nil, "InvalidParameterValue", 400},
		"an unknown task": {cancel("eyJ0YXNrSWQiOiJ4Iiwic291cmNlQXJuIjoiYXJuOmF3czpzcXM6ZXUtd2VzdC0xOjAwMDAwMDAwMDAwMDpxIn0="), new(*types.ResourceNotFoundException), "ResourceNotFoundException", 404},
	}
	for _, more := range []map[string]refused{creations(), changes(), contents(), batches()} {
		for name, test := range more {
			all[name] = test
		}
	}
	return all
}

func send(in *sqs.SendMessageInput) func(world, string) error {
	return func(w world, q string) error {
		if in.QueueUrl == nil {
			in.QueueUrl = &q
		}
		if in.MessageBody == nil {
			in.MessageBody = aws.String("body")
		}
		_, err := w.sdk.SendMessage(w.Context(), in)
		return err
	}
}

func receive(in *sqs.ReceiveMessageInput) func(world, string) error {
	return func(w world, q string) error {
		in.QueueUrl = &q
		_, err := w.sdk.ReceiveMessage(w.Context(), in)
		return err
	}
}

func listing(in *sqs.ListQueuesInput) func(world, string) error {
	return func(w world, _ string) error {
		_, err := w.sdk.ListQueues(w.Context(), in)
		return err
	}
}

func move(in *sqs.StartMessageMoveTaskInput) func(world, string) error {
	return func(w world, q string) error {
		if in.SourceArn == nil {
			in.SourceArn = aws.String(w.attribute(q, "QueueArn"))
		}
		_, err := w.sdk.StartMessageMoveTask(w.Context(), in)
		return err
	}
}

func cancel(handle string) func(world, string) error {
	return func(w world, _ string) error {
		_, err := w.sdk.CancelMessageMoveTask(w.Context(), &sqs.CancelMessageMoveTaskInput{TaskHandle: &handle})
		return err
	}
}

func creations() map[string]refused {
	create := func(name string, a attributes) func(world, string) error {
		return func(w world, _ string) error {
			_, err := w.sdk.CreateQueue(w.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: a})
			return err
		}
	}
	return map[string]refused{
		"a queue without a name":            {create("", nil), nil, "MissingParameter", 400},
		"a queue name of 81 characters":     {create(strings.Repeat("q", 81), nil), nil, "InvalidParameterValue", 400},
		"a queue name with a dot":           {create("a.b", nil), nil, "InvalidParameterValue", 400},
		"a FIFO queue by its name":          {create("q.fifo", nil), new(*types.UnsupportedOperation), old + "UnsupportedOperation", 400},
		"a FIFO queue by its attribute":     {create("new", attributes{"FifoQueue": "true"}), new(*types.UnsupportedOperation), old + "UnsupportedOperation", 400},
		"a standard queue that says so":     {create("new", attributes{"FifoQueue": "false"}), new(*types.InvalidAttributeName), "InvalidAttributeName", 400},
		"a FIFO queue's attribute":          {create("new", attributes{"FifoThroughputLimit": "perQueue"}), new(*types.InvalidAttributeName), "InvalidAttributeName", 400},
		"an attribute that can't be set":    {create("new", attributes{"QueueArn": "x"}), new(*types.InvalidAttributeName), "InvalidAttributeName", 400},
		"a queue that is there differently": {create("q", attributes{"DelaySeconds": "1"}), new(*types.QueueNameExists), "QueueAlreadyExists", 400},
	}
}

func changes() map[string]refused {
	out := map[string]refused{}
	change := func(a attributes) func(world, string) error {
		return func(w world, q string) error {
			_, err := w.sdk.SetQueueAttributes(w.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &q, Attributes: a})
			return err
		}
	}
	for name, values := range map[string][]string{
		"DelaySeconds": {"-1", "901", "", "x"}, "MaximumMessageSize": {"1023", "1048577"}, "MessageRetentionPeriod": {"59", "1209601"},
		"ReceiveMessageWaitTimeSeconds": {"21"}, "VisibilityTimeout": {"43201"}, "KmsDataKeyReusePeriodSeconds": {"59"},
		"SqsManagedSseEnabled": {"yes"}, "Policy": {"x", "[]", "null"},
		"RedriveAllowPolicy": {"x", `{"redrivePermission":"some"}`, `{"redrivePermission":"byQueue"}`, `{"redrivePermission":"denyAll","sourceQueueArns":["a"]}`},
	} {
		for _, value := range values {
			out[fmt.Sprintf("%s of %q", name, value)] = refused{change(attributes{name: value}), new(*types.InvalidAttributeValue), "InvalidAttributeValue", 400}
		}
	}
	for name, value := range map[string]string{
		"that is not JSON": "x", "with more": `{"deadLetterTargetArn":"a","maxReceiveCount":1,"colour":"red"}`, "without a target": `{"maxReceiveCount":1}`,
		"without a count": `{"deadLetterTargetArn":"a"}`, "that counts to zero": `{"deadLetterTargetArn":"a","maxReceiveCount":0}`,
		"that counts too far": `{"deadLetterTargetArn":"a","maxReceiveCount":1001}`, "that counts words": `{"deadLetterTargetArn":"a","maxReceiveCount":"many"}`,
		"to nowhere": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:unknown","maxReceiveCount":1}`, "in two": `{"deadLetterTargetArn":"a","maxReceiveCount":1} {}`,
	} {
		out["a redrive policy "+name] = refused{change(attributes{"RedrivePolicy": value}), nil, "InvalidParameterValue", 400}
	}
	return out
}

func contents() map[string]refused {
	out := map[string]refused{
		"an empty body":        {send(&sqs.SendMessageInput{MessageBody: aws.String("")}), nil, "MissingParameter", 400},
		"a negative delay":     {send(&sqs.SendMessageInput{DelaySeconds: -1}), nil, "InvalidParameterValue", 400},
		"too long a delay":     {send(&sqs.SendMessageInput{DelaySeconds: 901}), nil, "InvalidParameterValue", 400},
		"an empty group":       {send(&sqs.SendMessageInput{MessageGroupId: aws.String("")}), nil, "InvalidParameterValue", 400},
		"a group with a space": {send(&sqs.SendMessageInput{MessageGroupId: aws.String("a b")}), nil, "InvalidParameterValue", 400},
		"a group that is long": {send(&sqs.SendMessageInput{MessageGroupId: aws.String(strings.Repeat("g", 129))}), nil, "InvalidParameterValue", 400},
		"a deduplication id":   {send(&sqs.SendMessageInput{MessageDeduplicationId: aws.String("d")}), nil, "InvalidParameterValue", 400},
		"another system attribute": {send(&sqs.SendMessageInput{MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"Colour": {DataType: aws.String("String"), StringValue: aws.String("red")}}}), nil, "InvalidParameterValue", 400},
		"a trace that is a number": {send(&sqs.SendMessageInput{MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("Number"), StringValue: aws.String("1")}}}), nil, "InvalidParameterValue", 400},
	}
	for _, character := range []string{"\x00", "\x0b", "\x1f", "\uFFFE", "\uFFFF"} {
		out[fmt.Sprintf("the character %U in a body", []rune(character)[0])] = refused{
			send(&sqs.SendMessageInput{MessageBody: aws.String("a" + character)}), new(*types.InvalidMessageContents), "InvalidMessageContents", 400}
	}
	many := map[string]types.MessageAttributeValue{}
	for i := range 11 {
		many[fmt.Sprint("a", i)] = text("x")
	}
	wrong := map[string]map[string]types.MessageAttributeValue{
		"eleven attributes": many, "an empty text": {"a": text("")}, "a control character in an attribute": {"a": text("\x01")},
		"no type":               {"a": {DataType: aws.String(""), StringValue: aws.String("x")}},
		"a strange type":        {"a": {DataType: aws.String("Boolean"), StringValue: aws.String("true")}},
		"a type too far":        {"a": {DataType: aws.String("Strings"), StringValue: aws.String("x")}},
		"a long type":           {"a": {DataType: aws.String("String." + strings.Repeat("x", 250)), StringValue: aws.String("x")}},
		"a number that is none": {"a": {DataType: aws.String("Number"), StringValue: aws.String("NaN")}},
		"bytes without bytes":   {"a": {DataType: aws.String("Binary"), StringValue: aws.String("x")}},
		"a text of bytes":       {"a": {DataType: aws.String("String"), BinaryValue: []byte("x")}},
		"a list":                {"a": {DataType: aws.String("String"), StringListValues: []string{"x"}}},
	}
	for _, name := range []string{"", "AWS.x", "amazon.x", ".a", "a.", "a..b", "a b", "é", strings.Repeat("a", 257)} {
		wrong[fmt.Sprintf("the attribute name %.20q", name)] = map[string]types.MessageAttributeValue{name: text("x")}
	}
	for name, a := range wrong {
		out[name] = refused{send(&sqs.SendMessageInput{MessageAttributes: a}), nil, "InvalidParameterValue", 400}
	}
	return out
}

func batches() map[string]refused {
	batch := func(ids ...string) func(world, string) error {
		return func(w world, q string) error {
			in := &sqs.SendMessageBatchInput{QueueUrl: &q, Entries: []types.SendMessageBatchRequestEntry{}}
			for _, id := range ids {
				in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: aws.String("a")})
			}
			_, err := w.sdk.SendMessageBatch(w.Context(), in)
			return err
		}
	}
	return map[string]refused{
		"an empty batch":         {batch(), new(*types.EmptyBatchRequest), old + "EmptyBatchRequest", 400},
		"a batch of eleven":      {batch(strings.Split("abcdefghijk", "")...), new(*types.TooManyEntriesInBatchRequest), old + "TooManyEntriesInBatchRequest", 400},
		"a batch with one twice": {batch("a", "b", "a"), new(*types.BatchEntryIdsNotDistinct), old + "BatchEntryIdsNotDistinct", 400},
		"a batch id with a dot":  {batch("a.b"), new(*types.InvalidBatchEntryId), old + "InvalidBatchEntryId", 400},
		"a batch id of nothing":  {batch(""), new(*types.InvalidBatchEntryId), old + "InvalidBatchEntryId", 400},
		"a batch id of 81":       {batch(strings.Repeat("a", 81)), new(*types.InvalidBatchEntryId), old + "InvalidBatchEntryId", 400},
		"a batch that is too long in all": {func(w world, q string) error {
			half := aws.String(strings.Repeat("x", 1<<19))
			_, err := w.sdk.SendMessageBatch(w.Context(), &sqs.SendMessageBatchInput{QueueUrl: &q, Entries: []types.SendMessageBatchRequestEntry{
				{Id: aws.String("a"), MessageBody: half}, {Id: aws.String("b"), MessageBody: half}, {Id: aws.String("c"), MessageBody: aws.String("x")},
			}})
			return err
		}, new(*types.BatchRequestTooLong), old + "BatchRequestTooLong", 400},
		"an empty batch of deletes": {func(w world, q string) error {
			_, err := w.sdk.DeleteMessageBatch(w.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &q, Entries: []types.DeleteMessageBatchRequestEntry{}})
			return err
		}, new(*types.EmptyBatchRequest), old + "EmptyBatchRequest", 400},
		"an empty batch of changes": {func(w world, q string) error {
			_, err := w.sdk.ChangeMessageVisibilityBatch(w.Context(), &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{}})
			return err
		}, new(*types.EmptyBatchRequest), old + "EmptyBatchRequest", 400},
	}
}
