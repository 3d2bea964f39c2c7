package sqs

import (
	"context"
	"slices"
	"time"
)

type receiveInput struct {
	QueueUrl                    string
	AttributeNames              []string // the older name of the next
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptId     string `idle:"it is for FIFO queues; AWS says nothing about it on a standard queue"`
}

type receiveOutput struct {
	Messages []received `json:",omitempty"`
}

// order is what one caller asks of a queue.
type order struct {
	most       int            // 1–10
	visibility *time.Duration // nil: the queue's
}

func (s *Service) receiveMessage(ctx context.Context, in *receiveInput) (*receiveOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	got, err := s.receive(ctx, q, in.order(), in.wait(q))
	if err != nil {
		return nil, err
	}
	out := new(receiveOutput)
	for _, m := range got {
		out.Messages = append(out.Messages, in.show(q, m))
	}
	return out, nil
}

func (in *receiveInput) check() error {
	if n := in.MaxNumberOfMessages; n != nil && (*n < 1 || *n > 10) {
		return invalidValue("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", *n)
	}
	if n := in.WaitTimeSeconds; n != nil && (*n < 0 || *n > 20) {
		return invalidValue("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", *n)
	}
	if n := in.VisibilityTimeout; n != nil {
		if err := checkVisibility(*n); err != nil {
			return err
		}
	}
	return checkSystemNames(slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames))
}

func checkVisibility(n int) error {
	if n < 0 || n > maxVisibility {
		return invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and %d, if provided.",
			n, maxVisibility)
	}
	return nil
}

func (in *receiveInput) order() order {
	o := order{most: 1}
	if in.MaxNumberOfMessages != nil {
		o.most = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		visibility := seconds(*in.VisibilityTimeout)
		o.visibility = &visibility
	}
	return o
}

func (in *receiveInput) wait(q *queue) time.Duration {
	if in.WaitTimeSeconds != nil {
		return seconds(*in.WaitTimeSeconds)
	}
	return q.settings.wait
}

// receive takes what there is, or waits for it. When too much is in flight, a short poll fails and a long poll finds
// nothing (SQS Developer Guide, "Quotas").
func (s *Service) receive(ctx context.Context, q *queue, o order, wait time.Duration) ([]*message, error) {
	if wait > 0 {
		return s.await(ctx, q, o, wait)
	}
	now := time.Now()
	if q.settle(now); q.inFlight >= s.inFlightLimit {
		return nil, overLimit(s.inFlightLimit)
	}
	return s.take(q, o, now), nil
}

// take puts up to o.most visible messages in flight. Messages whose time is up on the way go to the dead-letter queue.
func (s *Service) take(q *queue, o order, now time.Time) []*message {
	q.settle(now)
	visibility := q.settings.visibility
	if o.visibility != nil {
		visibility = *o.visibility
	}
	var got []*message
	fate := s.fate.Conditions(q.name)
	for room := min(o.most, s.inFlightLimit-q.inFlight); len(got) < room; {
		m := s.next(q, fate)
		if m == nil {
			break
		}
		if s.bury(q, m, now) {
			continue
		}
		m.receives++
		m.receivesHere++
		m.received = now
		if m.firstReceive.IsZero() {
			m.firstReceive = now.Add(fate.ClockSkew)
		}
		q.hide(m, now.Add(visibility))
		s.maybeRepeat(q, m, fate, now)
		got = append(got, m)
	}
	return got
}

// bury moves a message to the dead-letter queue if one more receive would exceed the limit of the redrive policy. Its
// id, its enqueue time and its count go with it. Without another queue to go to, the message stays.
func (s *Service) bury(q *queue, m *message, now time.Time) bool {
	policy := q.settings.redrive
	if policy == nil || m.receivesHere < policy.max {
		return false
	}
	target := s.findARN(policy.target)
	if target == nil || target == q {
		return false
	}
	q.remove(m)
	m.deadFrom, m.receivesHere = q.arn, 0
	target.put(m, now, now)
	return true
}
