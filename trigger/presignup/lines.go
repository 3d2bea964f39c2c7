package presignup

import (
	"time"

	"github.com/postconfirm/postconfirm/trigger/lines"
)

// lineLimit is how long one line may take; a log that hangs must hold nobody up.
const lineLimit = 100 * time.Millisecond

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
			r.Decision, r.where = Decision{Outcome: Panicked, Reason: "panic"}, lines.Where()
		}
	}()
	f()
	returned = true
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
		b = lines.Field(b, f[0], f[1])
	}
	b = lines.Count(b, "PreSignUpDenied", r.Outcome == Deny)
	b = lines.Count(b, "PreSignUpConfirmed", r.Outcome == Confirm)
	b = lines.Count(b, "PreSignUpNoAuto", r.Outcome == NoAuto)
	b = lines.Count(b, "PreSignUpIgnored", r.Outcome == Ignored)
	b = lines.Count(b, "PreSignUpDoubts", r.doubt != "" || r.Outcome == Panicked || r.Outcome == Unreadable)
	return lines.End(b, "PreSignUpDuration", r.took, h.now(), metrics)
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

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
