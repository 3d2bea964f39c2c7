package fake

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Hints is a worker.Hints in memory. Its zero value has no hint and is ready; it is safe for concurrent use, and what all
// workers of a test share.
type Hints struct {
	mu    sync.Mutex
	until map[string]time.Time
	reads int
	moves int
	down  error
}

var _ worker.Hints = (*Hints)(nil)

// Down makes every call fail with err until Down(nil).
func (h *Hints) Down(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = err
}

// Calls counts the calls so far, those that failed included.
func (h *Hints) Calls() (reads, moves int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reads, h.moves
}

// Hints is worker.Hints'.
func (h *Hints) Hints(ctx context.Context) (map[string]time.Time, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads++
	return maps.Clone(h.until), h.down
}

// Move is worker.Hints'.
func (h *Hints) Move(ctx context.Context, dependency string, from, until time.Time) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.moves++
	if h.down != nil || !h.until[dependency].Equal(from) {
		return false, h.down
	}
	if h.until == nil {
		h.until = map[string]time.Time{}
	}
	if h.until[dependency] = until; until.IsZero() {
		delete(h.until, dependency)
	}
	return true, nil
}
