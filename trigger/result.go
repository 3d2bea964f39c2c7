package trigger

import (
	"time"

	"github.com/postconfirm/postconfirm/trigger/lines"
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
	b = lines.Field(b, "run", r.run)
	b = lines.Field(b, "outcome", r.outcome)
	b = lines.Field(b, "reason", r.reason)
	b = lines.Field(b, "error", lines.Word(r.code))
	b = lines.Field(b, "where", r.where)
	if r.outcome == Ignored {
		b = lines.Field(b, "trigger", lines.Word(r.trigger))
	}
	b = lines.Number(b, "tries", int64(r.tries))
	b = lines.Count(b, "Sent", r.outcome == Sent)
	b = lines.Count(b, "Ignored", r.outcome == Ignored)
	b = lines.Count(b, "Failed", r.lost())
	return lines.End(b, "Duration", r.took, now, metrics)
}
