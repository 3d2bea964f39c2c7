package sqs

import (
	"time"

	"github.com/postconfirm/postconfirm/deploy/localcloud/awsjson"
)

// Standard queues deliver at least once and in no certain order (SQS Developer Guide, "Amazon SQS standard queues").
// This fake does so only when the cloud's switches say so.

// reach is how far from the front a delivery out of turn may be.
const reach = 1000

// Suffer takes over the cloud's switches and dice.
func (s *Service) Suffer(fate awsjson.Fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate = fate
}

// clock is what a queue's clock shows. The caller holds the lock.
func (s *Service) clock(queue string, now time.Time) time.Time {
	return now.Add(s.fate.Conditions(queue).ClockSkew)
}

// next is the visible message to be delivered, nil if there is none.
func (s *Service) next(q *queue, fate awsjson.Conditions) *message {
	n := min(q.visible.Len(), reach)
	if fate.ReorderRate == 0 || n < 2 || s.fate.Dice() >= fate.ReorderRate {
		return q.front()
	}
	e := q.visible.Front()
	for range int(s.fate.Dice() * float64(n)) {
		e = e.Next()
	}
	return e.Value.(*message)
}

// maybeRepeat prepares the second delivery of a message that is just being delivered. It is a message of its own, so
// that deleting the one leaves the other; only its id says that they are the same.
func (s *Service) maybeRepeat(q *queue, m *message, fate awsjson.Conditions, now time.Time) {
	if fate.DuplicateRate == 0 || m.repeated || s.fate.Dice() >= fate.DuplicateRate {
		return
	}
	s.messages++
	again := *m
	again.number, again.repeated, again.inFlight = s.messages, true, false
	again.hiddenUntil = now.Add(time.Duration(s.fate.Dice() * float64(fate.DuplicateWithin)))
	q.repeats.add(&again)
}
