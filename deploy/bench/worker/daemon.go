package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/secretenv"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/sqlite"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// pipeline is one question and one attribute.
const pipeline = `version: 1
pools: [%s]
steps:
  - id: company
    uses: http
    with:
      url: %s/companies/find
      query: { domain: "${{ user.email_domain }}" }
attributes:
  custom:company: ${{ steps.company.body.name }}
`

// writes is a budget that never makes anybody wait: Cognito's quota is not what is measured.
const writes = 100_000

// writePipeline puts the pipeline file into the job's folder.
func (j job) writePipeline() (path string, err error) {
	path = filepath.Join(j.Dir, "pipeline.yaml")
	return path, os.WriteFile(path, fmt.Appendf(nil, pipeline, j.World.Pool, j.World.Vendor), 0o600)
}

// log formats its lines, as the worker's does, and drops them.
func (j job) log() *slog.Logger { return slog.New(slog.NewJSONHandler(io.Discard, nil)) }

// watch counts the users that are finished, and knows when all are.
type watch struct {
	left     atomic.Int64
	finished func()
	all      chan struct{}
}

func newWatch(users int) *watch {
	w := &watch{all: make(chan struct{})}
	w.left.Store(int64(users))
	return w
}

// Stepped is not counted.
func (w *watch) Stepped(worker.StepNote) {}

// Finished counts what is done.
func (w *watch) Finished(v worker.Verdict) {
	if v.Outcome != worker.Completed {
		return
	}
	w.finished()
	if w.left.Add(-1) == 0 {
		close(w.all)
	}
}

// run runs a daemon until all users are finished.
func (w *watch) run(ctx context.Context, finished func(), daemon func(context.Context) error) error {
	w.finished = finished
	ctx, stop := context.WithTimeout(ctx, 4*time.Minute)
	defer stop()
	go func() {
		select {
		case <-w.all:
			stop()
		case <-ctx.Done():
		}
	}()
	if err := daemon(ctx); err != nil {
		return err
	}
	if left := w.left.Load(); left > 0 {
		return fmt.Errorf("%d users are not finished", left)
	}
	return nil
}

// daemon is the worker as cmd/worker runs it.
type daemon struct {
	*watch
	app *app.App
}

func newDaemon(ctx context.Context, j job) (*daemon, error) {
	path, err := j.writePipeline()
	if err != nil {
		return nil, err
	}
	d := &daemon{watch: newWatch(j.Plan.Users)}
	d.app, err = app.New(ctx, app.Settings{Pipeline: path, Queue: j.World.Queue, DeadLetters: j.World.DeadLetters,
		Ledger: "sqlite:" + filepath.Join(j.Dir, "ledger.db"), AllowLoopback: true, InFlight: j.Plan.InFlight, Log: j.log(),
		Local: j.World.Cloud, Region: j.World.Region,
		Worker: worker.Options{Budget: worker.NewBudget(writes, nil), Observer: d.watch}})
	return d, err
}

func (d *daemon) work(ctx context.Context, finished func()) error {
	return d.run(ctx, finished, d.app.Run)
}

func (d *daemon) stats(c *cost) {
	if counted, ok := d.app.Ledger.(interface{ Stats() sqlite.Stats }); ok {
		s := counted.Stats()
		c.Commits, c.Saves = s.Commits, s.Requests
	}
	_ = d.app.Close()
}

// inMemory is the same worker with a ledger that forgets.
type inMemory struct {
	*watch
	daemon *worker.Daemon
}

func newInMemory(ctx context.Context, j job) (*inMemory, error) {
	path, err := j.writePipeline()
	if err != nil {
		return nil, err
	}
	p, err := app.Load(path, connect.NewClient(&connect.Options{AllowLoopback: true, Idle: j.Plan.InFlight}))
	if err != nil {
		return nil, err
	}
	c, err := j.clients(ctx)
	if err != nil {
		return nil, err
	}
	m := &inMemory{watch: newWatch(j.Plan.Users)}
	queue := amazon.NewQueue(c.SQS, j.World.Queue, nil)
	w := worker.New(p, worker.Ports{Queue: queue, DeadLetters: amazon.NewDeadLetters(c.SQS, j.World.DeadLetters),
		Directory: amazon.NewDirectory(c.Cognito), Ledger: &fake.Ledger{}, Secrets: secretenv.Store{}},
		&worker.Options{Budget: worker.NewBudget(writes, nil), Observer: m.watch, Log: j.log()})
	m.daemon = worker.NewDaemon(queue, w, &worker.DaemonOptions{InFlight: j.Plan.InFlight, Log: j.log()})
	return m, nil
}

func (m *inMemory) work(ctx context.Context, finished func()) error {
	return m.run(ctx, finished, func(ctx context.Context) error {
		m.daemon.Run(ctx)
		return nil
	})
}

// clients are the SDK clients as worker/app makes them.
func (j job) clients(ctx context.Context) (*amazon.Clients, error) {
	return amazon.Connect(ctx, &amazon.ConnectOptions{Region: j.World.Region, LocalCloud: j.World.Cloud, Connections: 2 * j.Plan.InFlight})
}
