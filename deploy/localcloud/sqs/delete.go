package sqs

import "context"

type deleteInput struct {
	QueueUrl      string
	ReceiptHandle string
}

func (s *Service) deleteMessage(_ context.Context, in *deleteInput) (*empty, error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	q.settle(now)
	return nil, q.delete(in.ReceiptHandle)
}

// delete removes the message of a receipt. It says yes also to an old receipt, without deleting, and to one whose
// message is gone (SQS API Reference, DeleteMessage); the latest receipt works even after its time is up.
func (q *queue) delete(handle string) error {
	if handle == "" {
		return missing("ReceiptHandle")
	}
	m, current, err := q.held(handle)
	if err != nil {
		return err
	}
	if m != nil && current {
		q.remove(m)
	}
	return nil
}

type deleteBatchInput struct {
	QueueUrl string
	Entries  []deleteEntry
}

type deleteEntry struct{ Id, ReceiptHandle string }

func (e deleteEntry) id() string { return e.Id }

// doneEntry is the answer to an entry that has nothing else to say.
type doneEntry struct{ Id string }

func (s *Service) deleteMessageBatch(_ context.Context, in *deleteBatchInput) (*batchOutput[doneEntry], error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := checkBatch("DeleteMessage", in.Entries); err != nil {
		return nil, err
	}
	q.settle(now)
	return eachEntry(in.Entries, func(e deleteEntry) (doneEntry, error) {
		return doneEntry{e.Id}, q.delete(e.ReceiptHandle)
	}), nil
}
