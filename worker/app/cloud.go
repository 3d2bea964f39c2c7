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

// checkCloud looks at what the settings point to: Regions, queue, dead-letter queue.
func (s *Settings) checkCloud(ctx context.Context, a *App) error {
	var wrong []error
	for _, url := range []string{s.Queue, s.DeadLetters} {
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
		return &Usage{err}
	}
	return s.checkQueues(ctx, a)
}

// checkQueues asks for the queues' attributes. A queue that can't be asked now is a warning: the permission may be
// missing on purpose, and an outage at the start must not keep a worker from starting.
func (s *Settings) checkQueues(ctx context.Context, a *App) error {
	limit := s.Worker.MaxAge
	if limit == 0 {
		limit = maxAge
	}
	queue, err := amazon.InspectQueue(ctx, a.Clients.SQS, s.Queue)
	switch {
	case errors.Is(err, amazon.ErrNoQueue):
		return &Usage{fmt.Errorf("the queue %s does not exist", s.Queue)}
	case err != nil:
		a.Warnings = append(a.Warnings, "the queue could not be inspected: "+err.Error())
	case queue.Retention < limit+24*time.Hour:
		return &Usage{fmt.Errorf("the queue keeps messages for %v, but a run may be worked on for %v: a message could expire unseen. "+
			"Set MessageRetentionPeriod to 1209600 (14 days)", queue.Retention, limit)}
	case queue.MaxReceives > 0 && queue.MaxReceives < 100:
		a.Warnings = append(a.Warnings, fmt.Sprintf("maxReceiveCount is %d: receives are no attempts, and throttles and "+
			"shutdowns use them up. Set it to 1000; the worker decides what is a dead letter", queue.MaxReceives))
	}
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
