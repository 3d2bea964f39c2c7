// Package onebox is the whole job on one machine: a local cloud with a queue and a user pool, the trigger as a Lambda
// process, and a worker with its ledger. Nothing of it is a model of postconfirm: the trigger and the worker are the
// ones that run in production, and talk to the local cloud through the AWS SDK.
//
// The demo adds a scene: a pipeline, pretend vendors and invented people; "postconfirm local" adds your own pipeline.
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
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
	"github.com/postconfirm/postconfirm/enrich/connect"
	outbox "github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
)

// DemoPipeline is the pipeline file of the scene quick; http://VENDORS stands for the pretend vendors' address.
//
//go:embed demo.yaml
var DemoPipeline string

// Options say what goes into a box. Those without a default are required.
type Options struct {
	Listen        string          // loopback address of the cloud; 127.0.0.1:0
	Trigger       []string        // the trigger Lambda's program and arguments
	Policy        string          // path of a sign-up policy for PreSignUp; "" is no such trigger
	PreSignUp     []string        // the pre sign-up Lambda's program and arguments; required with Policy
	Pipeline      string          // path of a pipeline file; "" is the scene's, with its pretend vendors
	Scene         string          // name of the scene, without Pipeline; Quick
	Ledger        string          // path of the ledger; a file that goes with the box
	SecretsDir    string          // for the pipeline's secrets, beside the environment; none
	AllowLoopback bool            // connectors may reach this machine; no, but for the scene Quick
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
	Vendors    Vendors // of the scene; nil with a pipeline of one's own
	Worker     *app.App
	Outbox     *outbox.Outbox    // takes the mails of ses steps
	HubSpot    *pretend.HubSpot  // nil in scenes without it
	Hooks      *pretend.Receiver // nil in scenes without webhooks

	stop    context.CancelFunc // of the worker
	working sync.WaitGroup
	serving sync.WaitGroup
	close   []func() error // the last one first
}

// Vendors are the pretend vendors of a scene, by the names that it lists.
type Vendors interface {
	SetDown(name string, down bool)
	Counts() map[string]pretend.Count
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
	around, err := b.surround(&o)
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
	attributes, err := attributesOf(around.pipeline)
	if err != nil {
		return nil, err
	}
	if b.Pool, err = pool(ctx, b.Clients, b.TriggerARN, b.PolicyARN, attributes); err != nil {
		return nil, err
	}
	return b, b.startWorker(ctx, o, around)
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

func (b *Box) startWorker(ctx context.Context, o Options, around surroundings) error {
	s := app.Settings{Pipeline: around.pipeline, Queue: b.Queue, DeadLetters: b.DLQ, Ledger: "sqlite:" + o.Ledger, Log: o.Log,
		SecretsDir: o.SecretsDir, AllowLoopback: o.AllowLoopback, Local: b.Endpoint, Mail: around.mail, Region: b.Region,
		Secret: around.secrets, Connect: around.connect,
		Worker: worker.Options{AnyPool: true, HideBase: o.Retry, Probe: o.Retry, Observer: o.Observer}}
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
