package localcloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	local "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
)

func set(t *testing.T, c *localcloud.Cloud, operation string, f localcloud.Fault) {
	t.Helper()
	if err := c.SetFault("sqs", operation, f); err != nil {
		t.Fatal(err)
	}
}

// visible tells how many messages the queue holds.
func visible(t *testing.T, sdk *sqs.Client, queue *string) string {
	t.Helper()
	out, err := sdk.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessages"}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"]
}

func wantStatus(t *testing.T, err error, status int, code string) {
	t.Helper()
	var answer *smithyhttp.ResponseError
	var e smithy.APIError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() != status || !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("got %v, want status %d, %s", err, status, code)
	}
}

func TestLatency(t *testing.T) {
	t.Run("it is waited out before the call is looked at", func(t *testing.T) {
		play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
			set(t, c, "SendMessage", localcloud.Fault{Latency: 1500 * time.Millisecond})
			start := time.Now()
			if err := send(t, sdk, queue); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != 1500*time.Millisecond {
				t.Errorf("took %v", took)
			}
		})
	})
	t.Run("a caller who goes away meanwhile was never heard", func(t *testing.T) {
		play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
			set(t, c, "SendMessage", localcloud.Fault{Latency: time.Hour})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := sdk.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("a")})
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
			if n := visible(t, sdk, queue); n != "0" {
				t.Errorf("%s messages arrived", n)
			}
		})
	})
}

func TestOutage(t *testing.T) {
	play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
		set(t, c, "*", localcloud.Fault{Outage: true})
		set(t, c, "GetQueueAttributes", localcloud.Fault{})
		wantStatus(t, send(t, sdk, queue), 503, "ServiceUnavailable")
		if n := visible(t, sdk, queue); n != "0" {
			t.Errorf("%s messages arrived", n)
		}
		c.ClearFaults()
		if err := send(t, sdk, queue); err != nil {
			t.Error(err)
		}
	})
}

func TestThrottle(t *testing.T) {
	t.Run("beyond the rate the service's own error is answered", func(t *testing.T) {
		play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
			set(t, c, "SendMessage", localcloud.Fault{Throttle: 5})
			for range 5 {
				if err := send(t, sdk, queue); err != nil {
					t.Fatal(err)
				}
			}
			err := send(t, sdk, queue)
			wantStatus(t, err, 400, "RequestThrottled")
			if slow := new(types.RequestThrottled); !errors.As(err, &slow) {
				t.Errorf("got %v, want RequestThrottled", err)
			}
			time.Sleep(200 * time.Millisecond)
			if err := send(t, sdk, queue); err != nil {
				t.Errorf("after a fifth of a second: %v", err)
			}
			if send(t, sdk, queue) == nil {
				t.Error("a fifth of a second let two calls through")
			}
		})
	})
	t.Run("who keeps to the rate is never refused, who doubles it every other time", func(t *testing.T) {
		for _, rate := range []float64{0.5, 3, 25, 7.3} {
			for _, times := range []float64{1, 2} {
				play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
					set(t, c, "SendMessage", localcloud.Fault{Throttle: rate})
					const calls = 400
					passed := 0
					for range calls {
						if send(t, sdk, queue) == nil {
							passed++
						}
						time.Sleep(time.Duration(math.Ceil(1e9 / (rate * times))))
					}
					if most := calls/times + rate + 1; float64(passed) < calls/times || float64(passed) > most {
						t.Errorf("%v times a rate of %v: %d of %d passed, want %v to %v", times, rate, passed, calls, calls/times, most)
					}
				})
			}
		}
	})
	t.Run("refused calls cost nothing, and tenths add up", func(t *testing.T) {
		play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
			set(t, c, "SendMessage", localcloud.Fault{Throttle: 0.1})
			for second := range 100 {
				if passed := send(t, sdk, queue) == nil; passed != (second%10 == 0) {
					t.Errorf("second %d: let through: %v", second, passed)
				}
				time.Sleep(time.Second)
			}
		})
	})
	t.Run("all operations without a fault of their own share one rate", func(t *testing.T) {
		play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
			set(t, c, "*", localcloud.Fault{Throttle: 1})
			set(t, c, "GetQueueAttributes", localcloud.Fault{})
			if err := send(t, sdk, queue); err != nil {
				t.Fatal(err)
			}
			_, err := sdk.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue})
			wantStatus(t, err, 400, "RequestThrottled")
			visible(t, sdk, queue)
		})
	})
}

func TestErrorRate(t *testing.T) {
	outcomes := func(t *testing.T, dice *rand.Rand) (bad int, pattern string) {
		synctest.Test(t, func(t *testing.T) {
			c := localcloud.New(&localcloud.Options{Rand: dice})
			c.Register(local.New(nil))
			sdk := connect(c, "http://local.test")
			queue := createQueue(t, sdk)
			set(t, c, "SendMessage", localcloud.Fault{ErrorRate: 0.3})
			for range 1000 {
				if err := send(t, sdk, queue); err != nil {
					wantStatus(t, err, 500, "InternalFailure")
					bad++
					pattern += "x"
				} else {
					pattern += "."
				}
			}
		})
		return bad, pattern
	}
	bad, pattern := outcomes(t, nil)
	if bad < 250 || bad > 350 {
		t.Errorf("%d of 1000 calls failed at a rate of 0.3", bad)
	}
	if _, again := outcomes(t, nil); again != pattern {
		t.Error("two clouds of the same seed fail differently")
	}
	if _, other := outcomes(t, rand.New(rand.NewPCG(7, 7))); other == pattern {
		t.Error("two seeds fail the same")
	}
}

func TestLostAnswers(t *testing.T) {
	play(t, func(t *testing.T, c *localcloud.Cloud, sdk *sqs.Client, queue *string) {
		set(t, c, "SendMessage", localcloud.Fault{LostRate: 1})
		if err := send(t, sdk, queue); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v, want a broken connection", err)
		}
		if n := visible(t, sdk, queue); n != "1" {
			t.Errorf("%s messages arrived, want 1", n)
		}
	})
}

func TestAnswersAreDated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		date := func() string {
			t.Helper()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
			r.Header.Set("X-Amz-Target", "AmazonSQS.ListQueues")
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			return resp.Header.Get("Date")
		}
		if got, want := date(), time.Now().UTC().Format(http.TimeFormat); got != want {
			t.Errorf("dated %s, want %s", got, want)
		}
		for _, f := range []localcloud.Fault{{ClockSkew: -time.Hour}, {ClockSkew: 26 * time.Hour, Outage: true}} {
			set(t, c, "*", f)
			if got, want := date(), time.Now().Add(f.ClockSkew).UTC().Format(http.TimeFormat); got != want {
				t.Errorf("dated %s, want %s", got, want)
			}
		}
	})
}

func TestSetFault(t *testing.T) {
	t.Run("names and numbers that make no sense are refused, and change nothing", func(t *testing.T) {
		c := newCloud()
		c.Register(cognito.New(nil))
		for _, test := range []struct {
			service, operation string
			fault              localcloud.Fault
		}{
			{"s3", "*", localcloud.Fault{}},
			{"sqs", "SendMesage", localcloud.Fault{}},
			{"sqs", "*", localcloud.Fault{Latency: -1}},
			{"sqs", "*", localcloud.Fault{Throttle: -1}},
			{"sqs", "*", localcloud.Fault{Throttle: math.NaN()}},
			{"sqs", "*", localcloud.Fault{Throttle: math.Inf(1)}},
			{"sqs", "*", localcloud.Fault{ErrorRate: 1.1}},
			{"sqs", "*", localcloud.Fault{LostRate: -0.1}},
			{"sqs", "*", localcloud.Fault{DuplicateRate: 1.1}},
			{"sqs", "*", localcloud.Fault{DuplicateWithin: -1}},
			{"sqs", "*", localcloud.Fault{ReorderRate: math.NaN()}},
			{"sqs", "ReceiveMessage", localcloud.Fault{DuplicateRate: 1}}, // belongs to a queue
			{"sqs", "SendMessage", localcloud.Fault{ClockSkew: time.Hour}},
			{"sqs", "queue:q", localcloud.Fault{Latency: time.Second}}, // belongs to an operation
			{"sqs", "queue:", localcloud.Fault{}},
			{"sqs", "topic:q", localcloud.Fault{}},
			{"cognito-idp", "*", localcloud.Fault{DuplicateRate: 1}}, // has no messages
			{"cognito-idp", "*", localcloud.Fault{ReorderRate: 1}},
			{"cognito-idp", ":x", localcloud.Fault{ClockSkew: time.Hour}}, // has no resources
		} {
			if err := c.SetFault(test.service, test.operation, test.fault); err == nil {
				t.Errorf("%+v is taken", test)
			}
			if err := c.SetFaults(localcloud.Faults{"sqs": {"DeleteMessage": {Outage: true}, test.operation: test.fault}, test.service: {test.operation: test.fault}}); err == nil {
				t.Errorf("%+v is taken among others", test)
			}
		}
		if on := c.Faults(); len(on) != 0 {
			t.Errorf("switched on: %v", on)
		}
	})
	t.Run("faults survive their JSON", func(t *testing.T) {
		want := localcloud.Faults{"sqs": {
			"*":           {Latency: 200 * time.Millisecond, Throttle: 2.5},
			"SendMessage": {ErrorRate: 0.1, LostRate: 0.2, Outage: true}, "DeleteMessage": {},
			"queue:q": {DuplicateRate: 0.3, DuplicateWithin: time.Hour, ReorderRate: 0.4, ClockSkew: -5 * time.Second},
		}}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		const text = `{"sqs":{"*":{"latency":"200ms","throttle":2.5},"DeleteMessage":{},"SendMessage":{"outage":true,"errorRate":0.1,"lostRate":0.2},` +
			`"queue:q":{"duplicateRate":0.3,"duplicateWithin":"1h0m0s","reorderRate":0.4,"clockSkew":"-5s"}}}`
		if string(data) != text {
			t.Errorf("got %s, want %s", data, text)
		}
		var got localcloud.Faults
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	})
}
