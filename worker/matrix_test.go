package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// The fault matrix: one case for each row of our list of faults, under the row's name, on both faces. This file has
// the rows of the trigger (B1) that end at the worker, and those of receive, lease and visibility (B2). The rows of the
// vendors (B5 66 to 79) are in matrix_outside_test.go, those of the pool and of AWS as a whole (B5 80 to 91) in
// matrix_pool_test.go, the trigger's half of B1 in the trigger's matrix_test.go.
//
// Not here, and why:
//   - B1-13, the second half: nothing reads the pool yet to find a user who is on no queue.
//   - B2-21 stops and continues a process, and belongs to those that start one.
//   - B2-31 is about what the deployment's templates say; here is only that throttled invocations charge nobody.
//   - B2-24: the local queue has no quota of messages in flight; the quota's error is put into the wire by hand.

// wire is what carries a request of the SDK on to the cloud, or answers itself.
type wire func(operation string, pass func() (*http.Response, error)) (*http.Response, error)

// between puts a wire between the SDK and the cloud.
type between struct {
	cloud *localcloud.Cloud
	wire  wire
}

func (b between) Do(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return b.wire(operation, func() (*http.Response, error) { return b.cloud.Do(r) })
}

// through makes all that is asked of the cloud from now on go through a wire.
func (w *world) through(wire wire) {
	w.t.Helper()
	var err error
	w.clients, err = amazon.Connect(w.t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: between{w.cloud, wire},
		LocalCloud: "http://local.test"})
	w.must(err)
}

// says is an answer of AWS.
func says(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(strings.NewReader(body))}, nil
}

// until makes a wire answer an operation by itself until a time.
func until(end time.Time, operation string, answer func() (*http.Response, error)) wire {
	return func(asked string, pass func() (*http.Response, error)) (*http.Response, error) {
		if asked == operation && time.Now().Before(end) {
			return answer()
		}
		return pass()
	}
}

// workers lets n workers share the queue for a virtual time.
func (w *world) workers(n int, length time.Duration) {
	w.t.Helper()
	w.options.Observer = w
	w.options.Log = slog.New(slog.NewJSONHandler(locked{&w.mu, w.log}, nil))
	w.daemon.Log = w.options.Log
	ctx, cancel := context.WithTimeout(w.t.Context(), length)
	defer cancel()
	var all sync.WaitGroup
	for range n {
		all.Go(func() { w.face.work(ctx, w) })
	}
	all.Wait()
}

// broken sets a fault of an operation for a while from now on.
func (w *world) broken(service, operation string, f localcloud.Fault, d time.Duration) {
	w.t.Helper()
	w.must(w.cloud.SetFault(service, operation, f))
	time.AfterFunc(d, w.cloud.ClearFaults)
}

// onboarded checks that a user has the attribute, that nobody was charged, and that nothing is left anywhere.
func (w *world) onboarded(sub string) {
	w.t.Helper()
	r := w.run(sub)
	expect(w.t, "run", r.State, worker.Done)
	expect(w.t, "attribute", w.attributes(sub)["custom:company"], "Acme Ltd")
	expect(w.t, "charged", r.Steps["company"].Attempts+r.Steps[enrich.AttributesStep].Attempts, 0)
	expect(w.t, "crashes", r.Crashes, 0)
	expect(w.t, "queue", w.left(), "0+0")
	expect(w.t, "letters", len(w.letters()), 0)
}

// watched is a vendor that takes its time, stops when it is told to, and knows how many calls it had at once.
func watched(took time.Duration, most *int) *vendor {
	v, inner, now := &vendor{class: enrich.Read}, slow(took, acme), 0
	v.run = func(ctx context.Context, call enrich.Call, n int) (enrich.Result, error) {
		count := func(by int) {
			v.mu.Lock()
			defer v.mu.Unlock()
			now += by
			*most = max(*most, now)
		}
		count(1)
		defer count(-1)
		return inner.run(ctx, call, n)
	}
	return v
}

func TestMatrixB1AfterTheTrigger(t *testing.T) {
	in(t, "B1-3 the trigger's answer was lost and it sent twice: one run", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.send(string(w.message(sub).Encode()))
		w.work(5 * time.Minute)
		expect(t, "calls", v.count(), 1)
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], 1)
		w.onboarded(sub)
	})
	in(t, "B1-4 Cognito retried after 5 s and 10 s: three messages, one run", func(t *testing.T, on face) {
		v := slow(7*time.Second, acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		for _, later := range []time.Duration{5 * time.Second, 10 * time.Second} {
			time.AfterFunc(later, func() { w.send(string(w.message(sub).Encode())) })
		}
		w.work(5 * time.Minute)
		expect(t, "calls", v.count(), 1)
		w.onboarded(sub)
	})
	in(t, "B1-7 B1-8 the least that a message may say is enough", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		m := w.message(sub)
		m.Metadata, m.Client, m.Source = nil, "", ""
		w.send(string(m.Encode()))
		w.work(5 * time.Minute)
		w.onboarded(sub)
	})
	in(t, "B1-12 clocks that are ten minutes off, either way, change nothing", func(t *testing.T, on face) {
		for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
			w := newWorld(t, on, company(t, answers(acme)))
			w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{ClockSkew: off}))
			sub := w.confirm("ada@acme.example")
			m := w.message(sub)
			m.At = time.Now().Add(-off)
			w.send(string(m.Encode()))
			w.work(5 * time.Minute)
			w.onboarded(sub)
		}
	})
}

func TestMatrixB2Duplicates(t *testing.T) {
	in(t, "B2-15 concurrent duplicates of every message at two workers: one runs, the other lets go, uncharged", func(t *testing.T, on face) {
		v := slow(5*time.Second, acme)
		w := newWorld(t, on, company(t, v))
		w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{DuplicateRate: 1, DuplicateWithin: 2 * time.Second}))
		subs := make([]string, 20)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.workers(2, 30*time.Minute)
		expect(t, "calls", v.count(), len(subs))
		expect(t, "writes", w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"], len(subs))
		busy := 0
		for _, reason := range w.reasons() {
			if reason == "released busy" {
				busy++
			}
		}
		expect(t, "some met", busy > 0, true)
		for _, sub := range subs {
			w.onboarded(sub)
		}
	})
	in(t, "B2-16 duplicates after completion, seconds to 14 days later: deleted, nobody asked", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		for _, later := range []time.Duration{3 * time.Second, time.Hour, 24 * time.Hour, 14 * 24 * time.Hour} {
			time.Sleep(later)
			w.send(string(w.message(sub).Encode()))
			w.work(time.Minute)
		}
		expect(t, "calls", v.count(), 1)
		expect(t, "reads", w.cloud.Calls()["cognito-idp.AdminGetUser"], 1)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "done,duplicate,duplicate,duplicate,duplicate")
		w.onboarded(sub)
	})
	in(t, "B2-16 the queue itself delivers each finished message once more: the same", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{DuplicateRate: 1, DuplicateWithin: 10 * time.Minute}))
		sub := w.confirm("ada@acme.example")
		w.work(time.Hour)
		expect(t, "calls", v.count(), 1)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "done,duplicate")
		w.onboarded(sub)
	})
	in(t, "B2-17 messages in any order, twice each: every user once, with what is known now", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		w.must(w.cloud.SetFault("sqs", "*", localcloud.Fault{ReorderRate: 1, DuplicateRate: 1}))
		subs := make([]string, 50)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
			older := w.message(subs[i])
			older.At = older.At.Add(-time.Hour)
			w.send(string(older.Encode()))
		}
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), len(subs))
		for _, sub := range subs {
			w.onboarded(sub)
		}
	})
	in(t, "B2-27 a delete with a receipt that another receive made stale is harmless", func(t *testing.T, on face) {
		v := slow(10*time.Second, acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		stale, err := w.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, VisibilityTimeout: 1})
		w.must(err)
		time.AfterFunc(5*time.Second, func() {
			_, _ = w.clients.SQS.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: stale.Messages[0].ReceiptHandle})
		})
		w.work(10 * time.Minute)
		expect(t, "calls", v.count(), 1)
		w.onboarded(sub)
	})
	in(t, "B2-30 one record twice in one batch, and three messages of one user: one run", func(t *testing.T, on face) {
		v := slow(2*time.Second, acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.send(string(w.message(sub).Encode()))
		got, err := w.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10})
		w.must(err)
		q := amazon.NewQueue(w.clients.SQS, w.queue, nil)
		log := slog.New(slog.DiscardHandler)
		m := mapping{world: w, function: amazon.NewFunction(q, worker.New(w.pipeline, w.ports(q), &worker.Options{Log: log}), &amazon.FunctionOptions{Log: log})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = m.function.Invoke(ctx, m.event(append(got.Messages, got.Messages[0])))
		expect(t, "the batch is answered for", err, nil)
		expect(t, "calls", v.count(), 1)
		w.work(20 * time.Minute)
		expect(t, "calls", v.count(), 1)
		w.onboarded(sub)
	}, theFunction)
}

func TestMatrixB2Leases(t *testing.T) {
	in(t, "B2-18 work that outlasts the visibility extends it, and nobody else starts", func(t *testing.T, on face) {
		most := 0
		v := watched(4*time.Minute, &most)
		p := company(t, v)
		p.Steps[0].Timeout = 5 * time.Minute
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		w.workers(2, 10*time.Minute)
		expect(t, "calls", v.count(), 1)
		expect(t, "the hold was extended", w.cloud.Calls()["sqs.ChangeMessageVisibility"] > 0, true)
		w.onboarded(sub)
	}, theDaemon)
	in(t, "B2-19 ChangeMessageVisibility fails: no step starts that the lease can't cover, nothing is charged", func(t *testing.T, on face) {
		first, second := slow(30*time.Second, acme), slow(30*time.Second, acme)
		w := newWorld(t, on, chain(t, 40*time.Second, first, second))
		sub := w.confirm("ada@acme.example")
		w.must(w.cloud.SetFault("sqs", "ChangeMessageVisibility", localcloud.Fault{Outage: true}))
		w.work(20 * time.Minute)
		expect(t, "calls of the first step", first.count(), 1)
		expect(t, "calls of the second step", second.count(), 1)
		w.onboarded(sub)
	})
	in(t, "B2-19 ChangeMessageVisibility fails under a long step: it is cut, and starts again only when its time can be had", func(t *testing.T, on face) {
		most := 0
		v := watched(10*time.Minute, &most)
		p := company(t, v)
		p.Steps[0].Timeout = 11 * time.Minute
		w := newWorld(t, on, p)
		sub := w.confirm("ada@acme.example")
		time.AfterFunc(time.Minute, func() {
			w.broken("sqs", "ChangeMessageVisibility", localcloud.Fault{Outage: true}, 30*time.Minute)
		})
		w.workers(2, 2*time.Hour)
		expect(t, "calls at once", most, 1)
		expect(t, "calls", v.count(), 2)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "charged", w.charges([]string{sub}, "company"), 0)
		expect(t, "crashes", w.run(sub).Crashes, 0)
	}, theDaemon)
	in(t, "B2-20 the ceiling of 12 hours: what would go on beyond it is released before, uncharged", func(t *testing.T, on face) {
		first, second := slow(6*time.Hour, acme), slow(6*time.Hour, acme)
		w := newWorld(t, on, chain(t, 7*time.Hour, first, second))
		sub := w.confirm("ada@acme.example")
		w.work(13 * time.Hour)
		expect(t, "calls of the first step", first.count(), 1)
		expect(t, "calls of the second step", second.count(), 1)
		expect(t, "receives", len(w.reasons()), 2)
		w.onboarded(sub)
	}, theDaemon)
	in(t, "B2-29 the time-out of an invocation nears: no step starts, the rest comes back, uncharged", func(t *testing.T, on face) {
		first, second := slow(40*time.Second, acme), slow(40*time.Second, acme)
		w := newWorld(t, on, chain(t, 45*time.Second, first, second))
		sub := w.confirm("ada@acme.example")
		w.work(10 * time.Minute)
		expect(t, "calls", first.count()+second.count(), 2)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "released deadline,done")
		w.onboarded(sub)
	}, theFunction)
}

func TestMatrixB2TheQueue(t *testing.T) {
	in(t, "B2-22 ReceiveMessage returns an error for ever: backs off, does not spin", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		w.must(w.cloud.SetFault("sqs", "ReceiveMessage", localcloud.Fault{Outage: true}))
		w.work(6 * time.Hour)
		if n := w.cloud.Calls()["sqs.ReceiveMessage"]; n < 2*6*60 || n > 2*6*60*6 {
			t.Errorf("two pollers made %d calls in six hours", n)
		}
		w.cloud.ClearFaults()
		w.work(time.Minute)
		w.onboarded(sub)
	}, theDaemon)
	for name, spoil := range map[string]func([]byte) []byte{
		"a body that is not the sum's": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("eu-west-1"), []byte("eu-west-2")) },
		"half an answer":               func(b []byte) []byte { return b[:len(b)/2] },
		"a page":                       func([]byte) []byte { return []byte("<html>") },
	} {
		in(t, "B2-23 a long poll returns "+name+": dropped and received again", func(t *testing.T, on face) {
			v := answers(acme)
			w := newWorld(t, on, company(t, v))
			sub := w.confirm("ada@acme.example")
			began := time.Now()
			w.through(func(operation string, pass func() (*http.Response, error)) (*http.Response, error) {
				answer, err := pass()
				if err != nil || operation != "ReceiveMessage" || time.Since(began) > 5*time.Minute {
					return answer, err
				}
				body, _ := io.ReadAll(answer.Body)
				body = spoil(body)
				answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				return answer, nil
			})
			w.work(5 * time.Minute)
			expect(t, "calls", v.count(), 0)
			expect(t, "deletes", w.cloud.Calls()["sqs.DeleteMessageBatch"], 0)
			w.work(10 * time.Minute)
			w.onboarded(sub)
		}, theDaemon)
	}
	in(t, "B2-24 the quota of messages in flight is reached: receives slow down, and go on when there is room", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub, asked := w.confirm("ada@acme.example"), 0
		var mu sync.Mutex
		w.through(until(time.Now().Add(time.Hour), "ReceiveMessage", func() (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return says(403, `{"__type":"com.amazonaws.sqs#OverLimit","message":"too many messages in flight"}`)
		}))
		w.work(time.Hour + 2*time.Minute)
		if asked > 2*60*6 {
			t.Errorf("two pollers asked %d times in an hour", asked)
		}
		w.onboarded(sub)
	}, theDaemon)
	in(t, "B2-25 DeleteMessageBatch fails: the message comes back and is deleted then, nobody is asked again", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.broken("sqs", "DeleteMessageBatch", localcloud.Fault{Outage: true}, 10*time.Minute)
		w.work(5 * time.Minute)
		expect(t, "run", w.run(sub).State, worker.Done)
		expect(t, "the message is still there", w.left() != "0+0", true)
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), 1)
		w.onboarded(sub)
	})
	in(t, "B2-26 the answers of DeleteMessageBatch are lost: gone all the same", func(t *testing.T, on face) {
		v := answers(acme)
		w := newWorld(t, on, company(t, v))
		sub := w.confirm("ada@acme.example")
		w.broken("sqs", "DeleteMessageBatch", localcloud.Fault{LostRate: 1}, 10*time.Minute)
		w.work(30 * time.Minute)
		expect(t, "calls", v.count(), 1)
		expect(t, "verdicts", strings.Join(w.reasons(), ","), "done")
		w.onboarded(sub)
	})
	in(t, "B2-28 one poison in ten: a letter for it, the nine are done", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		w.send(`{"poison":`)
		subs := make([]string, 9)
		for i := range subs {
			subs[i] = w.confirm("user" + strconv.Itoa(i) + "@acme.example")
		}
		w.work(5 * time.Minute)
		letters := w.letters()
		if len(letters) != 1 || reason(letters[0]) != "body_undecodable" || aws.ToString(letters[0].Body) != `{"poison":` {
			t.Errorf("letters: %+v", letters)
		}
		for _, sub := range subs {
			expect(t, "run", w.run(sub).State, worker.Done)
		}
		expect(t, "queue", w.left(), "0+0")
	})
	in(t, "B2-31 fifty receives whose invocation was throttled: no attempt and no crash", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, answers(acme)))
		sub := w.confirm("ada@acme.example")
		for range 50 {
			_, err := w.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue, VisibilityTimeout: 1})
			w.must(err)
			time.Sleep(2 * time.Second)
		}
		w.work(5 * time.Minute)
		var line struct{ Receives int }
		first, _, _ := strings.Cut(w.log.String()[max(0, strings.Index(w.log.String(), `{`)):], "\n")
		if err := json.Unmarshal([]byte(first), &line); err != nil || line.Receives <= 50 {
			t.Errorf("%v: %s", err, first)
		}
		w.onboarded(sub)
	})
	in(t, "B2-32 a run that never ends is a letter long before the queue would drop its message", func(t *testing.T, on face) {
		w := newWorld(t, on, company(t, failsFirst(enrich.Read, nil, same(throttled(time.Hour), 1000)...)))
		sub := w.confirm("ada@acme.example")
		w.work(time.Minute)
		time.Sleep(5 * 24 * time.Hour)
		w.work(2 * time.Hour)
		expect(t, "run", w.run(sub).State, worker.Parked)
		expect(t, "reason", w.run(sub).Reason, "too_old")
		expect(t, "letters", len(w.letters()), 1)
		expect(t, "queue", w.left(), "0+0")
	})
}
