package sqs

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// settleTime is how long AWS needs to forget a deleted queue's name, and to purge a queue.
const settleTime = 60 * time.Second

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type queueURL struct{ QueueUrl string }

// createQueue makes a queue, or returns the one of that name if what is asked for is what it has.
func (s *Service) createQueue(ctx context.Context, in *createQueueInput) (*queueURL, error) {
	if err := checkName(in.QueueName); err != nil {
		return nil, err
	}
	now := s.enter()
	defer s.mu.Unlock()
	out := &queueURL{s.url(ctx, in.QueueName)}
	if q := s.queues[in.QueueName]; q != nil {
		return out, q.sameAs(in.Attributes)
	}
	if at, ok := s.deleted[in.QueueName]; ok && now.Before(at.Add(settleTime)) {
		return nil, deletedRecently()
	}
	c, err := defaultSettings().with(in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := s.checkRedrive(s.arn(in.QueueName), c.redrive); err != nil {
		return nil, err
	}
	tags, err := withTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	s.born++
	q := newQueue(in.QueueName, s.arn(in.QueueName), s.born, s.clock(in.QueueName, now), c)
	q.tags = tags
	s.queues[q.name] = q
	delete(s.deleted, q.name)
	return out, nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return missing("QueueName")
	case strings.HasSuffix(name, ".fifo"):
		return notOffered("FIFO queues (queue %s)", name)
	case !validWord(name):
		return invalidValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

// sameAs tells, as an error, which of the attributes asked for differs from what the queue has.
func (q *queue) sameAs(attributes map[string]string) error {
	c, err := q.settings.with(attributes)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if c.raw[name] != q.settings.raw[name] {
			return queueExists(name)
		}
	}
	return nil
}

type queueInput struct{ QueueUrl string }

// deleteQueue removes a queue with all that is in it; long polls on it end with QueueDoesNotExist.
func (s *Service) deleteQueue(_ context.Context, in *queueInput) (*empty, error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	delete(s.queues, q.name)
	s.deleted[q.name] = now
	q.gone = true
	q.clear()
	return nil, nil
}

func (s *Service) purgeQueue(_ context.Context, in *queueInput) (*empty, error) {
	now := s.enter()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if !q.purged.IsZero() && now.Before(q.purged.Add(settleTime)) {
		return nil, purgeInProgress(q.name)
	}
	q.purged = now
	q.clear()
	return nil, nil
}

type getQueueURLInput struct{ QueueName, QueueOwnerAWSAccountId string }

func (s *Service) getQueueURL(ctx context.Context, in *getQueueURLInput) (*queueURL, error) {
	if in.QueueName == "" {
		return nil, missing("QueueName")
	}
	s.enter()
	defer s.mu.Unlock()
	if s.queues[in.QueueName] == nil || or(in.QueueOwnerAWSAccountId, s.account) != s.account {
		return nil, noSuchQueue()
	}
	return &queueURL{s.url(ctx, in.QueueName)}, nil
}
