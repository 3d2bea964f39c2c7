// Package onebox is the whole job on one machine: a local cloud with a queue and a user pool, the trigger as a Lambda
// process, and a worker with its ledger. Nothing of it is a model of postconfirm: the trigger and the worker are the
// ones that run in production, and talk to the local cloud through the AWS SDK.
//
// The demo adds three pretend vendors and invented people; "postconfirm local" adds your own pipeline.
//
// It promises to listen on the loopback only and to leave nothing behind but the ledger file it was asked for.
package onebox

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	outbox "github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
)

// DemoPipeline is the demo's pipeline file; http://VENDORS stands for the pretend vendors' address.
//
//go:embed demo.yaml
var DemoPipeline string

// Options say what goes into a box. Those without a default are required.
type Options struct {
	Listen        string          // loopback address of the cloud; 127.0.0.1:0
	Trigger       []string        // the trigger Lambda's program and arguments
	Policy        string          // path of a sign-up policy for PreSignUp; "" is no such trigger
	PreSignUp     []string        // the pre sign-up Lambda's program and arguments; required with Policy
	Pipeline      string          // path of a pipeline file; "" is the demo's, with the pretend vendors
	Ledger        string          // path of the ledger; a file that goes with the box
	SecretsDir    string          // for the pipeline's secrets, beside the environment; none
	AllowLoopback bool            // connectors may reach this machine; no, but for the demo's
	Retry         time.Duration   // first pause of a failed message, and of a sick vendor; the worker's defaults
	Observer      worker.Observer // told what the worker does; nobody
	Log           *slog.Logger    // slog.Default()
	TriggerLog    io.Writer       // what the trigger prints; dropped
}

// Box is a running box.
type Box struct {
	Endpoint   string // URL of the cloud, for any AWS client
	Region     string
	Queue      string // URL
	DLQ        string // URL
	TriggerARN string // for the LambdaConfig of any pool
	PolicyARN  string // likewise, of the pre sign-up function; "" without a policy
	Pool       Pool
	Clients    *amazon.Clients
	Cloud      *localcloud.Cloud
	Vendors    *pretend.Vendors // nil without the demo's pipeline
	Worker     *app.App
	Outbox     *outbox.Outbox // takes the mails of ses steps

	stop    context.CancelFunc // of the worker
	working sync.WaitGroup
	serving sync.WaitGroup
	close   []func() error // the last one first
}

// Start starts everything. When it fails, what was started is closed again.
func Start(ctx context.Context, o Options) (_ *Box, err error) {
	b := &Box{}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if err := b.startCloud(&o); err != nil {
		return nil, err
	}
	mail, err := b.startMail()
	if err != nil {
		return nil, err
	}
	path, err := b.pipeline(&o)
	if err != nil {
		return nil, err
	}
	if b.Clients, err = amazon.Connect(ctx, &amazon.ConnectOptions{Region: b.Region, LocalCloud: b.Endpoint}); err != nil {
		return nil, err
	}
	if b.Queue, b.DLQ, err = queues(ctx, b.Clients); err != nil {
		return nil, err
	}
	b.startTriggers(&o)
	attributes, err := attributesOf(path)
	if err != nil {
		return nil, err
	}
	if b.Pool, err = pool(ctx, b.Clients, b.TriggerARN, b.PolicyARN, attributes); err != nil {
		return nil, err
	}
	return b, b.startWorker(ctx, o, path, mail)
}

func (b *Box) startCloud(o *Options) error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	b.Cloud = localcloud.New(nil)
	b.Cloud.Register(cloudsqs.New(nil))
	server, err := b.Cloud.Listen(o.Listen)
	if err != nil {
		return fmt.Errorf("start local cloud: %w", err)
	}
	b.close = append(b.close, server.Close)
	b.Endpoint, b.Region = server.URL(), b.Cloud.Region()
	return nil
}

// startTriggers starts the Lambda processes that the pool's triggers are.
func (b *Box) startTriggers(o *Options) {
	users := cognito.New(nil)
	b.TriggerARN = b.startFunction(users, o.Trigger, "postconfirm-trigger", o.TriggerLog,
		map[string]string{"POSTCONFIRM_QUEUE_URL": b.Queue, "AWS_ENDPOINT_URL_SQS": b.Endpoint})
	if o.Policy != "" {
		b.PolicyARN = b.startFunction(users, o.PreSignUp, "postconfirm-presignup", o.TriggerLog,
			map[string]string{"POSTCONFIRM_POLICY": o.Policy, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": b.Endpoint})
	}
	b.Cloud.Register(users)
}

func (b *Box) startFunction(users *cognito.Service, program []string, name string, log io.Writer, environment map[string]string) (arn string) {
	environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"] = "local", "local"
	f := function.New(program, &function.Options{Name: name, Region: b.Region, Output: log, Environment: environment})
	users.RegisterFunction(f.ARN(), f)
	b.close = append(b.close, f.Close)
	return f.ARN()
}

// pipeline gives the path of the pipeline file; for the demo it writes one beside vendors that it starts.
func (b *Box) pipeline(o *Options) (path string, err error) {
	dir, err := os.MkdirTemp("", "postconfirm-")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	b.close = append(b.close, func() error { return os.RemoveAll(dir) })
	if o.Ledger == "" {
		o.Ledger = filepath.Join(dir, "ledger.db")
	}
	if o.Pipeline != "" {
		return o.Pipeline, nil
	}
	b.Vendors = &pretend.Vendors{}
	vendors, err := b.serve(b.Vendors)
	if err != nil {
		return "", fmt.Errorf("start pretend vendors: %w", err)
	}
	o.AllowLoopback = true
	path = filepath.Join(dir, "demo.yaml")
	text := strings.ReplaceAll(DemoPipeline, "http://VENDORS", vendors)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// startMail starts an SES that sends nothing.
func (b *Box) startMail() (url string, err error) {
	b.Outbox = &outbox.Outbox{}
	if url, err = b.serve(b.Outbox); err != nil {
		return "", fmt.Errorf("start pretend SES: %w", err)
	}
	return url, nil
}

// serve listens on a free port of this machine until the box is closed.
func (b *Box) serve(h http.Handler) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	b.serving.Go(func() { _ = server.Serve(listener) })
	b.close = append(b.close, server.Close)
	return "http://" + listener.Addr().String(), nil
}

func attributesOf(path string) ([]string, error) {
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	p, err := app.Load(path, client)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(p.Attributes))
	for i, a := range p.Attributes {
		names[i] = a.Name
	}
	return names, nil
}

func (b *Box) startWorker(ctx context.Context, o Options, path, mail string) error {
	s := app.Settings{Pipeline: path, Queue: b.Queue, DeadLetters: b.DLQ, Ledger: "sqlite:" + o.Ledger, Log: o.Log,
		SecretsDir: o.SecretsDir, AllowLoopback: o.AllowLoopback, Local: b.Endpoint, Mail: mail, Region: b.Region,
		Worker: worker.Options{AnyPool: true, HideBase: o.Retry, Probe: o.Retry, Observer: o.Observer}}
	if b.Vendors != nil {
		s.Secret = demoSecrets{}
	}
	a, err := app.New(ctx, s)
	if err != nil {
		return err
	}
	b.Worker = a
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.working.Go(func() {
		if err := a.Run(ctx); err != nil {
			s.Log.Error("onebox: the worker ended", "error", err.Error())
		}
	})
	b.close = append(b.close, a.Close)
	return nil
}

// demoSecrets knows the pretend vendors' token.
type demoSecrets struct{}

// Secret gives the token for any name.
func (demoSecrets) Secret(context.Context, string) (enrich.Secret, error) {
	return enrich.NewSecret(pretend.Token), nil
}

// Close stops the worker in order, then everything else, the last started first.
func (b *Box) Close() error {
	if b.stop != nil {
		b.stop()
		b.working.Wait()
	}
	var all []error
	for i := len(b.close) - 1; i >= 0; i-- {
		all = append(all, b.close[i]())
	}
	b.serving.Wait()
	return errors.Join(all...)
}
