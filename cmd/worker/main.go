// Command worker enriches confirmed users. It looks at its environment: in Lambda (AWS_LAMBDA_RUNTIME_API is set) it is
// the function behind an SQS event source; elsewhere it is a daemon that polls the queue and stops in order on SIGTERM.
//
//	worker --pipeline pipeline.yaml --queue URL --dlq URL --ledger sqlite:./ledger.db
//
// Every flag has an environment variable, and the usual AWS variables are honoured. Exit codes: 0 stopped in order,
// 1 failed, 2 wrong use or configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/worker/app"
)

func main() {
	log.SetOutput(io.Discard) // net/http writes what vendors send unasked to the standard logger; ours is slog
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, stop, os.Args[1:], os.Getenv, os.Stderr)
	os.Exit(code)
}

// run is main with its world as arguments. again restores the default of the signals: a second one ends at once.
func run(ctx context.Context, again func(), args []string, getenv func(string) string, stderr io.Writer) int {
	defer again()
	var s app.Settings
	cmd := command(&s, getenv)
	cmd.SetArgs(args)
	cmd.SetErr(stderr)
	cmd.SetOut(stderr)
	cmd.RunE = func(*cobra.Command, []string) error {
		s.Log = slog.New(slog.NewJSONHandler(stderr, nil))
		s.Lambda = getenv("AWS_LAMBDA_RUNTIME_API") != ""
		if err := breaks(&s, getenv); err != nil {
			return err
		}
		return work(ctx, again, s)
	}
	err := cmd.Execute()
	var usage *app.Usage
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage) || !cmd.HasParent() && strings.HasPrefix(err.Error(), "unknown "):
		fmt.Fprintf(stderr, "error: %v\n\nhint:  worker --help names every setting; postconfirm lint FILE checks a pipeline\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "error: %v\n", err)
	return 1
}

func command(s *app.Settings, getenv func(string) string) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "worker",
		Short:         "Enrich confirmed users from a queue",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &app.Usage{Err: err} })
	f := cmd.Flags()
	f.SortFlags = false
	text := func(into *string, name, variable, usage string) {
		f.StringVar(into, name, getenv(variable), usage+" ("+variable+")")
	}
	text(&s.Pipeline, "pipeline", "POSTCONFIRM_PIPELINE", "the pipeline `file`: a path, s3://BUCKET/KEY or ssm:NAME")
	text(&s.Queue, "queue", "POSTCONFIRM_QUEUE_URL", "`URL` of the queue")
	text(&s.DeadLetters, "dlq", "POSTCONFIRM_DLQ_URL", "`URL` of the dead-letter queue")
	text(&s.Ledger, "ledger", "POSTCONFIRM_LEDGER", "the ledger: `sqlite:PATH` or dynamodb:TABLE")
	text(&s.Workers, "workers", "POSTCONFIRM_WORKERS", "`number` of workers that share the write budget in equal parts; a DynamoDB ledger shares it better without")
	text(&s.Secrets, "secrets", "POSTCONFIRM_SECRETS", "where `secrets` are: env (the default), ssm:/PREFIX/ or secretsmanager:PREFIX/")
	text(&s.SecretsDir, "secrets-dir", "POSTCONFIRM_SECRETS_DIR", "a `directory` with one file for each secret")
	text(&s.SESEvents, "ses-events", "POSTCONFIRM_SES_EVENTS", "`URL` of a queue with SES's events about mails, which settle effects that were left open; off when empty")
	text(&s.Metrics, "metrics", "POSTCONFIRM_METRICS", "`HOST:PORT` for /metrics, /healthz and /readyz, as in 127.0.0.1:9464; off when empty")
	text(&s.KeepAnswers, "keep-answers", "POSTCONFIRM_KEEP_ANSWERS", "how long (a `time`, or forever) a daemon keeps the answers of ended runs; 720h when empty")
	text(&s.Reconcile, "reconcile", "POSTCONFIRM_RECONCILE", "how often (a `time`, such as 1h) a daemon looks for users of the pools who have no run; never when empty")
	f.BoolVar(&s.AllowLoopback, "allow-loopback", getenv("POSTCONFIRM_ALLOW_LOOPBACK") == "true",
		"let connectors reach this machine (POSTCONFIRM_ALLOW_LOOPBACK=true)")
	f.IntVar(&s.InFlight, "in-flight", 64, "runs at once")
	f.IntVar(&s.Pollers, "pollers", 2, "long polls at once")
	f.DurationVar(&s.Grace, "grace", 0, "for running calls after SIGTERM (default 25s)")
	return cmd
}

func work(ctx context.Context, again func(), s app.Settings) error {
	a, err := app.New(ctx, s)
	if err != nil {
		return err
	}
	for _, w := range a.Warnings {
		s.Log.Warn("worker: " + w)
	}
	s.Log.Info("worker: started", "pipeline", s.Pipeline, "hash", a.Pipeline.Hash[:12], "steps", len(a.Pipeline.Steps),
		"attributes", len(a.Pipeline.Attributes), "region", a.Clients.Region, "metrics", a.Metrics)
	if s.Lambda {
		again() // Lambda ends the process as it likes; the ledger is prepared for that
		lambda.Start(a.Function)
	}
	context.AfterFunc(ctx, func() {
		again() // before the line: whoever reads it may send the second signal at once
		s.Log.Info("worker: stopping: running calls may finish; a second signal ends at once")
	})
	if err := errors.Join(a.Run(ctx), a.Close()); err != nil {
		return err
	}
	s.Log.Info("worker: stopped")
	return nil
}
