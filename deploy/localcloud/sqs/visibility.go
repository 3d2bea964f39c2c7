package sqs

import (
	"context"
	"time"
)

type visibilityInput struct {
	QueueUrl          string
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (s *Service) changeMessageVisibility(_ context.Context, in *visibilityInput) (*empty, error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.settle(now)
	return nil, q.changeVisibility(in.ReceiptHandle, in.VisibilityTimeout, now)
}

// changeVisibility lets a message be hidden for a new time, counted from now. The latest receipt alone can do so, and
// only while it holds; all in all a receive hides a message for twelve hours at most (SQS API Reference,
// ChangeMessageVisibility; SQS Developer Guide, "Visibility timeout").
func (q *queue) changeVisibility(handle string, timeout *int, now time.Time) error {
	switch {
	case handle == "":
		return missing("ReceiptHandle")
	case timeout == nil:
		return missing("VisibilityTimeout")
	}
	if err := checkVisibility(*timeout); err != nil {
		return err
	}
	m, current, err := q.held(handle)
	switch {
	case err != nil:
		return err
	case m == nil:
		return invalidValue("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "+
			"available for visibility timeout change.", handle)
	case !current || !m.inFlight:
		return notInFlight()
	}
	until := now.Add(seconds(*timeout))
	switch {
	case until.After(m.received.Add(seconds(maxVisibility))):
		return invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for "+
			"the message is beyond the limit [%d seconds]", *timeout, maxVisibility)
	case until.After(now):
		q.hide(m, until)
	default:
		q.show(m)
	}
	return nil
}

type visibilityBatchInput struct {
	QueueUrl string
	Entries  []visibilityEntry
}

type visibilityEntry struct {
	Id                string
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (e visibilityEntry) id() string { return e.Id }

func (s *Service) changeMessageVisibilityBatch(_ context.Context, in *visibilityBatchInput) (*batchOutput[doneEntry], error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("ChangeMessageVisibility", in.Entries); err != nil {
		return nil, err
	}
	q.settle(now)
	return eachEntry(in.Entries, func(e visibilityEntry) (doneEntry, error) {
		return doneEntry{e.Id}, q.changeVisibility(e.ReceiptHandle, e.VisibilityTimeout, now)
	}), nil
}
