package meter_test

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file, or writes it.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s changed (-file +now):\n%s", path, diff)
	}
}

// seconds is a clock that goes on by a second whenever it is looked at: every time that is taken is 1 s.
func seconds() func() time.Time {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

// metered is a Page or Lines.
type metered interface {
	worker.Observer
	Ledger(worker.Ledger) worker.Ledger
	Queue(worker.Queue) worker.Queue
	MailEvent(kind, outcome string)
}

// step is a note of one step, with what differs.
func step(n worker.StepNote) worker.StepNote {
	n.Run, n.Uses, n.Class = "a52pp684obmd36t84i4xyzabcd", "http", enrich.Read
	if n.Step == "" {
		n.Step = "company"
	}
	if n.Dependency == "" {
		n.Dependency = "http:api.example.com"
	}
	if n.Took == 0 {
		n.Took = 120 * time.Millisecond
	}
	return n
}

// day is everything that can be counted, once.
func day(t *testing.T, m metered) {
	t.Helper()
	for _, n := range []worker.StepNote{
		{State: worker.StepDone, Tries: 1},
		{State: worker.StepDone, Tries: 2, Took: 3 * time.Second},
		{State: worker.StepDone, Tries: 1, Code: "not_found", Kind: enrich.NotFound, Sent: true},
		{State: worker.StepDone, Tries: 1, Code: "http_404", Kind: enrich.Permanent, Sent: true},
		{State: worker.StepFailed, Tries: 1, Code: "http_422", Kind: enrich.Permanent, Sent: true},
		{State: worker.StepSkipped, Tries: 1, Code: "http_422", Kind: enrich.Permanent, Sent: true},
		{State: worker.StepUnknown, Tries: 1, Code: "reset", Sent: true},
		{Tries: 3, Code: "http_503", Sent: true, Charged: true, Attempt: 1},
		{Tries: 1, Code: "http_429", Kind: enrich.Throttled, Sent: true},
		{Tries: 1, Code: "deadline", Kind: enrich.Throttled},
		{Code: worker.BreakerOpen, Kind: enrich.Throttled},
		{Step: enrich.AttributesStep, Dependency: "cognito:write", State: worker.StepDone},
		{Step: enrich.AttributesStep, Dependency: "cognito:write", Tries: 1, Code: "user_gone", Kind: enrich.Throttled, Sent: true},
	} {
		m.Stepped(step(n))
	}
	for _, v := range []worker.Verdict{
		{Outcome: worker.Completed, Delete: true}, {Outcome: worker.Completed, Delete: true},
		{Outcome: worker.Duplicate, Delete: true}, {Outcome: worker.Parking, Reason: "http_422", Delete: true},
		{Outcome: worker.Retry, Reason: "http_503"}, {Outcome: worker.Released, Reason: worker.BreakerOpen},
		{Outcome: worker.Poison, Reason: "body_undecodable", Delete: true}, {Outcome: worker.Vanished, Reason: "user_gone", Delete: true},
		{Outcome: worker.Retry, Reason: "ada@acme.example"},
	} {
		v.Run = "a52pp684obmd36t84i4xyzabcd"
		m.Finished(v)
	}
	m.MailEvent("send", "known")
	m.MailEvent("send", "known")
	m.MailEvent("reject", "failed")
	m.MailEvent("Ada Lovelace", "")
	operate(t, m)
}

// operate uses a ledger and a queue, well and badly.
func operate(t *testing.T, m metered) {
	t.Helper()
	inner := &fake.Ledger{}
	l := m.Ledger(inner)
	id, now := worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "s"}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r, err := l.Claim(t.Context(), id, "a", now, now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	_, busy := l.Claim(t.Context(), id, "b", now, now.Add(time.Minute))
	saved := l.Save(t.Context(), r)
	r.Fence++
	lost := l.Save(t.Context(), r)
	inner.FailNext(fake.Written, errors.New("no disk"))
	_, failed := l.Written(t.Context(), "p", "s")
	if _, err := l.Written(t.Context(), "p", "s"); busy == nil || saved != nil || lost == nil || failed == nil || err != nil {
		t.Error(busy, saved, lost, failed, err)
	}
	q := m.Queue(&belt{batch: make([]worker.Delivery, 3)})
	bad := m.Queue(&belt{err: errors.New("no network")})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = q.Receive(t.Context())
	_, _ = bad.Receive(t.Context())
	_, _ = bad.Receive(gone)
	_, _ = q.Delete(t.Context(), nil)
	_, _ = m.Queue(&belt{failed: 1}).Delete(t.Context(), make([]worker.Delivery, 2))
	_ = q.Hide(t.Context(), worker.Delivery{}, time.Minute)
	_ = bad.Hide(t.Context(), worker.Delivery{}, time.Minute)
}

// belt is a queue that does what it is told to.
type belt struct {
	batch  []worker.Delivery
	failed int
	err    error
}

func (b *belt) Receive(context.Context) ([]worker.Delivery, error) { return b.batch, b.err }

func (b *belt) Delete(_ context.Context, batch []worker.Delivery) ([]worker.Delivery, error) {
	return batch[:b.failed], b.err
}

func (b *belt) Hide(context.Context, worker.Delivery, time.Duration) error { return b.err }

// scrape is what Prometheus gets.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("status %d, %s\n%s", w.Code, w.Header(), w.Body)
	}
	return w.Body.String()
}

// states are the dependencies of a worker with a sick vendor.
func states() []worker.DependencyState {
	return []worker.DependencyState{{Name: "cognito:write"}, {Name: "http:api.example.com", Open: true}}
}
