package lines

import (
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// Field appends one string member and a comma; empty ones are left out.
func Field(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(event.AppendString(b, key), ':')
	return append(event.AppendString(b, value), ',')
}

// Number appends one number and a comma. key is written as it is.
func Number(b []byte, key string, n int64) []byte {
	b = append(append(append(b, '"'), key...), `":`...)
	return append(strconv.AppendInt(b, n, 10), ',')
}

// Count appends a count of 1 or 0 and a comma.
func Count(b []byte, key string, is bool) []byte {
	if is {
		return Number(b, key, 1)
	}
	return Number(b, key, 0)
}

// End appends the duration, in milliseconds and called key, and the time of the line; then metrics, which begins with
// "CloudWatchMetrics" and closes _aws and the line (Amazon CloudWatch User Guide, embedded metric format specification).
func End(b []byte, key string, took time.Duration, now time.Time, metrics string) []byte {
	b = append(append(append(b, '"'), key...), `":`...)
	b = strconv.AppendFloat(b, float64(took.Microseconds())/1000, 'f', -1, 64)
	b = Number(append(b, `,"_aws":{`...), "Timestamp", now.UnixMilli())
	return append(b, metrics...)
}

// Unprintable stands for what is no word.
const Unprintable = "unprintable"

// Word lets only short words of letters, digits, dots, dashes and underscores into a line: a code, a client id or a
// trigger source is one; anything else was written by somebody else, and becomes Unprintable.
func Word(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if odd || len(s) > 64 {
		return Unprintable
	}
	return s
}

// Where names the function and line that panicked, never the value, which may hold anything. It is called from the
// deferred function that recovered.
func Where() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") && frame.Function != "" {
			return frame.Function + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return "unknown"
		}
	}
}
