package trigger_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/trigger"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenLines fixes the bytes of every kind of line: alarms, dashboards and the import are built on them. The
// clock is the bubble's, so times and durations are fixed too.
func TestGoldenLines(t *testing.T) {
	var all strings.Builder
	for _, tt := range []struct {
		name    string
		payload []byte
		script  []answer
	}{
		{"sent", testdata(t, "signup-event.json"), []answer{after(12345*time.Microsecond, nil)}},
		{"sent at the second try", testdata(t, "signup-event.json"), []answer{refuse(errThrottled)}},
		{"without client and region", signup(object{"callerContext": nil, "region": nil}, nil, nil), nil},
		{"with odd bytes in the identity", signup(object{"userPoolId": "a\n\"\u202e😀"}, nil, nil), nil},
		{"failed", testdata(t, "signup-event.json"), []answer{refuse(errThrottled), refuse(errThrottled)}},
		{"no answer", testdata(t, "signup-event.json"), []answer{hang, hang}},
		{"denied", testdata(t, "signup-event.json"), []answer{refuse(errDenied)}},
		{"ignored", signup(object{"triggerSource": "PostConfirmation_ConfirmForgotPassword"}, nil, nil), nil},
		{"ignored without a source", testdata(t, "console-test-event.json"), nil},
		{"undecodable", []byte("{"), nil},
		{"missing", signup(object{"userName": nil}, nil, nil), nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &log{}
			invoke(t, trigger.New(&queue{script: tt.script}, &trigger.Options{Log: l}), tt.payload)
			l.lines(t)
			all.WriteString("# " + tt.name + "\n" + l.String())
		})
	}
	path := filepath.Join("testdata", "lines.golden")
	if *update {
		if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(testdata(t, "lines.golden")), all.String()); diff != "" {
		t.Errorf("the lines changed (-file +now):\n%s", diff)
	}
}

func TestTheJournalIsWrittenBeforeTheSend(t *testing.T) {
	l := &log{}
	seen := ""
	q := &queue{script: []answer{func(context.Context, []byte) error { seen = l.String(); return nil }}}
	invoke(t, trigger.New(q, &trigger.Options{Log: l}), plain())
	if !strings.HasPrefix(seen, `{"postconfirm":"journal"`) || strings.Contains(seen, `"result"`) {
		t.Errorf("at the time of the send the log was %q", seen)
	}
}

// brokenLog is a log that fails in one way.
type brokenLog func([]byte) (int, error)

func (f brokenLog) Write(p []byte) (int, error) { return f(p) }

func TestABrokenLogHoldsNobody(t *testing.T) {
	for name, tt := range map[string]struct {
		log  func(gate <-chan struct{}) io.Writer
		took time.Duration
	}{
		"it fails": {func(<-chan struct{}) io.Writer {
			return brokenLog(func([]byte) (int, error) { return 0, io.ErrClosedPipe })
		}, 0},
		"it panics": {func(<-chan struct{}) io.Writer { return brokenLog(func([]byte) (int, error) { panic("full") }) }, 0},
		"it hangs": {func(gate <-chan struct{}) io.Writer {
			return brokenLog(func([]byte) (int, error) { <-gate; return 0, errors.New("too late") })
		}, 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				q := &queue{}
				h := trigger.New(q, &trigger.Options{Log: tt.log(gate)})
				for i := range 3 {
					began := time.Now()
					invoke(t, h, plain())
					if took := time.Since(began); took != tt.took || len(q.accepted()) != i+1 {
						t.Errorf("took %v, want %v; %d messages", took, tt.took, len(q.accepted()))
					}
				}
				close(gate)
				synctest.Wait()
			})
		})
	}
}

func TestAHangingLogAndAHangingQueueTogetherStayInsideTheBudget(t *testing.T) {
	for _, budget := range []time.Duration{trigger.MinBudget, trigger.DefaultBudget, trigger.MaxBudget} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			stuck := brokenLog(func([]byte) (int, error) { <-gate; return 0, nil })
			h := trigger.New(&queue{script: []answer{deaf(gate), deaf(gate)}}, &trigger.Options{Log: stuck, Budget: budget})
			began := time.Now()
			invoke(t, h, plain())
			if took := time.Since(began); took > budget {
				t.Errorf("budget %v: took %v", budget, took)
			}
			close(gate)
			synctest.Wait()
		})
	}
}

func TestABrokenClockOrSenderStillHandsTheEventBack(t *testing.T) {
	for name, h := range map[string]*trigger.Handler{
		"a clock that panics":  trigger.New(&queue{}, &trigger.Options{Log: &log{}, Now: func() time.Time { panic("no clock") }}),
		"no sender":            trigger.New(nil, &trigger.Options{Log: &log{}}),
		"a clock far off":      trigger.New(&queue{}, &trigger.Options{Log: &log{}, Now: func() time.Time { return time.Unix(1<<60, 0) }}),
		"a clock without date": trigger.New(&queue{}, &trigger.Options{Log: &log{}, Now: func() time.Time { return time.Time{} }}),
	} {
		t.Run(name, func(t *testing.T) { invoke(t, h, plain()) })
	}
}

// strict fails when two writes meet, or a write is not one line.
type strict struct {
	t      *testing.T
	inside atomic.Bool
	count  atomic.Int64
}

func (s *strict) Write(p []byte) (int, error) {
	if !s.inside.CompareAndSwap(false, true) {
		s.t.Error("two writes at a time")
	}
	if strings.Count(string(p), "\n") != 1 || p[len(p)-1] != '\n' {
		s.t.Errorf("not one line: %q", p)
	}
	s.count.Add(1)
	s.inside.Store(false)
	return len(p), nil
}

func TestConcurrentHandlersWriteWholeLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, q, payload := &strict{t: t}, &queue{}, testdata(t, "signup-event.json")
		h := trigger.New(q, &trigger.Options{Log: out, MetadataKeys: []string{"plan"}})
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				payload := bytes.Clone(payload)
				for range 50 {
					if back, err := h.Invoke(t.Context(), payload); err != nil || &back[0] != &payload[0] {
						t.Errorf("%v: %s", err, back)
					}
				}
			})
		}
		all.Wait()
		if out.count.Load() != 2*32*50 || len(q.accepted()) != 32*50 {
			t.Errorf("%d lines, %d messages", out.count.Load(), len(q.accepted()))
		}
	})
}
