package connect_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
)

// C6-128.
func TestEveryStatusHasAClass(t *testing.T) {
	const temporary, throttled, permanent = enrich.Temporary, enrich.Throttled, enrich.Permanent
	for status, want := range map[int]*enrich.Error{
		200: nil, 201: nil, 202: nil, 203: nil, 204: nil, 206: nil, 207: nil, 226: nil, 299: nil,

		300: {Kind: permanent, Code: "redirect"},
		301: {Kind: permanent, Code: "redirect", Refused: true},
		302: {Kind: permanent, Code: "redirect"},
		303: {Kind: permanent, Code: "redirect"},
		304: {Kind: permanent, Code: "redirect", Refused: true},
		307: {Kind: permanent, Code: "redirect", Refused: true},
		308: {Kind: permanent, Code: "redirect", Refused: true},
		399: {Kind: permanent, Code: "redirect"},

		400: {Kind: permanent, Code: "http_400", Refused: true},
		401: {Kind: temporary, Code: "unauthorized", Refused: true},
		402: {Kind: permanent, Code: "http_402", Refused: true},
		403: {Kind: temporary, Code: "forbidden", Refused: true},
		404: {Kind: permanent, Code: "http_404", Refused: true},
		405: {Kind: permanent, Code: "http_405", Refused: true},
		407: {Kind: permanent, Code: "http_407", Refused: true},
		408: {Kind: temporary, Code: "http_408", Refused: true},
		409: {Kind: permanent, Code: "http_409", Refused: true},
		410: {Kind: permanent, Code: "http_410", Refused: true},
		413: {Kind: permanent, Code: "http_413", Refused: true},
		415: {Kind: permanent, Code: "http_415", Refused: true},
		418: {Kind: permanent, Code: "http_418", Refused: true},
		421: {Kind: temporary, Code: "http_421", Refused: true},
		422: {Kind: permanent, Code: "http_422", Refused: true},
		423: {Kind: permanent, Code: "http_423", Refused: true},
		425: {Kind: temporary, Code: "http_425", Refused: true},
		429: {Kind: throttled, Code: "http_429", Refused: true},
		451: {Kind: permanent, Code: "http_451", Refused: true},
		499: {Kind: temporary, Code: "http_499"},

		500: {Kind: temporary, Code: "http_500"},
		501: {Kind: permanent, Code: "http_501", Refused: true},
		502: {Kind: temporary, Code: "http_502"},
		503: {Kind: temporary, Code: "http_503"},
		504: {Kind: temporary, Code: "http_504"},
		505: {Kind: permanent, Code: "http_505", Refused: true},
		507: {Kind: temporary, Code: "http_507"},
		511: {Kind: temporary, Code: "http_511"},
		529: {Kind: temporary, Code: "http_529"},
		599: {Kind: temporary, Code: "http_599"},

		-1: {Kind: temporary, Code: "http_-1"}, 0: {Kind: temporary, Code: "http_0"}, 99: {Kind: temporary, Code: "http_99"},
		101: {Kind: temporary, Code: "http_101"}, 199: {Kind: temporary, Code: "http_199"},
		600: {Kind: temporary, Code: "http_600"}, 999: {Kind: temporary, Code: "http_999"},
	} {
		if want != nil {
			want.Sent = true
		}
		if diff := cmp.Diff(want, connect.Classify(status, nil, time.Now())); diff != "" {
			t.Errorf("%d (-want +got):\n%s", status, diff)
		}
	}
}

func TestRetryAfterGoesWithWhatMayBeRetried(t *testing.T) {
	header := http.Header{"Retry-After": {"30"}}
	for status, want := range map[int]time.Duration{408: 30 * time.Second, 429: 30 * time.Second, 503: 30 * time.Second, 301: 0, 404: 0} {
		if got := connect.Classify(status, header, time.Now()).RetryAfter; got != want {
			t.Errorf("%d: got %v, want %v", status, got, want)
		}
	}
}

func TestRetryAfterIsReadWithoutTrust(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		values []string
		want   time.Duration
	}{
		{"nothing", nil, 0},
		{"seconds", []string{"120"}, 2 * time.Minute},
		{"seconds with blanks around", []string{" 7\t"}, 7 * time.Second},
		{"zero", []string{"0"}, 0},
		{"leading zeros", []string{"0007"}, 7 * time.Second},
		{"exactly the cap", []string{"3600"}, time.Hour},
		{"above the cap", []string{"86400"}, time.Hour},
		{"more seconds than a duration holds", []string{"9223372036854775808"}, time.Hour},
		{"a thousand digits", []string{string(make9(1000))}, time.Hour},
		{"negative", []string{"-5"}, 0},
		{"a sign", []string{"+5"}, 0},
		{"a fraction", []string{"1.5"}, 0},
		{"an exponent", []string{"1e12"}, 0},
		{"hexadecimal", []string{"0x10"}, 0},
		{"empty", []string{""}, 0},
		{"words", []string{"soon"}, 0},
		{"digits of another script", []string{"١٢"}, 0},
		{"a date", []string{"Sun, 01 Mar 2026 12:01:30 GMT"}, 90 * time.Second},
		{"a date of RFC 850", []string{"Sunday, 01-Mar-26 12:01:30 GMT"}, 90 * time.Second},
		{"a date of C", []string{"Sun Mar  1 12:01:30 2026"}, 90 * time.Second},
		{"a date in the past", []string{"Sun, 01 Mar 2026 11:00:00 GMT"}, 0},
		{"a date in the year 9999", []string{"Fri, 31 Dec 9999 23:59:59 GMT"}, time.Hour},
		{"a date in the year 1", []string{"Mon, 01 Jan 0001 00:00:00 GMT"}, 0},
		{"a date that is none", []string{"Sun, 31 Feb 2026 12:00:00 GMT"}, 0},
		{"several headers: the longest", []string{"5", "60", "7"}, time.Minute},
		{"several headers: the one that can be read", []string{"garbage", "60", "-1"}, time.Minute},
		{"two in one line", []string{"5, 60"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := connect.RetryAfter(http.Header{"Retry-After": test.values}, now); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func make9(n int) []byte {
	digits := make([]byte, n)
	for i := range digits {
		digits[i] = '9'
	}
	return digits
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "-1", "1e12", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "Sun Mar  1 12:01:30 2026"} {
		f.Add(seed, seed, int64(0))
	}
	f.Fuzz(func(t *testing.T, one, two string, unix int64) {
		now := time.Unix(unix, 0)
		got := connect.RetryAfter(http.Header{"Retry-After": {one, two}}, now)
		if got < 0 || got > connect.MaxRetryAfter {
			t.Errorf("%q, %q at %v: %v is outside [0, %v]", one, two, now, got, connect.MaxRetryAfter)
		}
		if first := connect.RetryAfter(http.Header{"Retry-After": {one}}, now); first > got {
			t.Errorf("%q, %q: %v is shorter than the first alone, %v", one, two, got, first)
		}
	})
}
