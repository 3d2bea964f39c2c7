package sqs_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// BenchmarkLoop is one send, one receive and one delete through the real SDK, with so many other messages in the queue,
// half of them in flight.
func BenchmarkLoop(b *testing.B) {
	for _, others := range []int{0, 100_000} {
		b.Run(fmt.Sprint(others, " others"), func(b *testing.B) {
			sdk := client(nil)
			q := filled(b, sdk, others)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sdk.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: &q, MessageBody: aws.String("one more")}); err != nil {
					b.Fatal(err)
				}
				out, err := sdk.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := sdk.DeleteMessage(b.Context(), &sqs.DeleteMessageInput{QueueUrl: &q, ReceiptHandle: out.Messages[0].ReceiptHandle}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFake is a send, a receive and a give-back without the SDK: what the fake itself costs.
func BenchmarkFake(b *testing.B) {
	const url = `{"QueueUrl":"/000000000000/q"`
	for _, others := range []int{0, 1_000, 100_000} {
		b.Run(fmt.Sprint(others, " others"), func(b *testing.B) {
			s := local.New(nil)
			call(s, "CreateQueue", `{"QueueName":"q"}`)
			for i := range others {
				call(s, "SendMessage", url+`,"MessageBody":"other"}`)
				if i%2 == 0 {
					call(s, "ReceiveMessage", url+`,"VisibilityTimeout":43200}`)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				call(s, "SendMessage", url+`,"MessageBody":"one more"}`)
				call(s, "ReceiveMessage", url+`,"VisibilityTimeout":0}`)
			}
		})
	}
}

func filled(b *testing.B, sdk *sqs.Client, others int) (queue string) {
	b.Helper()
	out, err := sdk.CreateQueue(b.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: attributes{"VisibilityTimeout": "43200"}})
	if err != nil {
		b.Fatal(err)
	}
	for i := range others {
		if _, err := sdk.SendMessage(b.Context(), &sqs.SendMessageInput{QueueUrl: out.QueueUrl, MessageBody: aws.String("other")}); err != nil {
			b.Fatal(err)
		}
		if i%20 != 0 {
			continue
		}
		if _, err := sdk.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: out.QueueUrl, MaxNumberOfMessages: 10}); err != nil {
			b.Fatal(err)
		}
	}
	return *out.QueueUrl
}
