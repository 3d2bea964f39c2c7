package sqs_test

import (
	"encoding/json"
	"net/http"
	"testing"

	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

// What Go's SDK can't send, other clients can.
func TestRequestsByHand(t *testing.T) {
	const q = `"QueueUrl":"http://elsewhere:1234/000000000000/q"`
	for name, test := range map[string]struct{ operation, body, code string }{
		"a body that is not JSON":          {"SendMessage", `{`, "SerializationException"},
		"a body that is not UTF-8":         {"SendMessage", "{\"MessageBody\":\"\xff\"," + q + "}", "SerializationException"},
		"a number for a text":              {"SendMessage", `{"MessageBody":1,` + q + `}`, "SerializationException"},
		"half a surrogate pair":            {"SendMessage", `{"MessageBody":"a\ud800b",` + q + `}`, "InvalidMessageContents"},
		"the other half":                   {"SendMessage", `{"MessageBody":"\udc00",` + q + `}`, "InvalidMessageContents"},
		"two first halves":                 {"SendMessage", `{"MessageBody":"\ud83d\ud83d",` + q + `}`, "InvalidMessageContents"},
		"a whole surrogate pair":           {"SendMessage", `{"MessageBody":"\ud83d\ude42",` + q + `}`, ""},
		"what only looks like half a pair": {"SendMessage", `{"MessageBody":"\\ud800 \uFFFD",` + q + `}`, ""},
		"no body at all":                   {"SendMessage", ``, "MissingRequiredParameterException"},
		"null":                             {"SendMessage", `null`, "MissingRequiredParameterException"},
		"a null body":                      {"SendMessage", `{"MessageBody":null,` + q + `}`, "MissingRequiredParameterException"},
		"an explicit zero of messages":     {"ReceiveMessage", `{"MaxNumberOfMessages":0,` + q + `}`, "InvalidParameterValueException"},
		"an explicit zero of visibility":   {"ReceiveMessage", `{"VisibilityTimeout":0,` + q + `}`, ""},
		"a delete without a receipt":       {"DeleteMessage", `{` + q + `}`, "MissingRequiredParameterException"},
		"a change without a receipt":       {"ChangeMessageVisibility", `{"VisibilityTimeout":1,` + q + `}`, "MissingRequiredParameterException"},
		"a change without a timeout":       {"ChangeMessageVisibility", `{"ReceiptHandle":"x",` + q + `}`, "MissingRequiredParameterException"},
		"no attributes to set":             {"SetQueueAttributes", `{` + q + `}`, "MissingRequiredParameterException"},
		"a page of nothing":                {"ListQueues", `{"MaxResults":0}`, "InvalidParameterValueException"},
		"no tags to add":                   {"TagQueue", `{` + q + `}`, "MissingRequiredParameterException"},
		"no tags to take away":             {"UntagQueue", `{` + q + `}`, "MissingRequiredParameterException"},
		"a FIFO queue's attempt id":        {"ReceiveMessage", `{"ReceiveRequestAttemptId":"x",` + q + `}`, ""},
		"an attempt id that is no text":    {"ReceiveMessage", `{"ReceiveRequestAttemptId":1,` + q + `}`, "SerializationException"},
		"a member that nobody knows":       {"ReceiveMessage", `{"Colour":"red",` + q + `}`, ""},
		"an operation that is not offered": {"AddPermission", `{` + q + `}`, "UnknownOperationException"},
	} {
		t.Run(name, func(t *testing.T) {
			s := local.New(nil)
			call(s, "CreateQueue", `{"QueueName":"q"}`)
			answer := call(s, test.operation, test.body)
			var e struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			want := ""
			if test.code != "" {
				want = "com.amazonaws.sqs#" + test.code
			}
			if e.Type != want || (answer.Code == http.StatusOK) != (test.code == "") {
				t.Errorf("got %d %s, want %q", answer.Code, answer.Body, want)
			}
			if kind := answer.Header().Get("Content-Type"); kind != "application/x-amz-json-1.0" {
				t.Errorf("Content-Type is %q", kind)
			}
		})
	}
}

func TestQueueURLsCarryTheCallersHost(t *testing.T) {
	s := local.New(nil)
	for _, operation := range []string{"CreateQueue", "GetQueueUrl"} {
		answer := call(s, operation, `{"QueueName":"q"}`) // httptest's requests are for example.com
		if got, want := answer.Body.String(), `{"QueueUrl":"http://example.com/000000000000/q"}`; got != want {
			t.Errorf("%s: got %s, want %s", operation, got, want)
		}
	}
}

func TestIDsAreInjected(t *testing.T) {
	s := local.New(&local.Options{NewID: func() string { return "id-1" }})
	call(s, "CreateQueue", `{"QueueName":"q"}`)
	answer := call(s, "SendMessage", `{"QueueUrl":"/000000000000/q","MessageBody":"a"}`)
	if got, want := answer.Body.String(), `{"MessageId":"id-1","MD5OfMessageBody":"0cc175b9c0f1b6a831c399e269772661"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
