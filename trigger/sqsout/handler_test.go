package sqsout_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/trigger"
	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

// signup is the event of the trigger's own tests.
func signup(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "signup-event.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newHandler(t *testing.T, f *fakeSQS, more map[string]string) (*trigger.Handler, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	h, err := sqsout.FromEnvironment(variables(f, more), log)
	if err != nil {
		t.Fatal(err)
	}
	return h, log
}

func TestASignUpGoesAllTheWayToTheQueue(t *testing.T) {
	f := newFake(t)
	h, log := newHandler(t, f, map[string]string{"POSTCONFIRM_METADATA_KEYS": "plan, campaign"})
	payload := signup(t)
	back, err := h.Invoke(t.Context(), payload)
	if err != nil || &back[0] != &payload[0] {
		t.Fatalf("%v: %s", err, back)
	}
	if len(f.bodies()) != 1 {
		t.Fatalf("%d messages\n%s", len(f.bodies()), log)
	}
	got, err := event.Decode([]byte(f.bodies()[0]))
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(got.At); age < 0 || age > time.Minute {
		t.Errorf("at is %v", got.At)
	}
	got.At = time.Time{}
	const sub = "6f9c4f9e-0a1b-4c2d-8e3f-112233445566"
	want := event.Message{
		Pool: "eu-west-1_Ab12cd34E", Region: "eu-west-1", User: sub, Sub: sub, Generation: "0", Source: "signup",
		Client: "4k2example3client4id", Metadata: map[string]string{"plan": "pro"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(log.String(), `"outcome":"sent"`) {
		t.Errorf("the log says\n%s", log)
	}
}

func TestWhateverSQSAnswersTheEventComesBack(t *testing.T) {
	for name, tt := range map[string]struct {
		script []act
		log    string // in the result line
		taken  int
	}{
		"access denied":         {[]act{fail(400, "com.amazonaws.sqs#AccessDeniedException", "AccessDenied")}, `"reason":"enqueue_denied","error":"AccessDenied","tries":1`, 0},
		"no such queue":         {[]act{fail(400, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")}, `"reason":"enqueue_denied","error":"QueueDoesNotExist","tries":1`, 0},
		"throttled once":        {[]act{fail(400, "ThrottlingException", "")}, `"outcome":"sent","tries":2`, 1},
		"throttled":             {[]act{fail(400, "ThrottlingException", ""), fail(400, "ThrottlingException", "")}, `"reason":"enqueue_failed","error":"ThrottlingException","tries":2`, 0},
		"a fault once":          {[]act{fail(500, "InternalFailure", "")}, `"outcome":"sent","tries":2`, 1},
		"a reset":               {[]act{reset(false)}, `"outcome":"sent","tries":2`, 1},
		"a lost answer":         {[]act{reset(true)}, `"outcome":"sent","tries":2`, 2},
		"no answer once":        {[]act{hang}, `"outcome":"sent","tries":2`, 2},
		"no answer":             {[]act{hang, stall}, `"reason":"enqueue_timeout","error":"timeout","tries":2`, 1},
		"a page of another one": {[]act{answer(502, "text/html", "<h1>Bad Gateway</h1>"), answer(502, "text/html", "")}, `"reason":"enqueue_failed","error":"http_502","tries":2`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the ones without an answer take the whole budget, which is wide for a busy machine
			f := newFake(t, tt.script...)
			h, log := newHandler(t, f, map[string]string{"POSTCONFIRM_BUDGET": "2s"})
			payload := signup(t)
			began := time.Now()
			back, err := h.Invoke(t.Context(), payload)
			if err != nil || &back[0] != &payload[0] {
				t.Fatalf("%v: %s", err, back)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v, Cognito waits 5 s", took)
			}
			if !strings.Contains(log.String(), tt.log) || strings.Contains(log.String(), "confidence") {
				t.Errorf("want %s in\n%s", tt.log, log)
			}
			if got := len(f.bodies()); got != tt.taken {
				t.Errorf("%d messages, want %d", got, tt.taken)
			}
		})
	}
}

func TestClosedIsHeard(t *testing.T) {
	f := newFake(t, fail(400, "com.amazonaws.sqs#AccessDeniedException", "AccessDenied"))
	h, _ := newHandler(t, f, map[string]string{"POSTCONFIRM_ON_ERROR": "closed"})
	if back, err := h.Invoke(t.Context(), signup(t)); err != trigger.ErrNotEnqueued || back != nil {
		t.Errorf("%s, %v", back, err)
	}
}
