package enrichtest

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func (h Harness) sent(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		down   bool
		sent   bool
	}{
		{"not when there was no connection", h.Found, true, false},
		{"not when the connection closed before anything was read", pretend.ResetUnread(), false, false},
		{"when the connection closed after that", pretend.ResetRead(), false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				w.vendor.Down(test.down)
				if e := w.fails(t); e.Kind != enrich.Temporary || e.Sent != test.sent || e.Refused {
					t.Errorf("got %+v, want temporary, sent %v", e, test.sent)
				}
			}, test.answer)
		})
	}
}

// silence: no connector may wait longer than a minute of its own, and after that nobody knows what happened.
func (h Harness) silence(t *testing.T) {
	for name, answer := range map[string]pretend.Answer{
		"that never answers":           pretend.Hang(),
		"that drips its headers":       pretend.DripHeaders(time.Second),
		"that answers after the hour":  pretend.Delayed(time.Hour, h.Found),
		"that drips a body for a year": pretend.Drip(http.StatusOK, strings.Repeat("1", 10_000), time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				began := time.Now()
				result, err := w.run(t.Context())
				if took := time.Since(began); took > time.Minute {
					t.Errorf("it took %v", took)
				}
				if err == nil && h.Opaque && strings.Contains(name, "body") {
					return
				}
				if err == nil {
					t.Fatalf("got %v, want a failure", result)
				}
				if e := classified(t, err); e.Kind != enrich.Temporary || !e.Unknown() {
					t.Errorf("got %+v, want temporary and unknown", e)
				}
			}, answer)
		})
	}
}

// The most that one answer may cost: memory taken in all, and bytes that a vendor can get rid of.
const (
	maxAlloc = 32 << 20
	maxRead  = 4 << 20
)

func (h Harness) hostile(t *testing.T) {
	json := func(body string) pretend.Answer { return pretend.JSON(http.StatusOK, body) }
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		kind   enrich.FailureKind
		head   bool // the headers are bad, so it concerns even those who look at no body
	}{
		{"a body without end", pretend.Endless(), enrich.Permanent, false},
		{"a bomb", pretend.GzipBomb(), enrich.Permanent, false},
		{"ten megabytes of headers", pretend.HugeHeaders(10, 1<<20), enrich.Permanent, true},
		{"ten thousand headers", pretend.HugeHeaders(10_000, 10), enrich.Permanent, true},
		{"a body that stops", pretend.Truncated(`{"a":`, 100), enrich.Temporary, false},
		{"JSON that stops", json(`{"a":`), enrich.Temporary, false},
		{"a hundred thousand lists in each other", json(strings.Repeat("[", 100_000)), enrich.Permanent, false},
		{"half a million keys", json("{" + strings.Repeat(`"":1,`, 200_000) + `"":1}`), enrich.Permanent, false},
		{"a number beyond all numbers", json(`{"a":1e400}`), enrich.Permanent, false},
		{"a page for people", pretend.Reply(http.StatusOK, http.Header{"Content-Type": {"text/html"}}, "<html>Sign in</html>"), enrich.Permanent, false},
		{"a page for people that says it is JSON", json("<html>Sign in</html>"), enrich.Permanent, false},
		{"bytes that are not HTTP", pretend.Garbage("x"), enrich.Temporary, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := w.run(t.Context())
				runtime.ReadMemStats(&after)
				if grown := after.TotalAlloc - before.TotalAlloc; grown > maxAlloc {
					t.Errorf("it took %d bytes of memory", grown)
				}
				if w.vendor.Written() > maxRead {
					t.Errorf("the vendor got rid of %d bytes", w.vendor.Written())
				}
				if err == nil && h.Opaque && !test.head {
					return
				}
				if err == nil {
					t.Fatal("the call succeeded")
				}
				if e := classified(t, err); e.Kind != test.kind || !e.Sent {
					t.Errorf("got %+v, want %v, sent", e, test.kind)
				}
			}, test.answer)
		})
	}
}

// odd answers are good JSON of a kind that nobody expected. What they mean is the connector's affair; it must not
// panic, must classify what it does not like, and must not hand on what package expr does not know.
func (h Harness) odd(t *testing.T) {
	for _, body := range []string{"", " ", "null", "true", "1", `"text"`, "[]", "{}", "[null]", `[[{"a":1}]]`, `{"":null}`, `{"a":1,"a":{"b":2}}`,
		`{"id":18446744073709551616,"name":"\ud800"}`, `{"results":null,"errors":[{"message":null}]}`} {
		for _, status := range []int{200, 201, 207, 400, 404, 409, 429, 503} {
			h.in(t, func(t *testing.T, w *world) {
				result, err := w.run(t.Context())
				if err != nil {
					classified(t, err)
				} else if problem := foreign(map[string]any(result)); problem != "" {
					t.Errorf("%d %s: package expr does not know %s", status, body, problem)
				}
			}, pretend.JSON(status, body))
		}
	}
}

func (h Harness) cancel(t *testing.T) {
	for name, answer := range map[string]pretend.Answer{
		"while the vendor is silent": pretend.Hang(),
		"while the headers drip":     pretend.DripHeaders(time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				ctx, cancel := context.WithCancel(t.Context())
				defer time.AfterFunc(3*time.Second, cancel).Stop()
				began := time.Now()
				_, err := w.run(ctx)
				if err == nil {
					t.Fatal("the call succeeded")
				}
				if late := time.Since(began) - 3*time.Second; late < 0 || late > time.Second {
					t.Errorf("it returned %v after the cancellation", late)
				}
				if e := classified(t, err); e.Kind != enrich.Temporary || !e.Sent {
					t.Errorf("got %+v, want temporary, sent", e)
				}
			}, answer)
		})
	}
	t.Run("before it began", func(t *testing.T) {
		h.in(t, func(t *testing.T, w *world) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := w.run(ctx)
			if err == nil {
				t.Fatal("the call succeeded")
			}
			if e := classified(t, err); e.Kind != enrich.Temporary || e.Sent || len(w.vendor.Seen()) != 0 {
				t.Errorf("got %+v, want temporary, not sent", e)
			}
		}, h.Found)
	})
}
