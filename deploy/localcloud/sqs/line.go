package sqs

import (
	"container/list"
	"context"
	"time"
)

// line is where long polls wait, first come, first served. Only the first in line is ever woken, and whoever leaves
// wakes the new first: so one message wakes one caller, and no wake is lost with a caller who gives up. Its methods
// are called under the service's lock.
type line struct {
	waiting list.List // of *waiter
}

// waiter is one long poll in line.
type waiter struct {
	place *list.Element
	woken chan struct{} // holds at most one wake
}

func (l *line) join() *waiter {
	w := &waiter{woken: make(chan struct{}, 1)}
	w.place = l.waiting.PushBack(w)
	return w
}

func (l *line) leave(w *waiter) {
	l.waiting.Remove(w.place)
	l.wake()
}

func (l *line) first(w *waiter) bool { return l.waiting.Front() == w.place }

// wake tells the first in line that the queue has changed.
func (l *line) wake() {
	first := l.waiting.Front()
	if first == nil {
		return
	}
	select {
	case first.Value.(*waiter).woken <- struct{}{}:
	default: // it is told already
	}
}

// await takes messages as soon as there are any. It returns none, and no error, when the wait is over; and it takes
// none once the caller has gone. The caller holds the lock, which await gives up only while it is blocked.
func (s *Service) await(ctx context.Context, q *queue, o order, wait time.Duration) ([]*message, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	w := q.line.join()
	defer q.line.leave(w)
	for over := false; ; {
		switch {
		case ctx.Err() != nil:
			return nil, calledOff()
		case q.gone:
			return nil, noSuchQueue()
		}
		if got := s.take(q, o, time.Now()); len(got) > 0 || over {
			return got, nil
		}
		over = s.block(ctx, w, end, s.nextChange(q, w))
		s.advanceTasks(time.Now())
	}
}

// block sleeps without the lock until something may have changed, and tells whether the wait is over.
func (s *Service) block(ctx context.Context, w *waiter, end *time.Timer, change <-chan time.Time) (over bool) {
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-w.woken:
	case <-change:
	case <-ctx.Done():
	case <-end.C:
		return true
	}
	return false
}

// nextChange is a clock for the first in line, who watches it for all the others: it ticks when a hidden message
// becomes visible, a second delivery comes or a move task is due.
func (s *Service) nextChange(q *queue, w *waiter) <-chan time.Time {
	if !q.line.first(w) {
		return nil
	}
	next := s.nextTick()
	for _, h := range []*messageHeap{q.hidden, q.repeats} {
		if m := h.top(); m != nil && (next.IsZero() || m.hiddenUntil.Before(next)) {
			next = m.hiddenUntil
		}
	}
	if next.IsZero() {
		return nil
	}
	return time.After(time.Until(next))
}
