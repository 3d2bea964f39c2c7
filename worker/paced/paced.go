// Package paced sends many messages to the worker's queue for operators' programs: in batches, at a pace, with a few
// tries.
//
// It promises: never more than the rate in any second, beyond one batch; a call that is under way is not cut when the
// context ends, so that the count of what was sent is right; what the queue refused is tried again, and what it goes on
// refusing ends the work with an error. It refuses to remember: who was killed begins anew, and a message that is sent
// twice must be harmless.
package paced

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"
)

// Sender puts messages on the worker's queue.
type Sender interface {
	// Send sends the bodies; unsent are the indices of those that the queue is not known to have.
	Send(ctx context.Context, bodies [][]byte) (unsent []int, err error)
}

const (
	largest    = 10 // messages of one batch
	tries      = 3
	firstPause = time.Second // before the second try; it doubles
	callTime   = 30 * time.Second
)

// Post collects messages and sends them. It is not safe for concurrent use.
type Post struct {
	// Sent is how many messages the queue has.
	Sent    int
	sender  Sender
	limiter *rate.Limiter
	bodies  [][]byte
}

// New makes a Post for so many messages per second, which must be positive.
func New(s Sender, perSecond float64) *Post {
	return &Post{sender: s, limiter: rate.NewLimiter(rate.Limit(perSecond), min(largest, max(1, int(perSecond))))}
}

// Add takes a message, and sends all that it has when they are a batch.
func (p *Post) Add(ctx context.Context, body []byte) error {
	p.bodies = append(p.bodies, body)
	if len(p.bodies) < p.limiter.Burst() {
		return nil
	}
	return p.Flush(ctx)
}

// Flush sends what is there. The error is that of ctx if it ended, else the sender's last.
func (p *Post) Flush(ctx context.Context) error {
	if len(p.bodies) == 0 {
		return nil
	}
	if err := p.limiter.WaitN(ctx, len(p.bodies)); err != nil {
		return cause(ctx, err)
	}
	return Try(ctx, func(ctx context.Context) error {
		unsent, err := p.sender.Send(ctx, p.bodies)
		var left [][]byte
		for _, i := range unsent {
			left = append(left, p.bodies[i])
		}
		p.Sent += len(p.bodies) - len(left)
		if p.bodies = left; len(left) == 0 {
			return nil
		}
		return fmt.Errorf("send: %w", err)
	})
}

// Try calls f until it succeeds, three times at most, with 1 s and 2 s between. The context of f outlasts ctx by up to 30 s.
func Try(ctx context.Context, f func(context.Context) error) (err error) {
	for try := range tries {
		if try > 0 && !wait(ctx, firstPause<<(try-1)) {
			break
		}
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
		err = f(call)
		cancel()
		if err == nil {
			return nil
		}
	}
	return cause(ctx, err)
}

// wait is false if ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// cause is the end of ctx, if it has ended.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
