package presignup

import (
	"io"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// lineLimit is how long one line may take; a log that hangs must hold nobody up.
const lineLimit = 100 * time.Millisecond

// lines writes whole lines, one Write each, one at a time, from any number of handlers. A line that hangs is left
// behind, and until it is through, the others give up as well.
type lines struct {
	turn chan struct{}
	w    io.Writer
}

func newLines(w io.Writer) *lines { return &lines{make(chan struct{}, 1), w} }

// write has no error: there is no other place to tell it.
func (l *lines) write(line []byte) {
	timer := time.NewTimer(lineLimit)
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
	case <-timer.C:
		return
	}
	done := make(chan struct{})
	go func() {
		defer func() { _ = recover(); <-l.turn; close(done) }()
		_, _ = l.w.Write(line)
	}()
	select {
	case <-done:
	case <-timer.C:
	}
}

// record is what a line tells.
type record struct {
	Decision
	doubt string // the guard's word for why it doesn't know
	where string // function and line of a panic
	took  time.Duration
}

// guarded runs f; a panic becomes the outcome of r, with its place and never its value, which may hold anything.
func guarded(r *record, f func()) {
	returned := false
	defer func() {
		if recover() != nil || !returned {
			r.Decision, r.where = Decision{Outcome: Panicked, Reason: "panic"}, where()
		}
	}()
	f()
	returned = true
}

// where names the function and line that panicked. It is called from the deferred function that recovered.
func where() string {
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

// metrics is the end of each line, of which CloudWatch makes metrics (Amazon CloudWatch User Guide, embedded metric
// format specification). One empty dimension set: nothing is counted by user.
const metrics = `"CloudWatchMetrics":[{"Namespace":"postconfirm","Dimensions":[[]],"Metrics":[` +
	`{"Name":"PreSignUpDenied","Unit":"Count"},{"Name":"PreSignUpConfirmed","Unit":"Count"},` +
	`{"Name":"PreSignUpNoAuto","Unit":"Count"},{"Name":"PreSignUpIgnored","Unit":"Count"},` +
	`{"Name":"PreSignUpDoubts","Unit":"Count"},{"Name":"PreSignUpDuration","Unit":"Milliseconds"}]}]}}` + "\n"

// line writes the one line of an invocation.
//
//	{ "postconfirm": "presignup",
//	  "v":           1,
//	  "outcome":     "noauto",            deny | confirm | noauto | ignored | event_unreadable | panicked
//	  "reason":      "alias_held",
//	  "rule":        "staff",             the rule's name in the policy
//	  "held":        "email",             what somebody holds already
//	  "doubt":       "timeout",           why the pool's answer is not known
//	  "where":       "main.f:12",         of a panic
//	  "trigger":     "PreSignUp_SignUp",
//	  "client":      "4k2…",
//	  "rehearsal":   "yes",               no event of Cognito's
//	  "verify":      "email",             email | phone_number | both
//	  "policy":      "3f1c0a9be2d4",      the first digits of the policy's SHA-256
//	  "PreSignUpDenied": 0, …             one of the first four is 1; PreSignUpDoubts is 1 with a doubt or a panic
//	  "PreSignUpDuration": 0.123,         milliseconds
//	  "_aws":        { … } }              how CloudWatch reads them
func (h *Handler) line(r *record) []byte {
	b := append(make([]byte, 0, 896), `{"postconfirm":"presignup","v":1,`...)
	for _, f := range [][2]string{{"outcome", r.Outcome}, {"reason", r.Reason}, {"rule", r.Rule}, {"held", r.Held}, {"doubt", r.doubt},
		{"where", r.where}, {"trigger", r.Source}, {"client", r.Client}, {"rehearsal", yes(r.Rehearsal)}, {"verify", r.verifies()},
		{"policy", h.policy.Hash[:min(len(h.policy.Hash), 12)]}} {
		b = field(b, f[0], f[1])
	}
	b = number(b, "PreSignUpDenied", r.Outcome == Deny)
	b = number(b, "PreSignUpConfirmed", r.Outcome == Confirm)
	b = number(b, "PreSignUpNoAuto", r.Outcome == NoAuto)
	b = number(b, "PreSignUpIgnored", r.Outcome == Ignored)
	b = number(b, "PreSignUpDoubts", r.doubt != "" || r.Outcome == Panicked || r.Outcome == Unreadable)
	b = append(b, `"PreSignUpDuration":`...)
	b = strconv.AppendFloat(b, float64(r.took.Microseconds())/1000, 'f', -1, 64)
	b = append(b, `,"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, h.now().UnixMilli(), 10)
	return append(append(b, ','), metrics...)
}

func (d *Decision) verifies() string {
	switch {
	case d.VerifyEmail && d.VerifyPhone:
		return "both"
	case d.VerifyEmail:
		return "email"
	case d.VerifyPhone:
		return "phone_number"
	}
	return ""
}

// field appends one string member and a comma; empty ones are left out.
func field(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(event.AppendString(b, key), ':')
	return append(event.AppendString(b, value), ',')
}

func number(b []byte, key string, is bool) []byte {
	digit := byte('0')
	if is {
		digit = '1'
	}
	return append(append(append(append(b, '"'), key...), `":`...), digit, ',')
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// unprintable stands for what is no word.
const unprintable = "unprintable"

// word lets only short words of letters, digits, dots, dashes and underscores into a line: a code, a client id or a
// trigger source is one; anything else was written by somebody else.
func word(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if odd || len(s) > 64 {
		return unprintable
	}
	return s
}
