// Package app is a whole worker process as a library: the pipeline, its connectors and secrets, the AWS clients, the
// ledger, and a face (the daemon, or the Lambda function), put together from a handful of settings. cmd/worker is its
// flags and signals; the demo runs it beside a local cloud.
//
// It promises to check everything that can be checked before the first message is received, and to say all that is
// wrong at once: settings, pipeline, secrets, queue, dead-letter queue.
//
// It refuses a queue whose messages could expire before the worker gives up on them, and a dead-letter queue that is
// the queue itself; and a ledger in a file for a Lambda function, whose instances share no disk.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// Settings say what a worker process works on. Those without a default are required.
type Settings struct {
	Pipeline      string        // the pipeline file: a path, "s3://BUCKET/KEY" or "ssm:NAME"
	Queue         string        // URL of the queue
	DeadLetters   string        // URL of the dead-letter queue
	Ledger        string        // "sqlite:PATH", which a Lambda function can't have, or "dynamodb:TABLE"
	Lambda        bool          // be a Lambda function behind an SQS event source, not a daemon; no
	Secrets       string        // where secrets are: "env", "ssm:/PREFIX/" or "secretsmanager:PREFIX/"; env
	SecretsDir    string        // directory with a file for each secret, for env; none
	AllowLoopback bool          // connectors may reach this machine; no
	InFlight      int           // runs at once; 64
	Pollers       int           // long polls at once; 2
	Grace         time.Duration // for running calls after a stop; 25s
	Metrics       string        // of a daemon, "HOST:PORT" to be scraped at; none. Of a function, "emf" or "off"; emf
	Workers       string        // how many processes share the write budget in equal parts, 1 to 1000; 1, or slices of a DynamoDB ledger
	KeepAnswers   string        // how long a daemon keeps the answers of ended runs, or "forever"; 720h
	Log           *slog.Logger  // slog.Default()

	Worker worker.Options // for tests and the demo; its Log is set from Log
	Local  string         // URL of a local cloud in place of AWS; none
	Mail   string         // with Local, URL of an SES that sends nothing; Local, which has none: mails fail
	Region string         // the AWS chain's
	Secret enrich.Secrets // in place of what Secrets says; none
	Out    io.Writer      // where a function writes its metrics; os.Stdout

	// Ports changes what the worker stands on, before it starts: the place where proofs break things. nil leaves the
	// ports as they are.
	Ports func(worker.Ports) worker.Ports
}

// Usage is an error of the settings, the pipeline, or what they point to: a person has to change something.
type Usage struct{ Err error }

// Error gives the mistakes, one per line.
func (u *Usage) Error() string { return u.Err.Error() }

// Unwrap gives the mistakes.
func (u *Usage) Unwrap() error { return u.Err }

// App is a worker process, ready to run.
type App struct {
	Pipeline *enrich.Pipeline
	Clients  *amazon.Clients
	Ledger   worker.Ledger
	Function *Function // for lambda.Start, with Settings.Lambda; nil without
	Metrics  string    // address of the listener for metrics and health; "" without
	Warnings []string  // worth a line at the start
	client   *connect.Client
	file     []byte // the pipeline's
	store    store
	daemon   *worker.Daemon // nil with Settings.Lambda
	numbers  numbers
	keep     time.Duration // for the answers of ended runs; 0 is for ever
	log      *slog.Logger
}

// Load reads a pipeline file with all connectors of the catalogue. A mistake in it is a *Usage.
func Load(path string, client *connect.Client) (*enrich.Pipeline, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data, client)
}

func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Usage{fmt.Errorf("read pipeline: %w", err)}
	}
	return data, nil
}

func parse(path string, data []byte, client *connect.Client) (*enrich.Pipeline, error) {
	p, err := pipefile.Parse(path, data, &pipefile.Options{Kinds: all.Kinds(client)})
	if err != nil {
		return nil, &Usage{err}
	}
	return p, nil
}

// New checks the settings and opens everything. Call Close when done.
func New(ctx context.Context, s Settings) (*App, error) {
	kind, place, err := s.check()
	if err != nil {
		return nil, &Usage{err}
	}
	return s.build(ctx, kind, place)
}

// build makes what checked settings say.
func (s *Settings) build(ctx context.Context, kind ledgerKind, place string) (_ *App, err error) {
	a := &App{log: s.Log, client: connect.NewClient(&connect.Options{AllowLoopback: s.AllowLoopback, Idle: max(connect.DefaultIdle, s.InFlight), Local: cmp.Or(s.Mail, s.Local)})}
	a.keep, _ = s.keepAnswers() // check has seen it
	if err := s.read(ctx, a); err != nil {
		return nil, err
	}
	if err := s.connect(ctx, a); err != nil {
		return nil, err
	}
	queue, err := s.checkCloud(ctx, a)
	if err != nil {
		return nil, err
	}
	if a.store, err = kind.open(ctx, place, a.Clients); err != nil {
		return nil, &Usage{err}
	}
	if err := a.numbers.open(s); err != nil {
		return nil, errors.Join(err, a.store.shut())
	}
	if a.numbers.listener != nil {
		a.Metrics = a.numbers.listener.Addr().String()
	}
	a.Ledger = a.store.Ledger
	s.share(a.Pipeline.Limits, a.store)
	s.remember(ctx, a)
	a.assemble(*s, queue)
	return a, nil
}

// assemble puts the worker behind its face. A daemon asks for the visibility it wants with each receive; a function's
// messages have the queue's own.
func (a *App) assemble(s Settings, about amazon.About) {
	s.Worker.Log, s.Worker.Retention = s.Log, about.Retention
	var o amazon.QueueOptions
	if s.Lambda {
		o.Visibility = about.Visibility
		s.Worker.Lease = o.Visibility - leaseMargin
	}
	queue := amazon.NewQueue(a.Clients.SQS, s.Queue, &o)
	ports := worker.Ports{Queue: queue, DeadLetters: amazon.NewDeadLetters(a.Clients.SQS, s.DeadLetters),
		Directory: amazon.NewDirectory(a.Clients.Cognito), Ledger: a.Ledger, Secrets: s.Secret}
	a.numbers.around(&ports, &s.Worker)
	if s.Ports != nil {
		ports = s.Ports(ports)
	}
	w := worker.New(a.Pipeline, ports, &s.Worker)
	defer func() { a.numbers.watch(a, w) }()
	if s.Lambda {
		inner := amazon.NewFunction(queue, w, &amazon.FunctionOptions{InFlight: s.InFlight, LongestCall: w.LongestCall(), Log: s.Log})
		a.Function = &Function{inner, a.numbers.lines, s.Log}
		return
	}
	a.daemon = worker.NewDaemon(ports.Queue, w, &worker.DaemonOptions{InFlight: s.InFlight, Pollers: s.Pollers, Grace: s.Grace, Log: s.Log})
}

// Run is the daemon: it works until ctx ends, then stops in order. It also stops, with an error, when the ledger's disk
// has failed: such a ledger does nothing any more until the program is started anew, which checks the file.
func (a *App) Run(ctx context.Context) error {
	if a.daemon == nil {
		return errors.New("this worker is a Lambda function: there is nothing to poll")
	}
	defer a.numbers.serve()()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(ctx, func() { a.numbers.ready.draining.Store(true) })
	var beside sync.WaitGroup
	beside.Go(func() { a.watchLedger(ctx, stop) })
	beside.Go(func() { a.sweep(ctx) })
	a.daemon.Run(ctx)
	stop()
	beside.Wait()
	return a.store.err()
}

func (a *App) watchLedger(ctx context.Context, stop func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for a.store.err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	stop()
}

// Close closes the ledger, the connections and the listener.
func (a *App) Close() error {
	a.client.Close()
	return errors.Join(a.numbers.close(), a.store.shut())
}

// check completes the settings and names everything that is wrong with them. It returns the ledger's kind and place.
func (s *Settings) check() (kind ledgerKind, place string, err error) {
	var wrong []error
	need := func(value, what, how string) {
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s is missing: %s", what, how))
		}
	}
	need(s.Pipeline, "the pipeline file", "--pipeline pipeline.yaml, or POSTCONFIRM_PIPELINE")
	need(s.Queue, "the queue", "--queue URL, or POSTCONFIRM_QUEUE_URL")
	need(s.DeadLetters, "the dead-letter queue", "--dlq URL, or POSTCONFIRM_DLQ_URL")
	if s.Lambda {
		need(s.Ledger, "the ledger", "POSTCONFIRM_LEDGER=dynamodb:TABLE")
	} else {
		need(s.Ledger, "the ledger", "--ledger sqlite:./ledger.db, or POSTCONFIRM_LEDGER")
	}
	if s.Ledger != "" {
		if kind, place, err = findLedger(s.Ledger, s.Lambda); err != nil {
			wrong = append(wrong, err)
		}
	}
	if err := s.checkMetrics(); err != nil {
		wrong = append(wrong, err)
	}
	if s.Queue != "" && s.Queue == s.DeadLetters {
		wrong = append(wrong, errors.New("the dead-letter queue is the queue itself: every dead letter would come back as a message"))
	}
	for _, n := range []struct {
		what       string
		value, max int
	}{{"--in-flight", s.InFlight, 4096}, {"--pollers", s.Pollers, 64}} {
		if n.value < 0 || n.value > n.max {
			wrong = append(wrong, fmt.Errorf("%s is %d: want 1 to %d", n.what, n.value, n.max))
		}
	}
	if _, err := s.checkWorkers(); err != nil {
		wrong = append(wrong, err)
	}
	if _, err := s.keepAnswers(); err != nil {
		wrong = append(wrong, err)
	}
	if s.InFlight == 0 {
		s.InFlight = 64
	}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Secret == nil {
		if s.Secret, err = s.findSecrets(); err != nil {
			wrong = append(wrong, err)
		}
	}
	return kind, place, errors.Join(wrong...)
}
