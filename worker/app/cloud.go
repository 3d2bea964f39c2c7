package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

// maxAge is the default of worker.Options.MaxAge, the age at which a run is parked.
const maxAge = 5 * 24 * time.Hour

// The visibility of a function's messages.
const (
	leaseMargin     = 5 * time.Second  // a lease ends so much earlier than the message comes back
	leastVisibility = 30 * time.Second // SQS's own default (CreateQueue, Amazon SQS API reference), assumed if it can't be read
)

// checkCloud looks at what the settings point to: Regions, queue, dead-letter queue, the pools' app clients. It returns
// what it found out about the queue.
func (s *Settings) checkCloud(ctx context.Context, a *App) (amazon.About, error) {
	var wrong []error
	queues := []string{s.Queue, s.DeadLetters}
	if s.SESEvents != "" {
		queues = append(queues, s.SESEvents)
	}
	for _, url := range queues {
		if err := amazon.CheckQueueURL(url, a.Clients.Region); err != nil {
			wrong = append(wrong, err)
		}
	}
	for _, pool := range a.Pipeline.Pools {
		if region, _, _ := strings.Cut(pool, "_"); region != a.Clients.Region && s.Local == "" {
			wrong = append(wrong, fmt.Errorf("pool %s is in %s, but this worker runs in %s: one worker per Region", pool, region, a.Clients.Region))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return amazon.About{}, &Usage{err}
	}
	about, err := s.checkQueue(ctx, a)
	if err == nil {
		err = s.checkDeadLetters(ctx, a)
	}
	if err == nil {
		s.checkClients(ctx, a)
	}
	return about, err
}

// checkQueue asks for the queue's attributes. A queue that can't be asked now is a warning: the permission may be
// missing on purpose, and an outage at the start must not keep a worker from starting.
func (s *Settings) checkQueue(ctx context.Context, a *App) (amazon.About, error) {
	limit := s.Worker.MaxAge
	if limit == 0 {
		limit = maxAge
	}
	queue, err := amazon.InspectQueue(ctx, a.Clients.SQS, s.Queue)
	switch {
	case errors.Is(err, amazon.ErrNoQueue):
		return queue, &Usage{fmt.Errorf("the queue %s does not exist", s.Queue)}
	case err != nil:
		a.Warnings = append(a.Warnings, "the queue could not be inspected: "+err.Error())
		return amazon.About{Visibility: leastVisibility}, nil
	case queue.Retention < limit+24*time.Hour:
		return queue, &Usage{fmt.Errorf("the queue keeps messages for %v, but a run may be worked on for %v: a message could expire unseen. "+
			"Set MessageRetentionPeriod to 1209600 (14 days)", queue.Retention, limit)}
	case s.Lambda && queue.Visibility < leastVisibility:
		return queue, &Usage{fmt.Errorf("the queue's VisibilityTimeout is %v: a Lambda function wants six times its own time-out, "+
			"and %v at the least", queue.Visibility, leastVisibility)}
	case queue.MaxReceives > 0 && queue.MaxReceives < 100:
		a.Warnings = append(a.Warnings, fmt.Sprintf("maxReceiveCount is %d: receives are no attempts, and throttles and "+
			"shutdowns use them up. Set it to 1000; the worker decides what is a dead letter", queue.MaxReceives))
	}
	return queue, nil
}

// checkDeadLetters does the same for the dead-letter queue.
func (s *Settings) checkDeadLetters(ctx context.Context, a *App) error {
	dlq, err := amazon.InspectQueue(ctx, a.Clients.SQS, s.DeadLetters)
	switch {
	case errors.Is(err, amazon.ErrNoQueue):
		return &Usage{fmt.Errorf("the dead-letter queue %s does not exist", s.DeadLetters)}
	case err != nil:
		a.Warnings = append(a.Warnings, "the dead-letter queue could not be inspected: "+err.Error())
	case dlq.Retention < 14*24*time.Hour:
		a.Warnings = append(a.Warnings, fmt.Sprintf("the dead-letter queue keeps letters for %v only: 14 days are advised", dlq.Retention))
	}
	return nil
}
