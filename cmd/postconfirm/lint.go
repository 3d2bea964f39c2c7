package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
	"github.com/postconfirm/postconfirm/enrich/yamldoc"
)

func lintCommand(std streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint FILE",
		Short: "Check a pipeline file and say everything that is wrong with it",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return lint(std, args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object for each mistake")
	return cmd
}

// lint reads the file as the worker would. Loopback addresses pass: whether a worker may use them is said at its start.
func lint(std streams, path string, asJSON bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return &problem{err: fmt.Errorf("read pipeline: %w", err), code: exitUsage}
	}
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	kinds := &pipefile.Options{Kinds: all.Kinds(client)}
	warnings, err := pipefile.Lint(path, data, kinds)
	var mistakes *pipefile.Mistakes
	if errors.As(err, &mistakes) {
		list(std, mistakes.List, "error", asJSON)
		return &problem{err: fmt.Errorf("%s\n%v", count(len(mistakes.List), "mistake"), mistakes), code: exitUsage}
	}
	list(std, warnings, "warning", asJSON)
	p, err := pipefile.Parse(path, data, kinds)
	if err != nil || asJSON {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintf(std.out, "warning: %v\n", w)
	}
	fmt.Fprintf(std.out, "%s is fine: %s, %s, %s\n", path, count(len(p.Steps), "step"), count(len(p.Attributes), "attribute"), count(len(p.Secrets), "secret"))
	return nil
}

// list prints remarks for machines.
func list(std streams, remarks []yamldoc.Mistake, level string, asJSON bool) {
	if !asJSON {
		return
	}
	encoder := json.NewEncoder(std.out)
	for _, m := range remarks {
		_ = encoder.Encode(struct {
			Level string `json:"level"`
			yamldoc.Mistake
		}{level, m})
	}
}
