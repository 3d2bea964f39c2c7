package inspect

import (
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Arg is a flag with its value as a shell takes it: what is not plain is quoted, and what begins with a dash can't be
// taken for another flag.
func Arg(flag, value string) string {
	if strings.HasPrefix(value, "-") || value == "" {
		return " --" + flag + "=" + Quote(value)
	}
	return " --" + flag + " " + Quote(value)
}

// plainText are the characters that mean nothing to a shell.
const plainText = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@,+="

// Quote is a word as a shell takes it.
func Quote(s string) string {
	if s != "" && strings.Trim(s, plainText) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// causeArgs are the flags that choose a cause.
func causeArgs(c worker.Cause) (args string) {
	for _, f := range []struct{ flag, value string }{{"step", c.Step}, {"class", c.Class}, {"code", c.Code}} {
		if f.value != "" {
			args += Arg(f.flag, f.value)
		}
	}
	return args
}

// filterArgs are the other flags of a filter, so that a command chooses no more than was looked at.
func filterArgs(f worker.Filter) (args string) {
	for _, each := range []struct{ flag, value string }{{"pool", f.Pool}, {"source", f.Source}, {"generation", f.Generation}, {"client", f.Client},
		{"domain", f.Domain}, {"pipeline-hash", f.Pipeline}, {"plan", f.Plan}, {"since", moment(f.Since)}, {"until", moment(f.Until)}} {
		if each.value != "" {
			args += Arg(each.flag, each.value)
		}
	}
	if f.Attempts > 0 {
		args += Arg("attempts", strconv.Itoa(f.Attempts))
	}
	return args
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// why ends a command that wants a reason for the audit log.
const why = " --why TICKET"

// nextOfGroup is the command that comes next for a group.
func nextOfGroup(g worker.Group, f worker.Filter) string {
	switch {
	case g.State == NoRun:
		return "postconfirm dlq list"
	case g.State == worker.Parked:
		return "postconfirm replay plan --state parked" + causeArgs(g.Cause) + filterArgs(f) + why
	}
	return "postconfirm runs list --state " + string(g.State) + causeArgs(g.Cause) + filterArgs(f)
}

// nextOfEffect are the ways to settle an open effect.
func nextOfEffect(key, step string) []string {
	resolve := "postconfirm resolve " + key + Arg("step", step)
	return []string{resolve + " --sent" + why, resolve + " --not-sent" + why, resolve + " --resend" + why}
}

// nextOfRun are the commands that come next for a run.
func nextOfRun(d *Detail) (next []string) {
	if d.State == worker.Parked {
		next = append(next, "postconfirm replay plan"+Arg("key", d.Key)+why)
	}
	for _, s := range d.Steps {
		if d.State == worker.Done && s.State == worker.StepFailed && !s.Stranger {
			next = append(next, "postconfirm replay plan"+Arg("key", d.Key)+Arg("state", string(d.State))+Arg("from-step", s.ID)+why)
		}
	}
	if d.Plan != "" {
		next = append(next, "postconfirm replay show "+Quote(d.Plan))
	}
	if d.Cause != (worker.Cause{}) {
		next = append(next, "postconfirm runs list"+Arg("state", string(d.State))+causeArgs(d.Cause))
	}
	return next
}
