package trigger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
)

// answer is what the queue does with one send.
type answer func(ctx context.Context, body []byte) error

// queue is a Sender that does what its script says, send by send; after the script it accepts.
type queue struct {
	mu     sync.Mutex
	script []answer
	sends  int
	bodies []string // accepted
	groups []string // one for each send, whatever came of it
}

func (q *queue) Send(ctx context.Context, body []byte, group string) error {
	q.mu.Lock()
	act := accept
	if q.sends < len(q.script) {
		act = q.script[q.sends]
	}
	q.sends++
	q.groups = append(q.groups, group)
	q.mu.Unlock()
	err := act(ctx, body)
	if err == nil || err == errAnswerLost {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.bodies = append(q.bodies, string(body))
	}
	return err
}

func (q *queue) accepted() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]string(nil), q.bodies...)
}

func accept(context.Context, []byte) error { return nil }

// refusal is an error of the queue: a code, whether it is for good, and a text that no log may show.
type refusal struct {
	code      string
	permanent bool
}

func (r *refusal) Error() string   { return "canary-of-the-error-text: " + r.code }
func (r *refusal) Code() string    { return r.code }
func (r *refusal) Permanent() bool { return r.permanent }

func refuse(err error) answer { return func(context.Context, []byte) error { return err } }

var (
	errAnswerLost = &refusal{code: "reset"} // the queue has the message, the sender an error
	errThrottled  = &refusal{code: "ThrottlingException"}
	errDenied     = &refusal{code: "AccessDenied", permanent: true}
	errVanished   = &refusal{code: "QueueDoesNotExist", permanent: true}
)

// log keeps every Write as a line.
type log struct {
	mu    sync.Mutex
	wrote []string
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrote = append(l.wrote, string(p))
	return len(p), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.wrote, "")
}

// line is what the tests look at in a line of the log.
type line struct {
	Postconfirm, Run, Outcome, Reason, Error, Where, Trigger string

	Tries                 int
	Sent, Ignored, Failed int
	Duration              float64
}

// lines reads the log, and fails where a Write was not one line of printable ASCII and valid JSON.
func (l *log) lines(t *testing.T) (all []line) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.wrote {
		text, ended := strings.CutSuffix(w, "\n")
		if !ended || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7F }) {
			t.Fatalf("not one line of printable ASCII: %q", w)
		}
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("%v: %q", err, w)
		}
		all = append(all, one)
	}
	return all
}

// result is the last line, which every invocation writes.
func (l *log) result(t *testing.T) line {
	t.Helper()
	all := l.lines(t)
	if len(all) == 0 || all[len(all)-1].Postconfirm != "result" {
		t.Fatalf("no result line last: %+v", all)
	}
	return all[len(all)-1]
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// invoke runs one event and fails unless the very same bytes come back.
func invoke(t *testing.T, h *trigger.Handler, payload []byte) {
	t.Helper()
	back, err := h.Invoke(t.Context(), payload)
	same(t, payload, back, err)
}

// same fails unless back is payload itself and the bytes in it are as they were.
func same(t *testing.T, payload, back []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("the person who signs up sees %v", err)
	}
	if !bytes.Equal(payload, back) || len(payload) > 0 && &payload[0] != &back[0] {
		t.Fatalf("another event came back: %.200q", back)
	}
}

// message reads the only message on the queue.
func (q *queue) message(t *testing.T) event.Message {
	t.Helper()
	bodies := q.accepted()
	if len(bodies) != 1 {
		t.Fatalf("%d messages on the queue", len(bodies))
	}
	m, err := event.Decode([]byte(bodies[0]))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
