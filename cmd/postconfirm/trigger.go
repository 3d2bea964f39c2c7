package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

// triggerName is the hidden command by which this binary is the trigger Lambda of the demo and of local.
const triggerName = "trigger-function"

// triggerArgs are the program and arguments of the trigger process: this binary once more.
func triggerArgs() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return []string{self, triggerName}, nil
}

// triggerCommand is cmd/trigger's main, wired the same way.
func triggerCommand(std streams) *cobra.Command {
	return &cobra.Command{
		Use:    triggerName,
		Short:  "Be the trigger Lambda (the local cloud starts it)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			handler, err := sqsout.Open(c.Context(), os.Getenv, std.out)
			if err != nil {
				return &problem{err: err, code: exitUsage}
			}
			lambda.Start(handler)
			return nil
		},
	}
}
