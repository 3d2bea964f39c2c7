package trigger_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

// after answers with err when d has passed, or with the context's error.
func after(d time.Duration, err error) answer {
	return func(ctx context.Context, _ []byte) error {
		select {
		case <-time.After(d):
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hang waits for its context and for nothing else.
func hang(ctx context.Context, _ []byte) error {
	<-ctx.Done()
	return ctx.Err()
}

// drip moves on a little every 50 ms and never gets anywhere.
func drip(ctx context.Context, _ []byte) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(errors.New("half an answer"), ctx.Err())
		}
	}
}

// deaf ignores its context until the gate opens.
func deaf(gate <-chan struct{}) answer {
	return func(context.Context, []byte) error { <-gate; return nil }
}

func panics(context.Context, []byte) error { panic("canary-of-the-panic") }

func exits(context.Context, []byte) error { runtime.Goexit(); return nil }

const second = time.Second

// fault is one way in which the queue can be broken, and what comes of it.
type fault struct {
	name    string
	script  func(gate <-chan struct{}) []answer
	want    line          // outcome, reason, error and tries
	within  time.Duration // the whole invocation takes at most that
	arrived int           // messages on the queue at the end
}

func always(a ...answer) func(<-chan struct{}) []answer {
	return func(<-chan struct{}) []answer { return a }
}

func faults() []fault {
	failed := func(reason, code string, tries int) line {
		return line{Outcome: "send_failed", Reason: reason, Error: code, Tries: tries}
	}
	good := func(tries int) line { return line{Outcome: "sent", Tries: tries} }
	panicked := func(tries int) line { return line{Outcome: "panicked", Reason: "panic", Tries: tries} }
	return []fault{
		{"it answers at once", always(accept), good(1), 0, 1},
		{"B1-1 it answers slowly", always(after(second, nil)), good(1), second, 1},
		{"B1-1 it hangs", always(hang, hang), failed("enqueue_timeout", "", 2), 2400 * time.Millisecond, 0},
		{"B1-1 it hangs once", always(hang), good(2), 1200 * time.Millisecond, 1},
		{"B1-1 it hangs and the client doesn't notice", func(gate <-chan struct{}) []answer { return []answer{deaf(gate), deaf(gate)} },
			failed("enqueue_timeout", "", 2), 2400 * time.Millisecond, 2},
		{"B1-1 it hangs once and the client doesn't notice", func(gate <-chan struct{}) []answer { return []answer{deaf(gate)} },
			good(2), 1220 * time.Millisecond, 2},
		{"B1-1 it drips", always(drip, drip), failed("enqueue_timeout", "", 2), 2400 * time.Millisecond, 0},
		{"B1-1 it drips once", always(drip), good(2), 1200 * time.Millisecond, 1},
		{"B1-2 it throttles", always(refuse(errThrottled), refuse(errThrottled)), failed("enqueue_failed", "ThrottlingException", 2), 100 * time.Millisecond, 0},
		{"B1-2 it throttles once", always(refuse(errThrottled)), good(2), 100 * time.Millisecond, 1},
		{"B1-2 it throttles slowly, then hangs", always(after(second, errThrottled), hang), failed("enqueue_timeout", "", 2), 2400 * time.Millisecond, 0},
		{"B1-2 it hangs, then throttles", always(hang, refuse(errThrottled)), failed("enqueue_failed", "ThrottlingException", 2), 1200 * time.Millisecond, 0},
		{"B1-2 it resets before reading", always(refuse(&refusal{code: "reset"}), refuse(&refusal{code: "reset"})), failed("enqueue_failed", "reset", 2), 100 * time.Millisecond, 0},
		{"B1-3 it takes the message and its answer is lost", always(refuse(errAnswerLost)), good(2), 100 * time.Millisecond, 2},
		{"B1-3 it takes both messages and both answers are lost", always(refuse(errAnswerLost), refuse(errAnswerLost)), failed("enqueue_failed", "reset", 2), 100 * time.Millisecond, 2},
		{"B1-5 it denies access", always(refuse(errDenied)), failed("enqueue_denied", "AccessDenied", 1), 0, 0},
		{"B1-5 it denies access at the second try", always(refuse(errThrottled), refuse(errDenied)), failed("enqueue_denied", "AccessDenied", 2), 100 * time.Millisecond, 0},
		{"B1-6 it has vanished", always(refuse(errVanished)), failed("enqueue_denied", "QueueDoesNotExist", 1), 0, 0},
		{"B1-10 the client panics", always(panics), panicked(1), 0, 0},
		{"B1-10 the client panics at the second try", always(hang, panics), panicked(2), 1200 * time.Millisecond, 0},
		{"B1-10 the client leaves its goroutine", always(exits), panicked(1), 0, 0},
		{"the client's error has an odd code", always(refuse(&refusal{code: "ada@example.com", permanent: true})), failed("enqueue_denied", "unprintable", 1), 0, 0},
		{"the client's error has no code", always(refuse(errors.New("x")), refuse(errors.New("canary"))), failed("enqueue_failed", "", 2), 100 * time.Millisecond, 0},
	}
}

func TestWhateverTheQueueDoesTheEventComesBackInTime(t *testing.T) {
	for _, tt := range faults() {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				q, l := &queue{script: tt.script(gate)}, &log{}
				h := trigger.New(q, &trigger.Options{Log: l})
				began := time.Now()
				invoke(t, h, plain())
				if took := time.Since(began); took > tt.within {
					t.Errorf("took %v, want at most %v", took, tt.within)
				}
				close(gate)
				synctest.Wait()
				journalled(t, l, tt.want)
				if got := q.accepted(); len(got) != tt.arrived {
					t.Errorf("%d messages arrived, want %d", len(got), tt.arrived)
				}
				sameRun(t, q)
			})
		})
	}
}

// journalled checks both lines of a sign-up: the journal, always, and the result.
func journalled(t *testing.T, l *log, want line) {
	t.Helper()
	all := l.lines(t)
	if len(all) != 2 || all[0].Postconfirm != "journal" || all[1].Postconfirm != "result" || all[0].Run != all[1].Run {
		t.Fatalf("lines %+v", all)
	}
	got := line{Outcome: all[1].Outcome, Reason: all[1].Reason, Error: all[1].Error, Tries: all[1].Tries}
	if got != want {
		t.Errorf("result %+v, want %+v", got, want)
	}
	if all[1].Outcome == "panicked" != strings.HasPrefix(all[1].Where, "github.com/postconfirm/postconfirm/trigger") {
		t.Errorf("the panic was in %q", all[1].Where)
	}
	if lost := all[1].Outcome != "sent"; (all[1].Failed == 1) != lost || (all[1].Sent == 1) == lost || all[1].Ignored != 0 {
		t.Errorf("counted as %+v", all[1])
	}
}

// sameRun checks that messages of one user, however many, are of one run.
func sameRun(t *testing.T, q *queue) {
	t.Helper()
	for _, body := range q.accepted() {
		if m, err := event.Decode([]byte(body)); err != nil || m.Key() != event.RunKey(pool, sub, event.Onboarding) {
			t.Errorf("%v: %s", err, body)
		}
	}
}

func TestEveryFaultStaysInsideEveryBudget(t *testing.T) {
	for _, budget := range []time.Duration{-1, trigger.MinBudget, 333 * time.Millisecond, second, trigger.DefaultBudget, trigger.MaxBudget, time.Hour} {
		for _, deadline := range []time.Duration{0, 250 * time.Millisecond, second, 5 * second} { // 0: none
			for _, tt := range faults() {
				synctest.Test(t, func(t *testing.T) {
					gate := make(chan struct{})
					h := trigger.New(&queue{script: tt.script(gate)}, &trigger.Options{Log: &log{}, Budget: budget})
					limit, ctx := min(max(budget, trigger.MinBudget), trigger.MaxBudget), t.Context()
					if deadline > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, deadline)
						defer cancel()
						limit = min(limit, deadline-100*time.Millisecond)
					}
					began, payload := time.Now(), plain()
					back, err := h.Invoke(ctx, payload)
					same(t, payload, back, err)
					if took := time.Since(began); took > limit {
						t.Errorf("%s: budget %v, deadline %v: took %v", tt.name, budget, deadline, took)
					}
					close(gate)
					synctest.Wait()
				})
			}
		}
	}
}

func TestWithoutTimeLeftItStillWritesItsLines(t *testing.T) {
	for name, make := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"the deadline has passed": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithDeadline(ctx, time.Now().Add(-time.Minute))
		},
		"the deadline is near": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 150*time.Millisecond)
		},
		"the context was cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, l := &queue{}, &log{}
				ctx, cancel := make(t.Context())
				defer cancel()
				payload := plain()
				back, err := trigger.New(q, &trigger.Options{Log: l}).Invoke(ctx, payload)
				same(t, payload, back, err)
				journalled(t, l, line{Outcome: "send_failed", Reason: "enqueue_timeout"})
			})
		})
	}
}

func TestAContextThatEndsHalfwayEndsTheTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		began, payload := time.Now(), plain()
		back, err := trigger.New(&queue{script: []answer{hang, hang}}, &trigger.Options{Log: l}).Invoke(ctx, payload)
		same(t, payload, back, err)
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("took %v", took)
		}
		journalled(t, l, line{Outcome: "send_failed", Reason: "enqueue_failed", Tries: 1})
	})
}

func TestADeafClientLeavesOnlySoManySendsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		script := make([]answer, 1000)
		for i := range script {
			script[i] = deaf(gate)
		}
		q, l := &queue{script: script}, &log{}
		h := trigger.New(q, &trigger.Options{Log: l, Budget: trigger.MinBudget})
		for range 200 {
			invoke(t, h, plain())
		}
		if got := l.result(t); got.Error != "too_many_open" || got.Reason != "enqueue_failed" || got.Tries != 0 || q.sends != 128 {
			t.Errorf("after %d sends: %+v", q.sends, got)
		}
		close(gate)
		synctest.Wait()
		q.script = nil
		invoke(t, h, plain())
		if got := l.result(t); got.Outcome != "sent" {
			t.Errorf("after the recovery: %+v", got)
		}
	})
}
