package localcloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

func newCloud() *localcloud.Cloud {
	c := localcloud.New(nil)
	c.Register(local.New(nil))
	return c
}

func connect(c sqs.HTTPClient, endpoint string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(endpoint), HTTPClient: c, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// play runs a test in virtual time, with a cloud and a queue of its own.
func play(t *testing.T, f func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		sdk := connect(c, "http://local.test")
		f(t, c, sdk, createQueue(t, sdk))
	})
}

func createQueue(t *testing.T, sdk *sqs.Client) *string {
	t.Helper()
	out, err := sdk.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func send(t *testing.T, sdk *sqs.Client, queue *string) error {
	_, err := sdk.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("a")})
	return err
}

func TestRouting(t *testing.T) {
	request := func(method, target, kind, path, body string) *http.Request {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		r.Header.Set("Content-Type", kind)
		return r
	}
	for name, test := range map[string]struct {
		request *http.Request
		status  int
		says    []string
	}{
		"a service that is not there": {request("POST", "DynamoDB_20120810.GetItem", "application/x-amz-json-1.0", "/", "{}"), 400,
			[]string{`"__type":"UnknownOperationException"`, "does not offer DynamoDB_20120810.GetItem", "it offers: greeter, sqs"}},
		"an operation that is not there": {request("POST", "AmazonSQS.AddPermission", "application/x-amz-json-1.0", "/", "{}"), 400,
			[]string{`"__type":"com.amazonaws.sqs#UnknownOperationException"`, "does not offer AddPermission: nobody's permissions are checked"}},
		"a target without an operation": {request("POST", "AmazonSQS", "application/x-amz-json-1.0", "/", "{}"), 400, []string{"does not offer AmazonSQS"}},
		"the Query protocol": {request("POST", "", "application/x-www-form-urlencoded", "/", "Action=ListQueues"), 400,
			[]string{"<ErrorResponse>", "<Code>InvalidAction</Code>", "does not offer the Query protocol"}},
		"the Query protocol by GET": {request("GET", "", "", "/?Action=ListQueues", ""), 400, []string{"<Code>InvalidAction</Code>"}},
		"a REST service":            {request("PUT", "", "application/octet-stream", "/bucket/key", "x"), 404, []string{"UnknownOperationException", "PUT /bucket/key"}},
		"the status page":           {request("GET", "", "", "/", ""), 200, []string{"local cloud", "eu-west-1", "http://example.com", "sqs", "PUT /_local/faults", "greets"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			c := newCloud()
			c.Register(&awsjson.Service{Name: "greeter", Target: "Greeter_1", Local: map[string]awsjson.Route{"GET /_local/greeting": {About: "greets"}}})
			c.ServeHTTP(w, test.request)
			if w.Code != test.status {
				t.Errorf("status %d, want %d", w.Code, test.status)
			}
			for _, want := range test.says {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("%q is missing in %s", want, w.Body)
				}
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Error("other sites are let in")
			}
		})
	}
}

func TestOptions(t *testing.T) {
	c := localcloud.New(&localcloud.Options{Region: "eu-central-1", Account: "123456789012"})
	if c.Region() != "eu-central-1" || c.Account() != "123456789012" {
		t.Errorf("got %s, %s", c.Region(), c.Account())
	}
}

func TestCalls(t *testing.T) {
	play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
		for range 3 {
			if err := send(t, sdk, queue); err != nil {
				t.Fatal(err)
			}
		}
		if send(t, sdk, aws.String("http://local.test/000000000000/unknown")) == nil {
			t.Error("sent to an unknown queue")
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("X-Amz-Target", "AmazonSQS.MadeUp")
		c.ServeHTTP(w, r)
		if diff := cmp.Diff(map[string]int{"sqs.CreateQueue": 1, "sqs.SendMessage": 4}, c.Calls()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		c.Calls()["sqs.SendMessage"] = 99
		c.ResetCalls()
		if calls := c.Calls(); len(calls) != 0 {
			t.Errorf("after the reset: %v", calls)
		}
	})
}

func TestDo(t *testing.T) {
	t.Run("the response is the request's own, and the request is left alone", func(t *testing.T) {
		c := newCloud()
		r, err := http.NewRequest(http.MethodPost, "http://some.host:99/", strings.NewReader(`{"QueueName":"q"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = ""
		r.Header.Set("X-Amz-Target", "AmazonSQS.CreateQueue")
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"QueueUrl":"http://some.host:99/000000000000/q"}`; string(body) != want || resp.ContentLength != int64(len(want)) {
			t.Errorf("got %s (%d bytes), want %s", body, resp.ContentLength, want)
		}
		if resp.Request != r || r.RequestURI != "" || r.Host != "" || resp.Status != "200 OK" || resp.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("request %+v, response %+v", r, resp)
		}
	})
	t.Run("a request without a body, a header or a target is answered", func(t *testing.T) {
		r, err := http.NewRequest(http.MethodGet, "http://local.test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = nil
		resp, err := newCloud().Do(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("got %v, %v", resp, err)
		}
	})
	t.Run("a context that has ended is not heard at all", func(t *testing.T) {
		play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := sdk.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("a")})
			if !errors.Is(err, context.Canceled) || c.Calls()["sqs.SendMessage"] != 0 {
				t.Errorf("got %v after %v", err, c.Calls())
			}
		})
	})
}

func TestRegister(t *testing.T) {
	t.Run("a bare table of operations is a service", func(t *testing.T) {
		c := localcloud.New(nil)
		c.Register(&awsjson.Service{Name: "greeter", Target: "Greeter_1", Version: "1.1", Operations: map[string]awsjson.Operation{
			"Greet": awsjson.Op(func(_ context.Context, in *struct{ Name string }) (*struct{ Greeting string }, error) {
				return &struct{ Greeting string }{"hello " + in.Name}, nil
			}),
		}})
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"Name":"you"}`))
		r.Header.Set("X-Amz-Target", "Greeter_1.Greet")
		c.ServeHTTP(w, r)
		if got := w.Body.String(); got != `{"Greeting":"hello you"}` || c.Calls()["greeter.Greet"] != 1 {
			t.Errorf("got %s after %v", got, c.Calls())
		}
		if err := c.SetFault("greeter", "Greet", localcloud.Fault{Throttle: 0.001}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Greeting", "ThrottlingException"} {
			w = httptest.NewRecorder()
			c.ServeHTTP(w, r)
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("got %s, want %s", w.Body, want)
			}
		}
	})
	t.Run("its own routes are on the control surface, behind the same doors", func(t *testing.T) {
		c := localcloud.New(nil)
		type greeting struct{ To string }
		c.Register(&awsjson.Service{Name: "greeter", Target: "Greeter_1", Local: map[string]awsjson.Route{
			"PUT /_local/greeting": awsjson.Local("greets", func(_ context.Context, in *greeting) (*greeting, error) { return in, nil }),
		}})
		for host, want := range map[string]int{"localhost": http.StatusOK, "evil.example": http.StatusForbidden} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPut, "/_local/greeting", strings.NewReader(`{"To":"you"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Host = host
			c.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s: got %d %s", host, w.Code, w.Body)
			}
		}
	})
	t.Run("a later service takes the place of an earlier one", func(t *testing.T) {
		c := newCloud()
		sdk := connect(c, "http://local.test")
		createQueue(t, sdk)
		c.Register(local.New(nil))
		if out, err := sdk.ListQueues(t.Context(), &sqs.ListQueuesInput{}); err != nil || len(out.QueueUrls) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
}
