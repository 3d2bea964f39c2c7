package amazon_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

func TestTheSender(t *testing.T) {
	t.Run("sends any number of messages, none twice", func(t *testing.T) {
		cloud := localcloud.New(nil)
		cloud.Register(cloudsqs.New(nil))
		c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: cloud, LocalCloud: "http://local.test"})
		if err != nil {
			t.Fatal(err)
		}
		name := "confirmed"
		made, err := c.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		var bodies [][]byte
		for i := range 25 {
			bodies = append(bodies, bytes.Repeat([]byte{byte('a' + i)}, 40<<10)) // ten of them are too much for one call
		}
		if unsent, err := amazon.NewSender(c.SQS, *made.QueueUrl).Send(t.Context(), bodies); err != nil || len(unsent) != 0 {
			t.Fatalf("%v, %v", unsent, err)
		}
		var got []string
		for len(got) < len(bodies) {
			batch, err := amazon.NewQueue(c.SQS, *made.QueueUrl, nil).Receive(t.Context())
			if err != nil || len(batch) == 0 {
				t.Fatalf("%d of %d arrived: %v", len(got), len(bodies), err)
			}
			for _, m := range batch {
				got = append(got, string(m.Body[:1]))
			}
		}
		slices.Sort(got)
		if strings.Join(got, "") != "abcdefghijklmnopqrstuvwxy" {
			t.Errorf("got %v", got)
		}
	})
	sender := func(t *testing.T, w *wire) *amazon.Sender {
		c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w, LocalCloud: "http://local.test"})
		if err != nil {
			t.Fatal(err)
		}
		return amazon.NewSender(c.SQS, "http://local.test/000000000000/confirmed")
	}
	bodies := [][]byte{[]byte("a"), []byte("b"), []byte("c")}
	t.Run("names those that the queue refused", func(t *testing.T) {
		w := &wire{answer: says(200, "application/x-amz-json-1.0",
			`{"Successful":[{"Id":"0","MessageId":"1","MD5OfMessageBody":"0cc175b9c0f1b6a831c399e269772661"}],"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`)}
		unsent, err := sender(t, w).Send(t.Context(), bodies)
		if !slices.Equal(unsent, []int{1, 2}) || err == nil || !strings.Contains(err.Error(), "InternalError") {
			t.Errorf("got %v, %v", unsent, err)
		}
	})
	t.Run("names all when the call failed", func(t *testing.T) {
		unsent, err := sender(t, &wire{answer: says(500, "application/x-amz-json-1.0", `{"__type":"InternalFailure"}`)}).Send(t.Context(), bodies)
		if !slices.Equal(unsent, []int{0, 1, 2}) || err == nil {
			t.Errorf("got %v, %v", unsent, err)
		}
	})
}
