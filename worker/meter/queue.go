package meter

import (
	"context"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// queue counts the calls to the queue behind it.
type queue struct {
	worker.Queue
	meter *Meter
}

// Queue is q with its calls counted. A call that the caller gave up is not.
func (m *Meter) Queue(q worker.Queue) worker.Queue { return &queue{q, m} }

// Received is when a receive last succeeded, with messages or without; zero if none has yet.
func (m *Meter) Received() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.received
}

// Receive is the queue's.
func (q *queue) Receive(ctx context.Context) ([]worker.Delivery, error) {
	batch, err := q.Queue.Receive(ctx)
	q.called(ctx, "receive", err == nil)
	if err == nil {
		q.meter.mu.Lock()
		q.meter.received = q.meter.options.Now()
		q.meter.mu.Unlock()
	}
	if len(batch) > 0 {
		q.meter.add(receivedTotal, float64(len(batch)))
	}
	return batch, err
}

// Delete is the queue's.
func (q *queue) Delete(ctx context.Context, batch []worker.Delivery) ([]worker.Delivery, error) {
	failed, err := q.Queue.Delete(ctx, batch)
	q.called(ctx, "delete", err == nil && len(failed) == 0)
	return failed, err
}

// Hide is the queue's.
func (q *queue) Hide(ctx context.Context, m worker.Delivery, d time.Duration) error {
	err := q.Queue.Hide(ctx, m, d)
	q.called(ctx, "hide", err == nil)
	return err
}

func (q *queue) called(ctx context.Context, operation string, ok bool) {
	switch {
	case ok:
		q.meter.add(queueCallsTotal, 1, operation, "ok")
	case ctx.Err() != context.Canceled:
		q.meter.add(queueCallsTotal, 1, operation, "error")
	}
}
