package worker

import (
	"context"
	"log/slog"
	"time"
)

// deleteBatch is how many messages one DeleteMessageBatch takes (Amazon SQS API reference).
const deleteBatch = 10

// deleter collects finished messages and deletes them ten at a time, or what there is after a linger. What the queue
// keeps in spite of it comes back and is deleted then: the ledger knows that it is done.
type deleter struct {
	queue  Queue
	linger time.Duration
	log    *slog.Logger
	in     chan Delivery
}

// run works until in is closed, and deletes what it has before it returns.
func (d *deleter) run(ctx context.Context) {
	var batch []Delivery
	linger := time.NewTimer(d.linger)
	linger.Stop()
	for {
		select {
		case m, open := <-d.in:
			if !open {
				d.flush(ctx, batch)
				return
			}
			if batch = append(batch, m); len(batch) == 1 {
				linger.Reset(d.linger)
			}
			if len(batch) < deleteBatch {
				continue
			}
		case <-linger.C:
		}
		linger.Stop()
		d.flush(ctx, batch)
		batch = nil
	}
}

func (d *deleter) flush(ctx context.Context, batch []Delivery) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for range 2 {
		failed, err := d.queue.Delete(ctx, batch)
		switch {
		case err != nil:
			d.log.Warn("worker: delete", "messages", len(batch), "error", err.Error())
		case len(failed) == 0:
			return
		default:
			batch = failed
		}
	}
}
