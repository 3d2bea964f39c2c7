package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// deleteBatch is how many messages one DeleteMessageBatch takes (Amazon SQS API reference).
const deleteBatch = 10

// maxDeletes is how many deletes are on their way at once.
const maxDeletes = 4

// deleter collects finished messages and deletes them ten at a time, or what there is after a linger. What the queue
// keeps in spite of it comes back and is deleted then: the ledger knows that it is done. It collects on while a few
// deletes are on their way, so that a slow queue slows nobody down.
type deleter struct {
	queue  Queue
	linger time.Duration
	log    *slog.Logger
	in     chan Delivery
}

// run works until in is closed, and deletes what it has before it returns.
func (d *deleter) run(ctx context.Context) {
	var batch []Delivery
	var under sync.WaitGroup
	defer under.Wait()
	room := make(chan struct{}, maxDeletes)
	flush := func() {
		full := batch
		batch = nil
		room <- struct{}{}
		under.Go(func() {
			d.flush(ctx, full)
			<-room
		})
	}
	linger := time.NewTimer(d.linger)
	linger.Stop()
	for {
		select {
		case m, open := <-d.in:
			if !open {
				flush()
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
		flush()
	}
}

func (d *deleter) flush(ctx context.Context, batch []Delivery) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
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
