package main

import (
	"slices"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// watch is the worker's observer in the demo: it collects what happened to each run until the run is final.
type watch struct {
	mu   sync.Mutex
	runs map[string]*progress
	said chan final
}

type progress struct {
	deliveries int
	steps      []stepResult
}

// final is a verdict, and what happened to the run until then.
type final struct {
	verdict    worker.Verdict
	at         time.Time
	deliveries int
	steps      []stepResult
}

// newWatch makes a watch for n runs.
func newWatch(n int) *watch {
	return &watch{runs: map[string]*progress{}, said: make(chan final, 64+8*n)}
}

// Stepped notes a step's tries.
func (w *watch) Stepped(n worker.StepNote) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.progress(n.Run)
	i := slices.IndexFunc(p.steps, func(s stepResult) bool { return s.ID == n.Step })
	if i < 0 {
		p.steps = append(p.steps, stepResult{ID: n.Step, Uses: n.Uses})
		i = len(p.steps) - 1
	}
	s := &p.steps[i]
	s.State, s.Code, s.MS = string(n.State), n.Code, milliseconds(n.Took)
	s.Calls += n.Tries
}

// Finished notes a verdict, and passes it on when it is a run's first or its last.
func (w *watch) Finished(v worker.Verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.progress(v.Run)
	p.deliveries++
	if v.Run == "" || v.Outcome == worker.Duplicate || !v.Delete && p.deliveries > 1 {
		return
	}
	select {
	case w.said <- final{v, time.Now(), p.deliveries, slices.Clone(p.steps)}:
	default: // nobody watches any more
	}
	if v.Delete {
		delete(w.runs, v.Run)
	}
}

func (w *watch) progress(run string) *progress {
	p := w.runs[run]
	if p == nil {
		p = &progress{}
		w.runs[run] = p
	}
	return p
}
