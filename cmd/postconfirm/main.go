// Command postconfirm is the operator's one binary.
//
//	postconfirm demo         the main job alive on this machine, with nothing else installed
//	postconfirm local        the same cloud, trigger and worker, with your own pipeline
//	postconfirm lint FILE    check a pipeline file
//	postconfirm try USER     one user through the pipeline, written only with --write
//	postconfirm explain FILE what the trigger would do with an event, and why
//	postconfirm ledger …     list a ledger's runs, verify it, salvage a damaged one
//	postconfirm runs …       list, group and show runs, with their dead letters
//	postconfirm audit list   what operators did
//	postconfirm forget SUB   erase what the ledger keeps of a person, only with --write
//	postconfirm attach POOL  set the triggers of a pool that another stack owns; detach clears them
//	postconfirm replay …     reopen chosen runs: plan, look, run; never twice
//	postconfirm dlq …        dead letters: list, sweep, export, import, redrive
//	postconfirm resolve RUN  say whether an effect happened, where nobody knows
//	postconfirm journal      enqueue users from the trigger's own log lines
//	postconfirm reconcile    find users of the pool who were never enriched; enqueue them with --write
//	postconfirm backfill     take users through the pipeline a second time, on purpose
//	postconfirm presignup    check a sign-up policy, and try it on events
//
// Text for people goes to standard output, or to standard error with --json, when standard output has one JSON object
// per line. Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 partly done, 130 interrupted, 141 nobody reads
// the output any more.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/app"
)

// The exit codes; scripts build on them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3
	exitInterrupted = 130
)

func main() {
	log.SetOutput(io.Discard) // net/http writes what vendors send unasked to the standard logger; ours is slog
	os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
}

// streams are where a command writes.
type streams struct{ out, err io.Writer }

// problem is an error as a person wants to read it: what, why, and what to do next.
type problem struct {
	err  error
	hint string
	next string // a command
	code int
}

// Error gives the cause.
func (p *problem) Error() string { return p.err.Error() }

// Unwrap gives the cause.
func (p *problem) Unwrap() error { return p.err }

func run(ctx context.Context, args []string, std streams) int {
	cmd := root(std)
	cmd.SetArgs(args)
	cmd.SetOut(std.out)
	cmd.SetErr(std.err)
	executed, err := cmd.ExecuteContextC(ctx)
	if unread(ctx, err) {
		return exitPipe
	}
	return report(std.err, executed, err)
}

func root(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "postconfirm",
		Short:         "What should happen after an Amazon Cognito user confirms",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		text, _, _ := strings.Cut(err.Error(), ": strconv.") // which tells users nothing
		return &problem{err: errors.New(text), next: cmd.CommandPath() + " --help", code: exitUsage}
	})
	grouped(cmd, "Begin:", demoCommand(std), localCommand(std), lintCommand(std), tryCommand(std), explainCommand(std), presignupCommand(std),
		attachCommand(std), detachCommand(std))
	grouped(cmd, "When something failed (begin with runs group; each names what comes next):", runsCommand(std), replayCommand(std), resolveCommand(std),
		dlqCommand(std), reconcileCommand(std), backfillCommand(std), journalCommand(std), auditCommand(std))
	grouped(cmd, "The ledger:", ledgerCommand(std), forgetCommand(std))
	cmd.AddCommand(triggerCommand(std), presignupFunctionCommand(std))
	return cmd
}

// grouped adds commands under a title of the help.
func grouped(cmd *cobra.Command, title string, all ...*cobra.Command) {
	cmd.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range all {
		c.GroupID = title
	}
	cmd.AddCommand(all...)
}

// known refuses a command that does not exist, and names the nearest that does.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	p := &problem{err: fmt.Errorf("unknown command %q", args[0]), next: cmd.CommandPath() + " --help", code: exitUsage}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		p.next = cmd.CommandPath() + " " + near[0]
	}
	return p
}

// report prints an error of a command and gives its exit code.
func report(w io.Writer, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitDone
	}
	p := &problem{err: err, code: exitFailed}
	var usage *app.Usage
	switch {
	case errors.As(err, &p):
	case errors.As(err, &usage):
		p = &problem{err: err, code: exitUsage}
	case errors.Is(err, context.Canceled):
		p = &problem{err: errors.New("interrupted"), code: exitInterrupted}
	case strings.Contains(err.Error(), "arg(s)"), strings.HasPrefix(err.Error(), "unknown command"): // cobra's own words
		p = &problem{err: err, next: cmd.CommandPath() + " --help", code: exitUsage}
	}
	fmt.Fprintf(w, "error: %v\n", p.err)
	if p.hint != "" {
		fmt.Fprintf(w, "hint:  %s\n", p.hint)
	}
	if p.next != "" {
		fmt.Fprintf(w, "next:  %s\n", following(cmd, p.next))
	}
	return p.code
}
