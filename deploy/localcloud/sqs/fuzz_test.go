package sqs_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// FuzzRequest sends any bytes to the operations of the message path: the fake never panics, and says either yes with
// JSON or no with a type and a message. In virtual time, as some of the bytes are long polls.
func FuzzRequest(f *testing.F) {
	const q = `"QueueUrl":"http://x/000000000000/q"`
	for _, seed := range []struct{ operation, body string }{
		{"SendMessage", `{` + q + `,"MessageBody":"a","DelaySeconds":5,"MessageGroupId":"g","MessageAttributes":{"a":{"DataType":"Number","StringValue":"1e3"},"b":{"DataType":"Binary","BinaryValue":"AAE="}}}`},
		{"SendMessage", `{` + q + `,"MessageBody":"\ud83d\ude42","MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"x"}}}`},
		{"SendMessageBatch", `{` + q + `,"Entries":[{"Id":"a","MessageBody":"x"},{"Id":"b","MessageBody":"\u0001"}]}`},
		{"ReceiveMessage", `{` + q + `,"MaxNumberOfMessages":10,"WaitTimeSeconds":20,"VisibilityTimeout":0,"AttributeNames":["All"],"MessageAttributeNames":["a.*"]}`},
		{"DeleteMessage", `{` + q + `,"ReceiptHandle":"cjE6MToxOjE="}`},
		{"DeleteMessageBatch", `{` + q + `,"Entries":[{"Id":"a","ReceiptHandle":"cjE6MToxOjE="}]}`},
		{"ChangeMessageVisibility", `{` + q + `,"ReceiptHandle":"cjE6MToxOjE=","VisibilityTimeout":43200}`},
		{"ChangeMessageVisibilityBatch", `{` + q + `,"Entries":[{"Id":"a","ReceiptHandle":"cjE6MToxOjE=","VisibilityTimeout":0}]}`},
		{"SetQueueAttributes", `{` + q + `,"Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:000000000000:q\",\"maxReceiveCount\":1}"}}`},
		{"CancelMessageMoveTask", `{"TaskHandle":"eyJ0YXNrSWQiOiJ4Iiwic291cmNlQXJuIjoieSJ9"}`},
		{"CreateQueue", `{"QueueName":"r","Attributes":{"RedriveAllowPolicy":"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"a\"]}"},"tags":{"a":"b"}}`},
	} {
		f.Add(seed.operation, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		synctest.Test(t, func(t *testing.T) {
			s := local.New(nil)
			call(s, "CreateQueue", `{"QueueName":"q","Attributes":{"VisibilityTimeout":"1"}}`)
			call(s, "SendMessage", `{`+q+`,"MessageBody":"there"}`)
			call(s, "ReceiveMessage", `{`+q+`}`)
			answer := call(s, operation, string(body))
			if answer.Code == http.StatusOK {
				if !json.Valid(answer.Body.Bytes()) {
					t.Errorf("said yes with %q", answer.Body)
				}
				return
			}
			var e struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &e); err != nil || !strings.HasPrefix(e.Type, "com.amazonaws.sqs#") || e.Message == "" {
				t.Errorf("said no with %d %q", answer.Code, answer.Body)
			}
			if answer.Code >= http.StatusInternalServerError {
				t.Errorf("broke: %d %q", answer.Code, answer.Body)
			}
		})
	})
}
