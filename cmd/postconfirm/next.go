package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postconfirm/postconfirm/worker/inspect"
)

// places are the flags that say where the ledger and its company are, with the variables that may say it.
var places = []struct{ flag, variable string }{{"ledger", "POSTCONFIRM_LEDGER"}, {"queue", "POSTCONFIRM_QUEUE_URL"}, {"dlq", "POSTCONFIRM_DLQ_URL"},
	{"pipeline", "POSTCONFIRM_PIPELINE"}}

// following completes a command that is suggested after another one, so that it finds the same ledger, queues and pipeline:
// with the flags that it takes and that the environment does not give it. A text that is no command stays as it is.
func following(cmd *cobra.Command, next string) string {
	words := strings.Fields(next)
	if cmd == nil || len(words) < 2 || words[0] != cmd.Root().Name() || strings.HasSuffix(next, "--help") {
		return next
	}
	target, _, err := cmd.Root().Find(words[1:])
	if err != nil {
		return next
	}
	for _, place := range places {
		given := cmd.Flags().Lookup(place.flag)
		if given == nil || given.Value.String() == "" || given.Value.String() == os.Getenv(place.variable) ||
			target.Flags().Lookup(place.flag) == nil || slices.Contains(words, "--"+place.flag) {
			continue
		}
		next += inspect.Arg(place.flag, given.Value.String())
	}
	return next
}

// confirmed is the command line that does what this one showed.
func (o *operator) confirmed(changes ...string) string {
	changes = append(changes, "--write")
	if o.why == "" {
		changes = append(changes, "--why=TICKET")
	}
	return sameCommand(o.cmd, changes...)
}

// sameCommand is the command line as it was given, with other values for some flags: --name or --name=value each.
func sameCommand(cmd *cobra.Command, changes ...string) string {
	if cmd == nil {
		return ""
	}
	var line, args string
	for _, arg := range cmd.Flags().Args() {
		args += " " + inspect.Quote(arg)
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.ContainsFunc(changes, func(c string) bool { name, _, _ := strings.Cut(c, "="); return name == "--"+f.Name }) {
			line += flagText(f)
		}
	})
	for _, change := range changes {
		name, value, valued := strings.Cut(strings.TrimPrefix(change, "--"), "=")
		if valued {
			change = inspect.Arg(name, value)[1:]
		}
		line += " " + change
	}
	if strings.HasPrefix(args, " -") && args != " -" {
		return cmd.CommandPath() + line + " --" + args
	}
	return cmd.CommandPath() + args + line
}

// flagText is a flag as it was given.
func flagText(f *pflag.Flag) (text string) {
	if many, ok := f.Value.(pflag.SliceValue); ok {
		for _, each := range many.GetSlice() {
			text += inspect.Arg(f.Name, each)
		}
		return text
	}
	switch {
	case f.Value.Type() == "bool" && f.Value.String() == "true":
		return " --" + f.Name
	case f.Value.Type() == "bool":
		return " --" + f.Name + "=" + f.Value.String()
	}
	return inspect.Arg(f.Name, f.Value.String())
}
