package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Hints is what the workers of a deployment tell each other about sick dependencies: what one has learned, one that has
// just been started need not learn again. A hint says until when a dependency is left alone; it stays when that time is
// over, until somebody has seen the dependency well. An implementation passes the suite in worker/workertest.
type Hints interface {
	// Hints reads all hints there are: by the name of the dependency, until when it is left alone.
	Hints(ctx context.Context) (map[string]time.Time, error)
	// Move changes a dependency's hint from one time to another, both to the nanosecond, if it still is the first; the
	// zero time is no hint. Of many who move a hint from the same time, one has moved it.
	Move(ctx context.Context, dependency string, from, until time.Time) (moved bool, err error)
}

// The manners of the board.
const (
	hintAge      = 5 * time.Second        // hints are read again after it
	hintPatience = 300 * time.Millisecond // for hints, before a call and again after it
	hintStale    = time.Hour              // a hint that ended so long ago says nothing any more
)

// board is what this process knows of the others' hints, and tells them. While there is a hint, calls to its dependency
// are kept away like those of an open breaker; when its time is over, whoever moves it on makes the one call that
// probes, and takes it away if that call is answered. So a sick dependency is called once in each probe interval by all
// workers together, however many are started meanwhile.
//
// A hint that can't be read or moved is no hint: then each process has its own breaker, as ever. A nil board knows none.
type board struct {
	port   Hints
	probe  time.Duration
	now    func() time.Time
	random func() float64
	log    *slog.Logger
	turn   chan struct{} // of one; whoever has it reads

	mu    sync.Mutex
	read  time.Time
	known map[string]hint
}

// hint is one dependency's.
type hint struct {
	until   time.Time // as it is stored
	opens   time.Time // when we may try to be the probe: not all at the same moment
	changed time.Time // by ourselves
}

func newBoard(o Options) *board {
	if o.Hints == nil {
		return nil
	}
	return &board{port: o.Hints, probe: o.Probe, now: o.Now, random: o.Rand, log: o.Log, turn: make(chan struct{}, 1), known: map[string]hint{}}
}

// admit is how long a call has to be kept away; 0 lets it go on. It takes 300 ms at the most.
func (b *board) admit(ctx context.Context, name string) time.Duration {
	if b == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, hintPatience)
	defer cancel()
	b.refresh(ctx)
	from, wait := b.look(name)
	if from.IsZero() || wait > 0 {
		return wait
	}
	if moved, err := b.move(ctx, name, from, b.now().Add(b.probe)); !moved && err == nil {
		return b.probe // somebody else is the probe
	}
	return 0
}

// refresh reads the hints if they were not read lately. One reads, and the others wait for it.
func (b *board) refresh(ctx context.Context) {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return
	}
	began := b.now()
	b.mu.Lock()
	due := began.Sub(b.read) >= hintAge
	b.mu.Unlock()
	if !due {
		return
	}
	all, err := b.port.Hints(ctx)
	if err != nil {
		b.log.Warn("worker: read hints", "error", err.Error())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.read = began; err == nil {
		b.learn(all, began)
	}
}

// learn takes over what was read, but for what we have changed since.
func (b *board) learn(all map[string]time.Time, began time.Time) {
	for name, h := range b.known {
		if _, there := all[name]; !there && h.changed.Before(began) {
			delete(b.known, name)
		}
	}
	for name, until := range all {
		h, ours := b.known[name]
		if (ours && (h.until.Equal(until) || !h.changed.Before(began))) || began.Sub(until) > hintStale {
			continue
		}
		b.known[name] = hint{until: until, opens: until.Add(time.Duration(b.random() * float64(b.probe) / 10))}
	}
}

// look finds a dependency's hint, if there is one, and how long it keeps calls away.
func (b *board) look(name string) (until time.Time, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.known[name]
	if now := b.now(); now.Before(h.opens) {
		return h.until, h.opens.Sub(now)
	}
	return h.until, 0
}

// move moves a hint, unless another goroutine of this process does already. We believe in the new one at once: whoever
// else moves it does it for the same reason.
func (b *board) move(ctx context.Context, name string, from, until time.Time) (moved bool, err error) {
	b.mu.Lock()
	same := b.known[name].until.Equal(from)
	if same {
		b.known[name] = hint{until: until, opens: until, changed: b.now()}
	}
	b.mu.Unlock()
	if !same {
		return false, nil
	}
	if moved, err = b.port.Move(ctx, name, from, until); err != nil {
		b.log.Warn("worker: move hint", "dependency", name, "error", err.Error())
	}
	return moved, err
}

// tell says what became of a call: the dependency is well, or thought sick. It takes 300 ms at the most.
func (b *board) tell(ctx context.Context, name string, well, sick bool) {
	if b == nil || !well && !sick {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hintPatience)
	defer cancel()
	from, wait := b.look(name)
	switch {
	case well && !from.IsZero():
		_, _ = b.move(ctx, name, from, time.Time{}) // a hint that stays makes the next call a probe
	case sick && wait == 0:
		_, _ = b.move(ctx, name, from, b.now().Add(b.probe)) // who does not hear of it finds out
	}
}

// hinted tells whether a dependency was sick, and nobody has seen it well since.
func (b *board) hinted(name string) bool {
	if b == nil {
		return false
	}
	until, _ := b.look(name)
	return !until.IsZero()
}

// keepsAway tells whether a hint keeps calls away now.
func (b *board) keepsAway(name string) bool {
	if b == nil {
		return false
	}
	_, wait := b.look(name)
	return wait > 0
}
