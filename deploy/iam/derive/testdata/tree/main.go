// Command tree has commands: one constructor names its own, another is given the names.
package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"
)

type reader interface {
	Read(ctx context.Context) error
}

// queue is opened by two commands out of three.
type queue struct{ client *sqs.Client }

func (q *queue) Read(ctx context.Context) error {
	_, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{})
	return err
}

// nothing is what the third one reads.
type nothing struct{}

func (nothing) Read(context.Context) error { return nil }

func read(ctx context.Context, r reader) error { return r.Read(ctx) }

func root() *cobra.Command {
	cmd := &cobra.Command{Use: "postconfirm"}
	cmd.AddCommand(turnCommand("pause", "Stop"), turnCommand("resume", "Go on"), dryCommand())
	return cmd
}

func turnCommand(verb, what string) *cobra.Command {
	return &cobra.Command{Use: verb + " PLAN", Short: what, RunE: func(cmd *cobra.Command, _ []string) error {
		println(verb)
		return read(cmd.Context(), &queue{sqs.New(sqs.Options{})})
	}}
}

func dryCommand() *cobra.Command {
	return &cobra.Command{Use: "dry USER", RunE: func(cmd *cobra.Command, _ []string) error { return read(cmd.Context(), nothing{}) }}
}

func main() { _ = root().Execute() }
