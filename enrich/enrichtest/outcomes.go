package enrichtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
)

func (h Harness) found(t *testing.T) {
	h.in(t, func(t *testing.T, w *world) {
		got, err := w.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(h.Want, got); diff != "" {
			t.Errorf("the result differs (-want +got):\n%s", diff)
		}
		if problem := foreign(map[string]any(got)); problem != "" {
			t.Errorf("package expr does not know %s in the result", problem)
		}
		if len(w.asked()) != 1 {
			t.Fatalf("one call made %d requests that are no asides, want 1, through the client", len(w.asked()))
		}
		for i, text := range h.Unsent {
			if slices.ContainsFunc(w.vendor.Seen(), func(r pretend.Request) bool { return r.Contains(text) }) {
				t.Errorf("text %d, which must not be sent, was sent", i)
			}
		}
		for i, canary := range h.Canaries {
			if !slices.ContainsFunc(w.vendor.Seen(), func(r pretend.Request) bool { return r.Contains(canary) }) {
				t.Errorf("canary %d did not reach the vendor, so its absence elsewhere would prove nothing", i)
			}
		}
	}, h.Found)
}

// foreign names a value that is not one of package expr's.
func foreign(value any) string {
	switch v := value.(type) {
	case nil, bool, int64, float64, string, time.Time, time.Duration:
		return ""
	case map[string]any:
		for _, item := range v {
			if problem := foreign(item); problem != "" {
				return problem
			}
		}
		return ""
	case []any:
		for _, item := range v {
			if problem := foreign(item); problem != "" {
				return problem
			}
		}
		return ""
	}
	return fmt.Sprintf("a %T", value)
}

func (h Harness) notFound(t *testing.T) {
	if h.NotFound == nil {
		return
	}
	h.in(t, func(t *testing.T, w *world) {
		if e := w.fails(t); e.Kind != enrich.NotFound {
			t.Errorf("got %v (%v), want not-found", e, e.Kind)
		}
	}, *h.NotFound)
}

func (h Harness) statuses(t *testing.T) {
	list := []int{0, 101, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 412, 413, 414, 415,
		418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 529, 599, 600, 999}
	for _, status := range list {
		want := reading(status)
		if own, ok := h.Statuses[status]; ok {
			want = own
		}
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				_, err := w.run(t.Context())
				want.meets(t, err)
			}, pretend.Reply(status, http.Header{"Content-Type": {"application/json"}}, `{"message":"no"}`))
		})
	}
}

// meets holds the outcome of a request that left against the table.
func (want Reading) meets(t *testing.T, err error) {
	t.Helper()
	if want.OK || err == nil {
		if !want.OK || err != nil {
			t.Errorf("got %v, want success %v", err, want.OK)
		}
		return
	}
	if e := classified(t, err); e.Kind != want.Kind || e.Refused != want.Refused || !e.Sent {
		t.Errorf("got %+v, want %+v and sent", e, want)
	}
}

func reading(status int) Reading {
	e := connect.Classify(status, nil, time.Time{})
	if e == nil {
		return Reading{OK: true}
	}
	return Reading{Kind: e.Kind, Refused: e.Refused}
}

func (h Harness) retryAfter(t *testing.T) {
	for _, test := range []struct {
		name, value string
		want        time.Duration
	}{
		{"seconds", "120", 2 * time.Minute},
		{"a date", "", 90 * time.Second}, // filled in below, in the bubble's time
		{"an hour at most", "86400", connect.MaxRetryAfter},
		{"the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", connect.MaxRetryAfter},
		{"the past", "Sat, 01 Jan 1994 00:00:00 GMT", 0},
		{"a negative number", "-1", 0},
		{"garbage", "1e12", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			h.in(t, func(t *testing.T, w *world) {
				value := test.value
				if value == "" {
					value = time.Now().Add(test.want).UTC().Format(http.TimeFormat)
				}
				w.vendor.Say(pretend.RetryAfter(http.StatusTooManyRequests, value))
				if e := w.fails(t); e.Kind != enrich.Throttled || e.RetryAfter != test.want || e.Unknown() {
					t.Errorf("Retry-After %q: got %+v, want throttled for %v", value, e, test.want)
				}
			})
		})
	}
}

func (h Harness) redirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"http://169.254.169.254/latest/", "https://evil.example.com/", base + "/again", "/again"} {
			h.in(t, func(t *testing.T, w *world) {
				_, err := w.run(t.Context())
				if own, ok := h.Statuses[status]; !ok || !own.OK {
					if e := classified(t, err); e.Kind != enrich.Permanent {
						t.Errorf("%d to %s: got %v (%v), want permanent", status, location, e, e.Kind)
					}
				}
				if seen := w.asked(); len(seen) != 1 {
					t.Errorf("%d to %s: the vendor was asked %d times", status, location, len(seen))
				}
				for _, address := range w.vendor.Dialed() {
					if "http://"+address != base {
						t.Errorf("%d to %s: %s was dialled", status, location, address)
					}
				}
			}, pretend.Redirect(status, location))
		}
	}
}
