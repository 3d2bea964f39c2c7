package trigger_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

// The fault matrix, the trigger's rows (B1): one case for each row of our list of faults, under the row's name. Rows 1,
// 3, 5, 6, 10 and most of 2 are in faults_test.go, with the times that each may take; row 7 in read_test.go, event by
// event. How the errors of the real SDK become those that are played here is held by package sqsout. What a worker makes
// of it all is in the worker's matrix_test.go.
//
// Not here, and why:
//   - B1-6: whether the queue is there is not asked at the start; the first sign-up's log line says it.
//   - B1-7: an event that can't be read is handed back and logged, not sent: its bytes may hold anything.
//   - B1-11: no process is killed here; what is shown is what the log and the queue hold at the moment of the kill.
//   - B1-13, the second half: nothing reads the pool yet to find a user who is on no queue and in no log.

func TestMatrixB1(t *testing.T) {
	for _, code := range []string{"dns", "tls", "connect", "http_503", "RequestThrottled", "InternalFailure"} {
		bubble(t, "B1-2 "+code+" twice: both tries at once, then the journal only, and the event", func(t *testing.T) {
			q, l := &queue{script: []answer{refuse(&refusal{code: code}), refuse(&refusal{code: code})}}, &log{}
			began := time.Now()
			invoke(t, trigger.New(q, &trigger.Options{Log: l}), plain())
			journalled(t, l, line{Outcome: "send_failed", Reason: "enqueue_failed", Error: code, Tries: 2})
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("took %v", took)
			}
		})
	}
	bubble(t, "B1-4 Cognito tries again after 5 s and 10 s: three messages, three journal lines, one run", func(t *testing.T) {
		q, l := &queue{}, &log{}
		h := trigger.New(q, &trigger.Options{Log: l})
		for range 3 {
			invoke(t, h, plain())
			time.Sleep(5 * time.Second)
		}
		runs := map[string]int{}
		for _, one := range l.lines(t) {
			runs[one.Postconfirm+" "+one.Run]++
		}
		key := event.RunKey(pool, sub, event.Onboarding)
		if len(q.accepted()) != 3 || len(runs) != 2 || runs["journal "+key] != 3 || runs["result "+key] != 3 {
			t.Errorf("%d messages, lines %v", len(q.accepted()), runs)
		}
		sameRun(t, q)
	})
	bubble(t, "B1-8 an event far above the limit of SQS: who it is arrives, what is too much does not", func(t *testing.T) {
		many, keys := object{"plan": "pro", "huge": strings.Repeat("x", 1<<20)}, []string{"plan", "huge"}
		for i := range trigger.MaxMetadataKeys - len(keys) {
			keys = append(keys, fmt.Sprintf("key%d", i))
			many[keys[len(keys)-1]] = strings.Repeat("\x01", event.MaxMetadataValue) // each byte is six in the message
		}
		q := &queue{}
		h := trigger.New(q, &trigger.Options{Log: &log{}, MetadataKeys: keys})
		invoke(t, h, signup(object{"userName": strings.Repeat("😀", 128)}, object{"clientMetadata": many}, object{"custom:big": strings.Repeat("x", 5<<20)}))
		m := q.message(t)
		if m.Sub != sub || m.Pool != pool || m.User != strings.Repeat("😀", 128) || m.Metadata["plan"] != "pro" {
			t.Errorf("%+v", m)
		}
		if _, there := m.Metadata["huge"]; there || len(m.Metadata) != len(keys)-1 {
			t.Errorf("%d metadata values", len(m.Metadata))
		}
		if size := len(q.accepted()[0]); size > 256<<10 { // below every limit that SQS ever had
			t.Errorf("%d bytes", size)
		}
	})
	bubble(t, "B1-9 a forgotten password is no sign-up: no second message for the same user", func(t *testing.T) {
		q, l := &queue{}, &log{}
		h := trigger.New(q, &trigger.Options{Log: l})
		invoke(t, h, plain())
		invoke(t, h, signup(object{"triggerSource": "PostConfirmation_ConfirmForgotPassword"}, nil, nil))
		q.message(t)
		if r := l.result(t); r.Outcome != "ignored" || r.Reason != "not_a_signup" || r.Failed != 0 {
			t.Errorf("%+v", r)
		}
	})
	bubble(t, "B1-11 killed in the middle of the send: the journal has the user, and Cognito's next try the same run", func(t *testing.T) {
		gate, killed := make(chan struct{}), &log{}
		q := &queue{script: []answer{deaf(gate)}}
		go func() { _, _ = trigger.New(q, &trigger.Options{Log: killed}).Invoke(t.Context(), plain()) }()
		time.Sleep(500 * time.Millisecond) // the process ends here, in the first try
		if all := killed.lines(t); len(all) != 1 || all[0].Postconfirm != "journal" || all[0].Run != event.RunKey(pool, sub, event.Onboarding) {
			t.Errorf("at the kill the log had %+v", all)
		}
		next := &log{}
		invoke(t, trigger.New(q, &trigger.Options{Log: next}), plain())
		journalled(t, next, line{Outcome: "sent", Tries: 1})
		close(gate) // or it was only frozen, and goes on
		synctest.Wait()
		time.Sleep(5 * time.Second)
		sameRun(t, q)
	})
	bubble(t, "B1-12 a clock that is ten minutes off, either way: the same run, and only the time that is told is wrong", func(t *testing.T) {
		for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
			q, l := &queue{script: []answer{after(second, nil)}}, &log{}
			told := time.Now().Add(off)
			invoke(t, trigger.New(q, &trigger.Options{Log: l, Now: func() time.Time { return told }}), plain())
			journalled(t, l, line{Outcome: "sent", Tries: 1})
			if m := q.message(t); m.Key() != event.RunKey(pool, sub, event.Onboarding) || !m.At.Equal(told) {
				t.Errorf("%+v", m)
			}
			if d := l.result(t).Duration; d != 1000 {
				t.Errorf("the duration is %v ms", d)
			}
		}
	})
	broken := map[string]func(gate <-chan struct{}) io.Writer{
		"fails": func(<-chan struct{}) io.Writer {
			return brokenLog(func([]byte) (int, error) { return 0, io.ErrClosedPipe })
		},
		"panics": func(<-chan struct{}) io.Writer { return brokenLog(func([]byte) (int, error) { panic("full") }) },
		"hangs": func(gate <-chan struct{}) io.Writer {
			return brokenLog(func([]byte) (int, error) { <-gate; return 0, io.ErrClosedPipe })
		},
	}
	for how, writer := range broken {
		for _, f := range faults() {
			bubble(t, "B1-13 the log "+how+", too, while "+f.name+": the event comes back in time", func(t *testing.T) {
				gate := make(chan struct{})
				h := trigger.New(&queue{script: f.script(gate)}, &trigger.Options{Log: writer(gate)})
				began := time.Now()
				invoke(t, h, plain())
				if took := time.Since(began); took > trigger.DefaultBudget {
					t.Errorf("took %v", took)
				}
				close(gate)
				synctest.Wait()
			})
		}
	}
	for _, e := range badEvents() {
		bubble(t, "B1-14 "+e.name+": the same bytes come back, whatever the queue does", func(t *testing.T) {
			for _, script := range [][]answer{nil, {refuse(errDenied)}, {refuse(errThrottled), hang}, {panics}} {
				payload := bytes.Clone(e.payload)
				back, err := trigger.New(&queue{script: script}, &trigger.Options{Log: &log{}, MetadataKeys: []string{"plan"}}).Invoke(t.Context(), payload)
				if err != nil || !bytes.Equal(back, e.payload) || !bytes.Equal(payload, e.payload) {
					t.Fatalf("%v: %.200q", err, back)
				}
			}
		})
	}
}
