package amazon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

const (
	queueURL = "https://sqs.eu-west-1.amazonaws.com/123456789012/confirmed"
	queueARN = "arn:aws:sqs:eu-west-1:123456789012:confirmed"
)

// hands is a Handler made of a function.
type hands func(context.Context, worker.Delivery) worker.Verdict

func (h hands) Handle(ctx context.Context, d worker.Delivery) worker.Verdict { return h(ctx, d) }

// box is a function on a queue of a cloud without sockets, which refuses every receipt but counts the calls.
type box struct {
	cloud *localcloud.Cloud
	log   *bytes.Buffer
	*amazon.Function
}

func newBox(t *testing.T, h worker.Handler, o amazon.FunctionOptions) box {
	t.Helper()
	b := box{cloud: localcloud.New(nil), log: &bytes.Buffer{}}
	b.cloud.Register(cloudsqs.New(nil))
	clients, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: b.cloud, LocalCloud: "http://local.test"})
	if err != nil {
		t.Fatal(err)
	}
	name := "confirmed"
	if _, err := clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name}); err != nil {
		t.Fatal(err)
	}
	o.Log = slog.New(slog.NewJSONHandler(b.log, nil))
	b.Function = amazon.NewFunction(amazon.NewQueue(clients.SQS, queueURL, &amazon.QueueOptions{Visibility: 6 * time.Minute}), h, &o)
	return b
}

// record is one as Lambda documents it.
func record(id, body string) string {
	return `{"messageId":"` + id + `","receiptHandle":"r-` + id + `","body":` + strconv.Quote(body) + `,"attributes":{
	"ApproximateReceiveCount":"3","SentTimestamp":"1545082649183","SenderId":"AIDA","ApproximateFirstReceiveTimestamp":"1545082649185"},
	"messageAttributes":{},"md5OfBody":"x","eventSource":"aws:sqs","eventSourceARN":"` + queueARN + `","awsRegion":"eu-west-1"}`
}

func records(all ...string) []byte { return []byte(`{"Records":[` + strings.Join(all, ",") + `]}`) }

// obeys deletes what says "delete" and keeps the rest.
var obeys = hands(func(_ context.Context, d worker.Delivery) worker.Verdict {
	if string(d.Body) == "panic" {
		panic("ada@acme.example")
	}
	return worker.Verdict{Delete: string(d.Body) == "delete"}
})

func TestAnEventIsAnsweredFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		event []byte
		want  string
	}{
		{"all well: an empty list, never null", records(record("a", "delete"), record("b", "delete")), `{"batchItemFailures":[]}`},
		{"no records", []byte(`{"Records":[]}`), `{"batchItemFailures":[]}`},
		{"one of three", records(record("a", "delete"), record("b", "keep"), record("c", "delete")), `{"batchItemFailures":[{"itemIdentifier":"b"}]}`},
		{"a panic takes its own message only", records(record("a", "delete"), record("b", "panic"), record("c", "keep")),
			`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}`},
		{"the same id twice comes back once, if either does", records(record("a", "delete"), record("a", "keep"), record("a", "keep")),
			`{"batchItemFailures":[{"itemIdentifier":"a"}]}`},
		{"members that nobody knows, numbers without quotes", []byte(`{"Records":[{"messageId":"a","receiptHandle":"r","body":"delete",
			"attributes":{"ApproximateReceiveCount":1,"SentTimestamp":null,"New":{"x":1}},"new":[1]}],"more":true}`), `{"batchItemFailures":[]}`},
		{"a record without a body is the handler's to judge", []byte(`{"Records":[{"messageId":"a","receiptHandle":"r"}]}`),
			`{"batchItemFailures":[{"itemIdentifier":"a"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t, obeys, amazon.FunctionOptions{})
			got, err := b.Invoke(t.Context(), c.event)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v", got, err)
			}
			if strings.Contains(b.log.String(), "ada@") {
				t.Errorf("the panic's value is in the log: %s", b.log)
			}
		})
	}
}

func TestAnEventThatCannotBeAnsweredForIsAnError(t *testing.T) {
	never := hands(func(context.Context, worker.Delivery) worker.Verdict { return worker.Verdict{Delete: true} })
	for _, c := range []struct{ name, event, want string }{
		{"nothing", ``, "no SQS event"},
		{"null", `null`, "no SQS event"},
		{"no JSON", `{"Records":[`, "no SQS event"},
		{"a test event", `{"key1":"value1"}`, "no SQS event"},
		{"records that are null", `{"Records":null}`, "no SQS event"},
		{"a list", `[]`, "no SQS event"},
		{"Cognito's event", `{"version":"1","triggerSource":"PostConfirmation_ConfirmSignUp"}`, "no SQS event"},
		{"SNS's event", `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"x"}}]}`, "no SQS event"},
		{"Kinesis's event", `{"Records":[{"eventSource":"aws:kinesis","eventID":"x"}]}`, "no SQS event"},
		{"a record that is null", string(records(record("a", "delete"), "null")), "record 2 of 2"},
		{"a record without an id", string(records(record("", "delete"), record("b", "delete"))), "record 1 of 2"},
		{"a record without a receipt", `{"Records":[{"messageId":"a","body":"x"}]}`, "record 1 of 1"},
		{"another queue", strings.Replace(string(records(record("a", "delete"))), ":confirmed", ":other", 1), "other"},
		{"another account", strings.Replace(string(records(record("a", "delete"))), ":123456789012:", ":210987654321:", 1), "210987654321"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBox(t, never, amazon.FunctionOptions{})
			got, err := b.Invoke(t.Context(), []byte(c.event))
			if err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s, %v", got, err)
			}
			if !strings.Contains(b.log.String(), "the whole batch comes back") {
				t.Error("nothing was said")
			}
		})
	}
}

func TestADeliveryIsWhatTheEventSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got worker.Delivery
		b := newBox(t, hands(func(_ context.Context, d worker.Delivery) worker.Verdict {
			got = d
			return worker.Verdict{Delete: true}
		}), amazon.FunctionOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := b.Invoke(ctx, records(record("a", "hello \u00e9"))); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if got.ID != "a" || got.Receipt != "r-a" || string(got.Body) != "hello é" || got.Receives != 3 || !got.Sent.Equal(time.UnixMilli(1545082649183)) ||
			!got.ReceivedAt.Equal(now) || !got.Visible.Equal(now.Add(6*time.Minute)) || !got.Deadline.Equal(now.Add(time.Minute)) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestABatchIsWorkedOnAtOnceWithinTheInvocation(t *testing.T) {
	many := func(n int) []byte {
		all := make([]string, n)
		for i := range all {
			all[i] = record(strconv.Itoa(i), "delete")
		}
		return records(all...)
	}
	// invoke tells how long an invocation of a minute took and how many came back.
	invoke := func(t *testing.T, b box, event []byte) (took time.Duration, back int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		raw, err := b.Invoke(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			BatchItemFailures []struct{ ItemIdentifier string }
		}
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatal(err)
		}
		return time.Since(began), len(answer.BatchItemFailures)
	}
	takes := func(length time.Duration) hands {
		return func(context.Context, worker.Delivery) worker.Verdict {
			time.Sleep(length)
			return worker.Verdict{Delete: true}
		}
	}
	for _, c := range []struct {
		name     string
		length   time.Duration
		messages int
		took     time.Duration
		back     int
	}{
		{"ten take as long as one", 5 * time.Second, 10, 5 * time.Second, 0},
		{"a large batch waits for slots", 5 * time.Second, 64 * 3, 15 * time.Second, 0},
		{"what finds no slot in time comes back", 20 * time.Second, 64 * 4, time.Minute - 250*time.Millisecond, 64 * 2},
		{"what does not end in time comes back", 2 * time.Minute, 10, time.Minute - 250*time.Millisecond, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, back := invoke(t, newBox(t, takes(c.length), amazon.FunctionOptions{}), many(c.messages))
				if took != c.took || back != c.back {
					t.Errorf("took %v, %d came back; want %v, %d", took, back, c.took, c.back)
				}
				time.Sleep(time.Hour) // what is late ends in the bubble
			})
		})
	}
}

func TestAMessageThatComesBackHasItsPause(t *testing.T) {
	var mu sync.Mutex
	verdict := worker.Verdict{}
	h := &moody{handle: func(context.Context, worker.Delivery) worker.Verdict { return verdict }}
	b := newBox(t, h, amazon.FunctionOptions{Rand: func() float64 { return 0.5 }})
	for _, c := range []struct {
		name    string
		verdict worker.Verdict
		sick    bool
		calls   int
	}{
		{"none is the queue's own", worker.Verdict{}, false, 0},
		{"the verdict's", worker.Verdict{Hide: 7 * time.Second}, false, 1},
		{"a deleted one has none", worker.Verdict{Delete: true, Hide: 7 * time.Second}, true, 0},
		{"longer while a system is sick", worker.Verdict{Reason: worker.BreakerOpen}, true, 1},
		{"not for another reason", worker.Verdict{Reason: "busy"}, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			mu.Lock()
			defer mu.Unlock()
			verdict, h.sick = c.verdict, c.sick
			b.cloud.ResetCalls()
			got, err := b.Invoke(t.Context(), records(record("a", "x")))
			if err != nil || strings.Contains(string(got), `"a"`) == c.verdict.Delete {
				t.Errorf("got %s, %v", got, err)
			}
			if n := b.cloud.Calls()["sqs.ChangeMessageVisibility"]; n != c.calls {
				t.Errorf("%d calls, want %d", n, c.calls)
			}
		})
	}
}

func TestOneFunctionBehindTwoQueues(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	hears := func(who string) hands {
		return func(_ context.Context, d worker.Delivery) worker.Verdict {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, who+" "+string(d.Body)+" "+time.Until(d.Visible).Round(time.Minute).String())
			return worker.Verdict{Delete: string(d.Body) == "delete"}
		}
	}
	second := func(r string) string { return strings.Replace(r, ":confirmed", ":mails", 1) }
	mails := amazon.NewQueue(nil, strings.Replace(queueURL, "/confirmed", "/mails", 1), &amazon.QueueOptions{Visibility: 2 * time.Minute})
	b := newBox(t, hears("worker"), amazon.FunctionOptions{Beside: []amazon.Source{{Queue: mails, Handler: hears("collector")}}})
	for _, c := range []struct {
		name    string
		event   []byte
		answer  string
		handled []string
		wrong   string
	}{
		{"the worker's messages go to the worker", records(record("a", "delete")), `{"batchItemFailures":[]}`, []string{"worker delete 6m0s"}, ""},
		{"those of the second queue to its handler", records(second(record("a", "delete"))), `{"batchItemFailures":[]}`, []string{"collector delete 2m0s"}, ""},
		{"and are answered for as well", records(second(record("a", "keep"))), `{"batchItemFailures":[{"itemIdentifier":"a"}]}`, []string{"collector keep 2m0s"}, ""},
		{"an event without an ARN is the worker's", []byte(strings.Replace(string(records(record("a", "delete"))), queueARN, "", 1)),
			`{"batchItemFailures":[]}`, []string{"worker delete 6m0s"}, ""},
		{"an event of both is refused", records(record("a", "delete"), second(record("b", "delete"))), "", nil, ":mails"},
		{"in either order", records(second(record("a", "delete")), record("b", "delete")), "", nil, ":confirmed"},
		{"an event of a third one is refused", []byte(strings.Replace(string(records(record("a", "delete"))), ":confirmed", ":other", 1)), "", nil, ":other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			heard = nil
			got, err := b.Invoke(t.Context(), c.event)
			if string(got) != c.answer || !slices.Equal(heard, c.handled) {
				t.Errorf("answered %s after %v", got, heard)
			}
			if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// moody is a Handler that may be sick.
type moody struct {
	handle hands
	sick   bool
}

func (m *moody) Handle(ctx context.Context, d worker.Delivery) worker.Verdict {
	return m.handle(ctx, d)
}
func (m *moody) Sick() bool { return m.sick }

func TestWhatDoesNotFitTogetherIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, obeys, amazon.FunctionOptions{LongestCall: 2 * time.Minute})
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
			if _, err := b.Invoke(ctx, records()); err != nil {
				t.Error(err)
			}
			cancel()
		}
		for _, words := range []string{"leaves no room for the longest call", "six times the function's time-out"} {
			if n := strings.Count(b.log.String(), words); n != 1 {
				t.Errorf("%q was said %d times", words, n)
			}
		}
	})
}

// FuzzInvoke: whatever comes in, an answer names only what is in the event, and is one that Lambda understands.
func FuzzInvoke(f *testing.F) {
	f.Add(records(record("a", "delete"), record("b", "keep")))
	f.Add([]byte(`{"Records":[{"messageId":"","receiptHandle":"r"}]}`))
	f.Add([]byte(`{"Records":[{"messageId":"\ud800","receiptHandle":"r","body":"keep"}]}`))
	f.Add([]byte(`{"records":[{"MESSAGEID":"a","receipthandle":"r","attributes":{"SentTimestamp":"-1"}}]}`))
	fn := amazon.NewFunction(amazon.NewQueue(nil, queueURL, nil), obeys, &amazon.FunctionOptions{Log: slog.New(slog.DiscardHandler)})
	f.Fuzz(func(t *testing.T, event []byte) {
		raw, err := fn.Invoke(t.Context(), event)
		if err != nil {
			return
		}
		var in struct{ Records []struct{ MessageID string } }
		if err := json.Unmarshal(event, &in); err != nil {
			t.Fatalf("answered %s for what is no JSON", raw)
		}
		var known []string
		for _, r := range in.Records {
			known = append(known, r.MessageID)
		}
		var out map[string][]map[string]string
		if err := json.Unmarshal(raw, &out); err != nil || out["batchItemFailures"] == nil || len(out) != 1 {
			t.Fatalf("answered %s", raw)
		}
		for _, failure := range out["batchItemFailures"] {
			if id := failure["itemIdentifier"]; id == "" || !slices.Contains(known, id) {
				t.Errorf("%q is no id of the event", id)
			}
		}
	})
}
