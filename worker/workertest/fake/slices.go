package fake

import (
	"context"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Slices is a worker.Slices in memory. Its zero value is an empty line, ready; it is safe for concurrent use, and what
// all workers of a test share.
type Slices struct {
	mu    sync.Mutex
	end   time.Time
	clock time.Time
	calls int
	lost  int
	down  error
}

var _ worker.Slices = (*Slices)(nil)

// Down makes every call fail with err until Down(nil).
func (s *Slices) Down(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

// Lose makes the next n calls take their slice and answer with context.DeadlineExceeded all the same.
func (s *Slices) Lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = n
}

// Calls counts the calls so far, those that failed included.
func (s *Slices) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Lease is worker.Slices'.
func (s *Slices) Lease(ctx context.Context, a worker.Ask) (worker.Slice, error) {
	if ctx.Err() != nil {
		return worker.Slice{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down != nil {
		return worker.Slice{}, s.down
	}
	slice := a.Fit(s.end)
	slice.Clock = s.clock
	if slice.Granted > 0 {
		s.clock, s.end = a.Now, slice.From.Add(time.Duration(slice.Granted)*a.Each)
	}
	if s.lost > 0 {
		s.lost--
		return worker.Slice{}, context.DeadlineExceeded
	}
	return slice, nil
}
