package sqsout_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

// standard is a standard queue of the local cloud, behind a port of this machine.
type standard struct {
	endpoint, url string
	client        *sqs.Client
}

func newStandard(t *testing.T) standard {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	server, err := cloud.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	client := sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL()), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	q, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("signups")})
	if err != nil {
		t.Fatal(err)
	}
	return standard{server.URL(), *q.QueueUrl, client}
}

// group is the MessageGroupId of the only message on the queue, and whether it has one.
func (q standard) group(t *testing.T) (group string, has bool) {
	t.Helper()
	out, err := q.client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%d messages, %v", len(out.Messages), err)
	}
	group, has = out.Messages[0].Attributes["MessageGroupId"]
	return group, has
}

// by is the sign-up by another app client.
func by(t *testing.T, client string) []byte {
	t.Helper()
	quoted, err := json.Marshal(client)
	if err != nil {
		t.Fatal(err)
	}
	const before = `"4k2example3client4id"`
	if bytes.Count(signup(t), []byte(before)) != 1 {
		t.Fatalf("the event doesn't have %s once", before)
	}
	return bytes.Replace(signup(t), []byte(before), quoted, 1)
}

// TestTheGroupOnTheWire goes all the way: the variables of the function, the SDK, HTTP, and the queue's own rules,
// which refuse a MessageGroupId that SQS would refuse.
func TestTheGroupOnTheWire(t *testing.T) {
	const marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for name, tt := range map[string]struct{ fair, client, want string }{
		"not when nothing is set":             {"", "4k2", ""},
		"not when it is off":                  {"off", "4k2", ""},
		"the app client":                      {"client", "4k2", "4k2"},
		"with spaces around the word":         {" client\n", "4k2", "4k2"},
		"every mark that SQS takes":           {"client", marks, marks},
		"the longest that SQS takes":          {"client", strings.Repeat("k", 128), strings.Repeat("k", 128)},
		"without, where there is no client":   {"client", "", ""},
		"without, where it is too long":       {"client", strings.Repeat("k", 129), ""},
		"without, where a space is in it":     {"client", "4k 2", ""},
		"without, where a newline is in it":   {"client", "4k2\n", ""},
		"without, where it is a control":      {"client", "4k2\x7f", ""},
		"without, where a letter isn't ASCII": {"client", "4k2é", ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := newStandard(t)
			log := &bytes.Buffer{}
			h, err := sqsout.FromEnvironment(func(name string) string {
				return map[string]string{
					"POSTCONFIRM_QUEUE_URL": q.url, "POSTCONFIRM_FAIR_QUEUES": tt.fair, "AWS_ENDPOINT_URL_SQS": q.endpoint,
					"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
				}[name]
			}, log)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Invoke(t.Context(), by(t, tt.client)); err != nil || !strings.Contains(log.String(), `"outcome":"sent","tries":1`) {
				t.Fatalf("%v\n%s", err, log)
			}
			if got, has := q.group(t); got != tt.want || has != (tt.want != "") {
				t.Errorf("the group is %q, there: %v; want %q", got, has, tt.want)
			}
		})
	}
}

// TestTheQueueOfTheTestRefusesWrongGroups shows that the test above could fail: the queue isn't one that takes all.
func TestTheQueueOfTheTestRefusesWrongGroups(t *testing.T) {
	q := newStandard(t)
	for _, group := range []string{"", "4k 2", "4k2é", strings.Repeat("k", 129)} {
		in := &sqs.SendMessageInput{QueueUrl: &q.url, MessageBody: aws.String("{}"), MessageGroupId: &group}
		if _, err := q.client.SendMessage(t.Context(), in); err == nil {
			t.Errorf("it took %q", group)
		}
	}
}
