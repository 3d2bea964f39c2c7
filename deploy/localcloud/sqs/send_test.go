package sqs_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

func TestMessage(t *testing.T) {
	play(t, nil, func(w world) {
		q := w.queue("q", nil)
		start := time.Now()
		sent, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{
			QueueUrl: &q, MessageBody: aws.String("Grüße \r\n\t🙂 <&>"), MessageGroupId: aws.String("pool-1"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"text":   text("x"),
				"number": {DataType: aws.String("Number.int"), StringValue: aws.String("-12.5e3")},
				"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
			},
			MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
				"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")},
			},
		})
		if err != nil {
			w.Fatal(err)
		}
		if sent.MD5OfMessageSystemAttributes == nil {
			w.Error("no MD5OfMessageSystemAttributes")
		}
		time.Sleep(2 * time.Second)
		got := w.receive(q, 0)
		want := []types.Message{{
			MessageId: sent.MessageId, Body: aws.String("Grüße \r\n\t🙂 <&>"),
			MD5OfBody: sent.MD5OfMessageBody, MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
			Attributes: map[string]string{
				"SenderId": "AIDALOCALCLOUD0000000", "SentTimestamp": millis(start), "ApproximateReceiveCount": "1",
				"ApproximateFirstReceiveTimestamp": millis(start.Add(2 * time.Second)), "MessageGroupId": "pool-1",
				"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
			},
			MessageAttributes: map[string]types.MessageAttributeValue{
				"text":   text("x"),
				"number": {DataType: aws.String("Number.int"), StringValue: aws.String("-12.5e3")},
				"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
			},
		}}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.Message{}, types.MessageAttributeValue{}),
			cmpopts.IgnoreFields(types.Message{}, "ReceiptHandle")); diff != "" {
			w.Errorf("received (-want +got):\n%s", diff)
		}
	})
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// The digests are AWS's own, from public recordings of its answers.
func TestMD5OfMessageAttributes(t *testing.T) {
	binary := types.MessageAttributeValue{
		DataType:    aws.String("Binary"),
		BinaryValue: []byte("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"),
	}
	for name, test := range map[string]struct {
		attributes map[string]types.MessageAttributeValue
		want       string
	}{
		"no attributes":      {nil, ""},
		"one text":           {map[string]types.MessageAttributeValue{"Foo": text("Bar")}, "ae7155c6026991b6d54b11589678bf9c"},
		"another text":       {map[string]types.MessageAttributeValue{"MyAttribute": text("foobar")}, "adb59cd4678ea5a855436b949cd07ab6"},
		"a text of one byte": {map[string]types.MessageAttributeValue{"k": text("x")}, "a45daa70926828a2f0a1db3418e6feb4"},
		"bytes":              {map[string]types.MessageAttributeValue{"attr1": binary}, "8cbe4db156db8a94db8b801b7addb984"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, nil, func(w world) {
				q := w.queue("q", nil)
				out, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &q, MessageBody: aws.String("test"), MessageAttributes: test.attributes})
				if err != nil {
					w.Fatal(err)
				}
				if got := aws.ToString(out.MD5OfMessageAttributes); got != test.want {
					w.Errorf("got %q, want %q", got, test.want)
				}
				if got, want := *out.MD5OfMessageBody, "098f6bcd4621d373cade4e832627b4f6"; got != want {
					w.Errorf("body: got %s, want %s", got, want)
				}
			})
		})
	}
}

func TestAttributeFilters(t *testing.T) {
	for name, test := range map[string]struct {
		filters []string
		want    []string
	}{
		"none":              {nil, nil},
		"All":               {[]string{"All"}, []string{"bar.one", "bar.two", "barely"}},
		"a star for all":    {[]string{".*"}, []string{"bar.one", "bar.two", "barely"}},
		"a name":            {[]string{"barely", "unknown"}, []string{"barely"}},
		"a prefix":          {[]string{"bar..*"}, []string{"bar.one", "bar.two"}},
		"a prefix in parts": {[]string{"bar.*"}, []string{"bar.one", "bar.two", "barely"}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, nil, func(w world) {
				q := w.queue("q", nil)
				_, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{
					QueueUrl: &q, MessageBody: aws.String("a"),
					MessageAttributes: map[string]types.MessageAttributeValue{"bar.one": text("1"), "bar.two": text("2"), "barely": text("3")},
				})
				if err != nil {
					w.Fatal(err)
				}
				out, err := w.sdk.ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q, MessageAttributeNames: test.filters})
				if err != nil {
					w.Fatal(err)
				}
				got := map[string]bool{}
				for name := range out.Messages[0].MessageAttributes {
					got[name] = true
				}
				for _, name := range test.want {
					if !got[name] {
						w.Errorf("%s is missing", name)
					}
				}
				if len(got) != len(test.want) {
					w.Errorf("got %v, want %v", got, test.want)
				}
				if out.Messages[0].Attributes != nil {
					w.Errorf("nobody asked for %v", out.Messages[0].Attributes)
				}
			})
		})
	}
}

func TestDelay(t *testing.T) {
	t.Run("the queue's delay holds unless the message has its own", func(t *testing.T) {
		play(t, nil, func(w world) {
			q, start := w.queue("q", attributes{"DelaySeconds": "10"}), time.Now()
			w.send(q, "queue's")
			_, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &q, MessageBody: aws.String("own"), DelaySeconds: 5})
			if err != nil {
				w.Fatal(err)
			}
			w.wantCounts(q, 0, 0, 2)
			w.want(q, 20, "own")
			w.wantCounts(q, 0, 1, 1)
			w.want(q, 20, "queue's")
			if waited := time.Since(start); waited != 10*time.Second {
				w.Errorf("waited %v, want 10s", waited)
			}
		})
	})
	t.Run("an explicit zero comes before the queue's delay", func(t *testing.T) {
		play(t, nil, func(w world) {
			s := local.New(nil) // by hand: the Go SDK never sends the zero, others do
			if answer := call(s, "CreateQueue", `{"QueueName":"q","Attributes":{"DelaySeconds":"900"}}`); answer.Code != http.StatusOK {
				w.Fatal(answer.Body)
			}
			call(s, "SendMessage", `{"QueueUrl":"http://x/000000000000/q","MessageBody":"a","DelaySeconds":0}`)
			if answer := call(s, "ReceiveMessage", `{"QueueUrl":"http://x/000000000000/q"}`); !strings.Contains(answer.Body.String(), `"Body":"a"`) {
				w.Errorf("received %s", answer.Body)
			}
		})
	})
	t.Run("a new delay is not for messages that are there", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", attributes{"DelaySeconds": "10"})
			w.send(q, "a")
			w.set(q, attributes{"DelaySeconds": "900"})
			time.Sleep(10 * time.Second)
			w.want(q, 0, "a")
		})
	})
}

// call sends one request to the fake alone, as an SDK would.
func call(h http.Handler, operation, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRetention(t *testing.T) {
	t.Run("a message is gone when its time is up, visible, delayed or in flight", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", attributes{"MessageRetentionPeriod": "60", "VisibilityTimeout": "43200"})
			w.send(q, "in flight")
			w.want(q, 0, "in flight")
			w.send(q, "visible")
			_, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &q, MessageBody: aws.String("delayed"), DelaySeconds: 900})
			if err != nil {
				w.Fatal(err)
			}
			time.Sleep(time.Minute - time.Nanosecond)
			w.wantCounts(q, 1, 1, 1)
			time.Sleep(time.Nanosecond)
			w.wantCounts(q, 0, 0, 0)
		})
	})
	t.Run("a shorter retention holds for messages that are there", func(t *testing.T) {
		play(t, nil, func(w world) {
			q := w.queue("q", nil)
			w.send(q, "old")
			time.Sleep(2 * time.Hour)
			w.send(q, "new")
			w.set(q, attributes{"MessageRetentionPeriod": "3600"})
			w.want(q, 0, "new")
		})
	})
}

func TestSize(t *testing.T) {
	attribute := map[string]types.MessageAttributeValue{"k": text("x")} // 8 bytes with its type
	send := func(w world, q string, n int) error {
		_, err := w.sdk.SendMessage(w.Context(), &sqs.SendMessageInput{QueueUrl: &q, MessageBody: aws.String(strings.Repeat("a", n)), MessageAttributes: attribute})
		return err
	}
	play(t, nil, func(w world) {
		for limit, q := range map[int]string{1 << 20: w.queue("usual", nil), 1024: w.queue("small", attributes{"MaximumMessageSize": "1024"})} {
			if err := send(w, q, limit-8); err != nil {
				w.Errorf("%d bytes: %v", limit, err)
			}
			wantCode(w, send(w, q, limit-7), "InvalidParameterValue")
		}
	})
}

func TestSendBatch(t *testing.T) {
	play(t, nil, func(w world) {
		q := w.queue("q", attributes{"MaximumMessageSize": "1024"})
		entry := func(id, body string) types.SendMessageBatchRequestEntry {
			return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
		}
		late := entry("late", "c")
		late.DelaySeconds = 901
		out, err := w.sdk.SendMessageBatch(w.Context(), &sqs.SendMessageBatchInput{QueueUrl: &q, Entries: []types.SendMessageBatchRequestEntry{
			entry("good", "a"), entry("large", strings.Repeat("x", 1025)), entry("control", "\x01"), entry("better", "b"), late,
		}})
		if err != nil {
			w.Fatal(err)
		}
		want := map[string]string{"large": "InvalidParameterValue", "control": "InvalidMessageContents", "late": "InvalidParameterValue"}
		if diff := cmp.Diff(want, codes(out.Failed)); diff != "" {
			w.Errorf("failed (-want +got):\n%s", diff)
		}
		got := w.want(q, 0, "a", "b")
		for i, id := range []string{"good", "better"} {
			if s := out.Successful[i]; *s.Id != id || *s.MessageId != *got[i].MessageId || *s.MD5OfMessageBody != *got[i].MD5OfBody {
				w.Errorf("entry %s was answered %v", id, s)
			}
		}
	})
}
