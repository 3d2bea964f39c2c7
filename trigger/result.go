package trigger

import (
	"strconv"
	"strings"
	"time"
)

// The outcomes of an invocation, beside those of an Explanation.
const (
	sendFailed      = "send_failed" // with reason enqueue_failed, enqueue_timeout or enqueue_denied
	outcomePanicked = "panicked"
)

// result is what came of one invocation.
type result struct {
	outcome string
	reason  string
	code    string // the Sender's word for its error
	where   string // function and line of a panic
	run     string
	trigger string // the trigger source, for what was ignored
	tries   int
	took    time.Duration
}

func (r *result) panicked(where string) {
	r.outcome, r.reason, r.where = outcomePanicked, "panic", where
}

// lost tells whether a confirmed user may not be on the queue.
func (r *result) lost() bool { return r.outcome != Sent && r.outcome != Ignored }

// metrics is the end of each result line, of which CloudWatch makes metrics (Amazon CloudWatch User Guide, embedded
// metric format specification). One empty dimension set: nothing is counted by user.
const metrics = `"CloudWatchMetrics":[{"Namespace":"postconfirm","Dimensions":[[]],"Metrics":[` +
	`{"Name":"Sent","Unit":"Count"},{"Name":"Ignored","Unit":"Count"},{"Name":"Failed","Unit":"Count"},` +
	`{"Name":"Duration","Unit":"Milliseconds"}]}]}}` + "\n"

// encode writes the line that ends every invocation.
//
//	{ "postconfirm": "result",
//	  "v":           1,
//	  "run":         "a52pp684obmd36t84i4…",   as in the journal line; absent where there is no sign-up
//	  "outcome":     "send_failed",            sent | send_failed | ignored | event_unreadable | panicked
//	  "reason":      "enqueue_denied",         absent when sent
//	  "error":       "AccessDenied",           the Sender's code, if it has one
//	  "where":       "main.f:12",              of a panic
//	  "trigger":     "PreSignUp_SignUp",       the trigger source of what was ignored
//	  "tries":       1,
//	  "Sent": 0, "Ignored": 0, "Failed": 1,    one of them is 1
//	  "Duration":    12.345,                   milliseconds
//	  "_aws":        { … } }                   how CloudWatch reads the four
func (r *result) encode(now time.Time) []byte {
	b := append(make([]byte, 0, 640), `{"postconfirm":"result","v":1,`...)
	b = field(b, "run", r.run)
	b = field(b, "outcome", r.outcome)
	b = field(b, "reason", r.reason)
	b = field(b, "error", word(r.code))
	b = field(b, "where", r.where)
	if r.outcome == Ignored {
		b = field(b, "trigger", word(r.trigger))
	}
	b = number(b, "tries", int64(r.tries))
	b = number(b, "Sent", count(r.outcome == Sent))
	b = number(b, "Ignored", count(r.outcome == Ignored))
	b = number(b, "Failed", count(r.lost()))
	b = append(b, `"Duration":`...)
	b = strconv.AppendFloat(b, float64(r.took.Microseconds())/1000, 'f', -1, 64)
	b = append(b, `,"_aws":{`...)
	b = number(b, "Timestamp", now.UnixMilli())
	return append(b, metrics...)
}

func number(b []byte, key string, n int64) []byte {
	b = append(append(append(b, '"'), key...), `":`...)
	return append(strconv.AppendInt(b, n, 10), ',')
}

func count(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// unprintable stands for what is no word.
const unprintable = "unprintable"

// word lets only short words of letters, digits, dots, dashes and underscores into a line: a code or a trigger source
// is one; anything else was written by somebody else.
func word(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if odd || len(s) > 64 {
		return unprintable
	}
	return s
}
