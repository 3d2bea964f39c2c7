package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/worker/inspect"
)

func localCommand(std streams) *cobra.Command {
	var o onebox.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "local --pipeline FILE",
		Short: "Run cloud, trigger and worker on this machine with your own pipeline",
		Long: "Starts the local cloud, the trigger and a worker with your pipeline, and stays up until it is stopped.\n" +
			"Any AWS client can make pools, sign users up and confirm them; every pool whose trigger is the printed ARN is\n" +
			"served. The confirmation code is always " + onebox.Code + ".",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return local(cmd.Context(), std, o, asJSON) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Pipeline, "pipeline", "", "the pipeline `file` (required)")
	f.StringVar(&o.Policy, "policy", "", "a sign-up policy `file`: who gets in, and who needs no code (default: everybody, with a code)")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:4566", "loopback `address` of the cloud; port 0 takes a free one")
	f.StringVar(&o.Ledger, "ledger", "", "`file` to keep the ledger in (default: one that is removed at the end)")
	f.StringVar(&o.SecretsDir, "secrets-dir", "", "a `directory` with one file for each secret")
	f.BoolVar(&o.AllowLoopback, "allow-loopback", false, "let connectors reach this machine")
	f.BoolVar(&asJSON, "json", false, "print where everything is as one JSON object")
	return cmd
}

// local starts the box, says where it is, and waits for the end.
func local(ctx context.Context, std streams, o onebox.Options, asJSON bool) (err error) {
	if o.Pipeline == "" {
		return &problem{err: fmt.Errorf("--pipeline is missing"), hint: "the demo has a pipeline of its own",
			next: "postconfirm local --pipeline pipeline.yaml", code: exitUsage}
	}
	if o.Trigger, err = triggerArgs(); err != nil {
		return err
	}
	if err = withPolicy(&o); err != nil {
		return err
	}
	o.Log = slog.New(slog.NewTextHandler(std.err, nil))
	o.TriggerLog = std.err
	box, err := onebox.Start(ctx, o)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &problem{err: err, hint: "another program listens there, perhaps another box",
			next: "postconfirm local --listen 127.0.0.1:0 --pipeline " + o.Pipeline, code: exitFailed}
	case errors.Is(err, localcloud.ErrNotLoopback):
		return &problem{err: err, hint: "the local cloud checks no signature: it is for this machine only", code: exitUsage}
	case err != nil:
		return err
	}
	if asJSON {
		err = json.NewEncoder(std.out).Encode(map[string]string{"endpoint": box.Endpoint, "region": box.Region, "queue": box.Queue,
			"dlq": box.DLQ, "trigger": box.TriggerARN, "presignup": box.PolicyARN, "pool": box.Pool.ID, "client": box.Pool.Client})
	} else {
		where(std.out, box)
		operators(std.out, box, o)
	}
	if err == nil {
		<-ctx.Done()
		fmt.Fprintln(std.err, "stopping: running calls may finish; a second Ctrl-C ends at once")
	}
	if closing := box.Close(); err == nil {
		err = closing
	}
	return err
}

// operators says how the operators' commands find a box whose ledger is kept.
func operators(w io.Writer, b *onebox.Box, o onebox.Options) {
	if o.Ledger == "" {
		return
	}
	set := ""
	for _, v := range [][2]string{{"LEDGER", filePrefix + o.Ledger}, {"PIPELINE", o.Pipeline}, {"QUEUE_URL", b.Queue}, {"DLQ_URL", b.DLQ}} {
		set += " POSTCONFIRM_" + v[0] + "=" + inspect.Quote(v[1])
	}
	fmt.Fprintf(w, "\nFor postconfirm runs, replay, dlq and the like:\n\n  export%s\n\n", set)
}

// withPolicy checks the policy, if there is one, before its function would fail at the first sign-up.
func withPolicy(o *onebox.Options) error {
	if o.Policy == "" {
		return nil
	}
	if _, _, err := readPolicy(o.Policy); err != nil {
		return &problem{err: err, next: "postconfirm presignup lint " + o.Policy, code: exitUsage}
	}
	path, err := filepath.Abs(o.Policy)
	o.Policy, o.PreSignUp = path, []string{o.Trigger[0], presignupName}
	return err
}

// where says what is where, and how an AWS client gets there.
func where(w io.Writer, b *onebox.Box) {
	fmt.Fprintf(w, `The cloud is up at %s (region %s). In another terminal, with any AWS client:

  export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
  aws cognito-idp sign-up --client-id %s --username you@acme.example --password Correct-Horse-7 \
      --user-attributes Name=email,Value=you@acme.example
  aws cognito-idp confirm-sign-up --client-id %s --username you@acme.example --confirmation-code %s
  aws cognito-idp admin-get-user --user-pool-id %s --username you@acme.example
  aws sqs receive-message --message-attribute-names All --queue-url %s

A pool of your own joins with --lambda-config PostConfirmation=%s
Ctrl-C ends it.
`, b.Endpoint, b.Region, b.Endpoint, b.Region, b.Pool.Client, b.Pool.Client, onebox.Code, b.Pool.ID, b.DLQ, b.TriggerARN)
}
