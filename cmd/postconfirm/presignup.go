package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/yamldoc"
	"github.com/postconfirm/postconfirm/trigger/presignup"
	"github.com/postconfirm/postconfirm/trigger/presignup/fromenv"
	"github.com/postconfirm/postconfirm/trigger/presignup/policyfile"
)

// presignupName is the hidden command by which this binary is the pre sign-up Lambda of local.
const presignupName = "presignup-function"

func presignupCommand(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "presignup",
		Short: "Check a sign-up policy, and try it on events",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(presignupLintCommand(std), simulateCommand(std))
	return cmd
}

func presignupLintCommand(std streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint POLICY",
		Short: "Check a sign-up policy and say everything that is wrong with it, or dangerous",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return lintPolicy(std, args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object for each mistake and warning")
	return cmd
}

// lintPolicy reads the file as the Lambda would.
func lintPolicy(std streams, path string, asJSON bool) error {
	p, warnings, err := readPolicy(path)
	var mistakes *yamldoc.Mistakes
	if errors.As(err, &mistakes) {
		list(std, mistakes.List, "error", asJSON)
		return &problem{err: fmt.Errorf("%s\n%w", count(len(mistakes.List), "mistake"), mistakes), code: exitUsage}
	}
	if err != nil {
		return err
	}
	list(std, warnings, "warning", asJSON)
	if asJSON {
		return nil
	}
	for _, w := range warnings {
		fmt.Fprintf(std.out, "warning: %v\n", w)
	}
	fmt.Fprintf(std.out, "%s is fine: %s, %s\n", path, count(len(p.Deny), "deny rule"), count(len(p.Confirm), "confirm rule"))
	return nil
}

// readPolicy reads a policy and the lists beside it. Its error is a *yamldoc.Mistakes or a *problem.
func readPolicy(path string) (*presignup.Policy, []yamldoc.Mistake, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, &problem{err: fmt.Errorf("read policy: %w", err), code: exitUsage}
	}
	return policyfile.Lint(path, data, &policyfile.Options{ReadFile: fromenv.Beside(filepath.Dir(path))})
}

// presignupFunctionCommand is cmd/presignup's main, wired the same way.
func presignupFunctionCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:    presignupName,
		Short:  "Be the pre sign-up Lambda (the local cloud starts it)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			handler, err := fromenv.Handler(os.Getenv, std.out)
			if err != nil {
				return &problem{err: err, code: exitUsage}
			}
			lambda.Start(handler)
			return nil
		},
	}
}

// expectations are what a decision may be held to: allow is whatever doesn't deny.
var expectations = []string{"allow", presignup.Deny, presignup.NoAuto, presignup.Confirm}

// simulateOptions are the flags of simulate.
type simulateOptions struct {
	policy string
	expect string
	json   bool
}

func simulateCommand(std streams) *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use:   "simulate -c POLICY EVENT…",
		Short: "Say what a sign-up policy decides about Cognito events, by which rule, and why",
		Long: "Reads each file as one event that Cognito hands the pre sign-up trigger (- is standard input) and decides as the\n" +
			"Lambda would, but asks no pool: a confirmation that depends on what the pool says shows what would be asked.\n" +
			"Exit codes: 0 all events are decided, and as expected; 1 one is not; 2 wrong use or a wrong policy.",
		Example: "  postconfirm presignup simulate -c policy.yaml events/*.json\n  postconfirm presignup simulate -c policy.yaml --expect deny spam.json",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return simulate(std, cmd.InOrStdin(), args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&o.policy, "config", "c", "", "the policy `file` (required)")
	f.StringVar(&o.expect, "expect", "", "what each event must come to: allow, deny, noauto or confirm")
	f.BoolVar(&o.json, "json", false, "one JSON object for each event")
	return cmd
}

// simulate decides about what can be read, and then says what could not, or came out otherwise.
func simulate(std streams, stdin io.Reader, paths []string, o simulateOptions) error {
	switch {
	case o.policy == "":
		return &problem{err: errors.New("--config is missing"), next: "postconfirm presignup simulate -c policy.yaml " + paths[0], code: exitUsage}
	case o.expect != "" && !slices.Contains(expectations, o.expect):
		return &problem{err: fmt.Errorf("--expect %q is no decision", o.expect), hint: "allow, deny, noauto or confirm", code: exitUsage}
	}
	p, _, err := readPolicy(o.policy)
	var mistakes *yamldoc.Mistakes
	if errors.As(err, &mistakes) {
		err = &problem{err: err, next: "postconfirm presignup lint " + o.policy, code: exitUsage}
	}
	if err != nil {
		return err
	}
	var all []simulated
	var unread []error
	for _, path := range paths {
		payload, err := readInput(stdin, path)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		all = append(all, simulated{path, p.Decide(payload)})
	}
	if err := show(std.out, all, o.json); err != nil {
		return err
	}
	if len(unread) > 0 {
		return &problem{err: errors.Join(unread...), code: exitUsage}
	}
	return expect(all, o.expect)
}
