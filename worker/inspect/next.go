package inspect

import (
	"strings"

	"github.com/postconfirm/postconfirm/worker"
)

// Arg is a flag with its value as a shell takes it: what is not plain is quoted, and what begins with a dash can't be
// taken for another flag.
func Arg(flag, value string) string {
	if strings.HasPrefix(value, "-") || value == "" {
		return " --" + flag + "=" + quote(value)
	}
	return " --" + flag + " " + quote(value)
}

// plainText are the characters that mean nothing to a shell.
const plainText = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@,+="

func quote(s string) string {
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

// nextOfGroup is the command that comes next for a group.
func nextOfGroup(g worker.Group) string {
	switch {
	case g.State == NoRun:
		return "postconfirm dlq list"
	case g.State == worker.Parked:
		return "postconfirm replay plan --state parked" + causeArgs(g.Cause)
	}
	return "postconfirm runs list --state " + string(g.State) + causeArgs(g.Cause)
}

// nextOfEffect are the ways to settle an open effect.
func nextOfEffect(key, step string) []string {
	resolve := "postconfirm resolve " + key + Arg("step", step)
	return []string{resolve + " --sent", resolve + " --not-sent", resolve + " --resend"}
}

// nextOfRun are the commands that come next for a run.
func nextOfRun(d *Detail) (next []string) {
	if d.State == worker.Parked {
		next = append(next, "postconfirm replay plan"+Arg("run", d.Key))
	}
	if d.Cause != (worker.Cause{}) {
		next = append(next, "postconfirm runs list"+Arg("state", string(d.State))+causeArgs(d.Cause))
	}
	return next
}
