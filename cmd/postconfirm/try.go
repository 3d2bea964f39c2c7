package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/trigger"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/rehearse"
)

// tryOptions are the flags of try.
type tryOptions struct {
	pipeline, pool, secretsDir, keys string

	allowLoopback, write, show, json bool

	anyPool bool // no flag: Cognito is a cloud on this machine
}

func tryCommand(std streams) *cobra.Command {
	var o tryOptions
	cmd := &cobra.Command{
		Use:   "try USER|EVENT|MESSAGE --pipeline FILE --pool ID",
		Short: "Take one user through the pipeline and show what would be written",
		Long: "Reads the user from the pool and runs the steps whose class is read for real. Every other step is named instead\n" +
			"of called, and the attributes are shown instead of written. Nothing changes anywhere without --write.\n\n" +
			"USER is a user name, a sub, or an alias such as the e-mail; a path to a file with a Cognito event or a queue\n" +
			"message works too (- is standard input), and says the pool itself. Values are personal data: they show as\n" +
			"lengths without --show. Exit codes: 0 the run would end done, 1 it would not, 2 wrong use.",
		Example: "  postconfirm try ada@example.com --pipeline pipeline.yaml --pool eu-west-1_Ab12cd34E\n" +
			"  postconfirm try event.json --pipeline pipeline.yaml --show",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return try(cmd.Context(), std, cmd.InOrStdin(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.pipeline, "pipeline", os.Getenv("POSTCONFIRM_PIPELINE"), "the pipeline `file` (POSTCONFIRM_PIPELINE)")
	f.StringVar(&o.pool, "pool", "", "the user pool's `id` (default: the pipeline's, if it lists one only)")
	f.BoolVar(&o.write, "write", false, "make the effects and the write for real")
	f.BoolVar(&o.show, "show", false, "show values")
	f.BoolVar(&o.json, "json", false, "one JSON object; text for people goes to standard error")
	f.StringVar(&o.secretsDir, "secrets-dir", os.Getenv("POSTCONFIRM_SECRETS_DIR"), "a `directory` with one file for each secret (POSTCONFIRM_SECRETS_DIR)")
	f.BoolVar(&o.allowLoopback, "allow-loopback", os.Getenv("POSTCONFIRM_ALLOW_LOOPBACK") == "true",
		"let connectors reach this machine (POSTCONFIRM_ALLOW_LOOPBACK=true)")
	metadataFlag(cmd, &o.keys)
	return cmd
}

// try is the whole command: what is wrong with its use is said before anything is called.
func try(ctx context.Context, std streams, stdin io.Reader, who string, o tryOptions) error {
	if o.pipeline == "" {
		return &problem{err: errors.New("--pipeline is missing"), next: "postconfirm try USER --pipeline pipeline.yaml", code: exitUsage}
	}
	client := connect.NewClient(&connect.Options{AllowLoopback: o.allowLoopback})
	defer client.Close()
	p, err := app.Load(o.pipeline, client)
	if err != nil {
		return err
	}
	secrets := secretenv.Store{Dir: o.secretsDir}
	if err := secretenv.Check(ctx, secrets, p.Secrets); err != nil {
		return &problem{err: err, code: exitUsage}
	}
	m, err := o.given(stdin, who, p)
	if err != nil {
		return err
	}
	region, _, _ := strings.Cut(m.Pool, "_")
	clients, err := amazon.Connect(ctx, &amazon.ConnectOptions{Region: region})
	if err != nil {
		return &problem{err: err, code: exitUsage}
	}
	o.anyPool = onThisMachine(clients)
	if !o.anyPool && !slices.Contains(p.Pools, m.Pool) {
		return notListed(p)
	}
	directory := amazon.NewDirectory(clients.Cognito)
	if pool := m.Pool; m.Sub == "" {
		if m, err = rehearse.Message(ctx, directory, pool, who); err != nil {
			return notFound(ctx, pool, err)
		}
	}
	return o.rehearse(ctx, std, p, directory, secrets, m)
}

func (o tryOptions) rehearse(ctx context.Context, std streams, p *enrich.Pipeline, d worker.Directory, s enrich.Secrets, m event.Message) error {
	v := newTryView(std, o)
	v.opened(m)
	r, err := rehearse.Run(ctx, p, d, s, m, &rehearse.Options{Write: o.write, AnyPool: o.anyPool})
	if errors.Is(err, rehearse.ErrPool) {
		return notListed(p)
	}
	if err != nil {
		return err
	}
	if err := v.ended(m, r); err != nil {
		return err
	}
	if !r.Done() {
		return &problem{err: fmt.Errorf("the run is not done: %s (%s)", r.Outcome, r.Reason), hint: outcomeHint(r), code: exitFailed}
	}
	return nil
}

// given is what the argument says: a whole message, or, without a Sub, only the pool in which to look for the user.
func (o tryOptions) given(stdin io.Reader, who string, p *enrich.Pipeline) (event.Message, error) {
	if m, ok, err := o.file(stdin, who); ok || err != nil {
		return m, err
	}
	if o.pool == "" && len(p.Pools) == 1 {
		o.pool = p.Pools[0]
	}
	switch {
	case o.pool == "":
		return event.Message{}, &problem{err: errors.New("--pool is missing"), hint: "pools: " + strings.Join(p.Pools, ", "), code: exitUsage}
	case !strings.Contains(o.pool, "_"):
		return event.Message{}, &problem{err: fmt.Errorf("--pool %q is no pool id", o.pool), hint: "one looks like eu-west-1_Ab12cd34E", code: exitUsage}
	}
	return event.Message{Pool: o.pool}, nil
}

// file reads the argument as a file if it is one. ok is false for what is no file: a user.
func (o tryOptions) file(stdin io.Reader, who string) (m event.Message, ok bool, err error) {
	if info, err := os.Stat(who); who != "-" && (err != nil || info.IsDir()) {
		if strings.HasSuffix(who, ".json") {
			return m, false, &problem{err: fmt.Errorf("read event: %w", err), code: exitUsage}
		}
		return m, false, nil
	}
	data, err := readInput(stdin, who)
	if err != nil {
		return m, false, &problem{err: err, code: exitUsage}
	}
	keys, err := metadataKeys(o.keys)
	if err != nil {
		return m, false, err
	}
	if m, err = message(data, keys); err != nil {
		return m, false, err
	}
	if o.pool != "" && o.pool != m.Pool {
		return m, false, &problem{err: errors.New("--pool is not the pool of the event"), hint: "leave --pool out", code: exitUsage}
	}
	return m, true, nil
}

// message reads a queue message, or a Cognito event as the trigger would.
func message(data []byte, keys []string) (event.Message, error) {
	m, err := event.Decode(data)
	if err == nil {
		return m, nil
	}
	x := trigger.Explain(data, keys)
	if x.Message != nil {
		return *x.Message, nil
	}
	hint := "as an event: " + x.Why()
	return event.Message{}, &problem{err: fmt.Errorf("this is neither a queue message (%w) nor an event that the trigger sends", err), hint: hint, code: exitUsage}
}

// notFound says why the user could not be read.
func notFound(ctx context.Context, pool string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, worker.ErrNoUser):
		return &problem{err: errors.New("the pool has no such user"), hint: "a user name, a sub, or an alias such as the e-mail", code: exitFailed}
	}
	return &problem{err: err, hint: "AdminGetUser failed; needed are the permission for it on " + pool + ", credentials, and a way to its endpoint", code: exitFailed}
}

// notListed refuses a pool that the pipeline may not touch.
func notListed(p *enrich.Pipeline) error {
	return &problem{err: errors.New("the pool is not on the pipeline's list, or not in the message's region"),
		hint: "pools: " + strings.Join(p.Pools, ", "), code: exitUsage}
}

// onThisMachine tells whether Cognito is a cloud on this machine: there, as for "postconfirm local", any pool is
// served. The client itself is asked, for it knows which of the AWS variables and files count.
func onThisMachine(c *amazon.Clients) bool {
	endpoint := c.Cognito.Options().BaseEndpoint
	if endpoint == nil {
		return false
	}
	u, err := url.Parse(*endpoint)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
}
