package connect

import (
	"net/http"
	"strings"
	"time"
)

// MaxRetryAfter is the longest wait that an answer can ask for. Longer ones are cut: a vendor's mistake must not park
// a user for a year.
const MaxRetryAfter = time.Hour

// RetryAfter reads the Retry-After headers of an answer that came at now: whole seconds, or a date of HTTP. The result
// lies in [0, MaxRetryAfter]. Of several headers the longest counts; what is negative, past, or neither form is 0, as
// if it were not there.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	var longest time.Duration
	for _, value := range header.Values("Retry-After") {
		longest = max(longest, retryAfter(strings.Trim(value, " \t"), now))
	}
	return longest
}

func retryAfter(value string, now time.Time) time.Duration {
	if wait, ok := wholeSeconds(value); ok {
		return wait
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), MaxRetryAfter)
}

// wholeSeconds reads digits and nothing else: no sign, no fraction, no exponent. However many digits, it ends at the cap.
func wholeSeconds(value string) (time.Duration, bool) {
	var wait time.Duration
	for _, digit := range []byte(value) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		wait = min(wait*10+time.Duration(digit-'0')*time.Second, MaxRetryAfter)
	}
	return wait, value != ""
}
