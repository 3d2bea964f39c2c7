package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// maxPinned is how many pipeline files beside its own a worker keeps ready.
const maxPinned = 8

// pinned are workers on other pipeline files: for runs that an operator replays with the file of then. They share the
// write budget and the ports; each has breakers of its own.
type pinned struct {
	mu      sync.Mutex
	workers map[string]*Worker // by hash
}

// ErrNoPipeline says that a pipeline file is not kept, or can't be used any more: asking again does not help.
var ErrNoPipeline = errors.New("there is no such pipeline file")

// pipelineUnavailable is why a run is parked whose message wants a pipeline file that can't be had.
const pipelineUnavailable = "pipeline_unavailable"

// of is the worker for a pipeline file's hash: w itself for its own, and for messages that want none.
func (w *Worker) of(ctx context.Context, hash string) (*Worker, error) {
	if hash == "" || hash == w.pipeline.Hash {
		return w, nil
	}
	w.pinned.mu.Lock()
	defer w.pinned.mu.Unlock()
	if other := w.pinned.workers[hash]; other != nil {
		return other, nil
	}
	if w.options.Pipelines == nil {
		return w, ErrNoPipeline
	}
	p, err := w.options.Pipelines(ctx, hash)
	if err != nil {
		return w, err
	}
	o := w.options
	o.Owner, o.Pipelines = o.Owner+"-"+hash[:min(8, len(hash))], nil
	if w.pinned.workers == nil || len(w.pinned.workers) >= maxPinned {
		w.pinned.workers = map[string]*Worker{}
	}
	other := New(p, w.ports, &o)
	w.pinned.workers[hash] = other
	return other, nil
}

// withoutPipeline keeps a message whose pipeline file can't be had now: nothing is charged, and nothing is done with
// another file in its place. When waiting does not help, or did not, a person has to look: the run is parked.
func (w *Worker) withoutPipeline(ctx context.Context, d Delivery, m event.Message, err error) Verdict {
	w.options.Log.Error("worker: find pipeline", "run", m.Key(), "pipeline", m.Pipeline, "error", err.Error())
	age := w.options.Now().Sub(d.Sent)
	if age > w.options.MaxAge || errors.Is(err, ErrNoPipeline) && age > w.options.Grace {
		return w.handleRun(ctx, d, m, pipelineUnavailable)
	}
	return Verdict{Outcome: Released, Reason: pipelineUnavailable, Hide: min(time.Minute, w.options.HideMax), Run: m.Key()}
}
