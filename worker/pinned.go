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

// errNoPipelines says that this worker can't find other pipeline files.
var errNoPipelines = errors.New("this worker knows no other pipeline file")

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
		return w, errNoPipelines
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
// another file in its place.
func (w *Worker) withoutPipeline(m event.Message, err error) Verdict {
	w.options.Log.Error("worker: find pipeline", "run", m.Key(), "pipeline", m.Pipeline, "error", err.Error())
	return Verdict{Outcome: Released, Reason: "pipeline_unavailable", Hide: min(time.Minute, w.options.HideMax), Run: m.Key()}
}
