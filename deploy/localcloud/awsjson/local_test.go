package awsjson_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

func TestLocal(t *testing.T) {
	type in struct{ N int }
	type out struct{ Half float64 }
	route := awsjson.Local("halves", func(_ context.Context, i *in) (*out, error) {
		switch i.N {
		case 0:
			return nil, nil
		case 1:
			return nil, errors.New("one is odd")
		case 3:
			return nil, &awsjson.Error{Status: http.StatusTeapot, Code: "TooOdd", Message: "three"}
		case 5:
			return &out{math.Inf(1)}, nil
		}
		return &out{float64(i.N) / 2}, nil
	})
	for name, test := range map[string]struct {
		method, body string
		status       int
		says         string
	}{
		"an answer":                     {"POST", `{"N":4}`, 200, `{"Half":2}` + "\n"},
		"nothing to say":                {"PUT", `{"N":0}`, 204, ""},
		"an error":                      {"PUT", `{"N":1}`, 400, "one is odd\n"},
		"a typed error":                 {"PUT", `{"N":3}`, 418, "TooOdd: three\n"},
		"an answer that JSON can't say": {"PUT", `{"N":5}`, 500, "json: unsupported value: +Inf\n"},
		"a misspelt member":             {"PUT", `{"M":4}`, 400, "json: unknown field \"M\"\n"},
		"no body":                       {"PUT", ``, 400, "EOF\n"},
		"two values":                    {"PUT", `{"N":4}{"N":4}`, 400, "more than one JSON value\n"},
		"too much":                      {"PUT", strings.Repeat(" ", 1<<20) + `{"N":4}`, 400, "the request can't be read\n"},
		"a GET has no body to read":     {"GET", `{"N":4}`, 204, ""},
		"nor has a DELETE":              {"DELETE", `x`, 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			route.Serve(w, httptest.NewRequest(test.method, "/", strings.NewReader(test.body)))
			if w.Code != test.status || w.Body.String() != test.says {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, test.status, test.says)
			}
		})
	}
}

func TestBucket(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		rate float64
		at   []time.Duration // of calls
		want string          // y for each that passes
	}{
		"a second's worth at once, then one for each tenth": {10, []time.Duration{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond}, "yyyyyyyyyynyny"},
		"less than one a second":                            {0.5, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}, "ynyn"},
		"it holds no more than a second's worth":            {2, []time.Duration{0, time.Hour, time.Hour, time.Hour}, "yyyn"},
	} {
		t.Run(name, func(t *testing.T) {
			b, got := awsjson.NewBucket(test.rate, start), ""
			for _, d := range test.at {
				got += map[bool]string{true: "y", false: "n"}[b.Take(start.Add(d))]
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
