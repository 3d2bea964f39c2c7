package worker

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// quiet is how long the pool must not have throttled before the budget grows again, by one call per second.
const quiet = 10 * time.Second

// Budget is the rate of Cognito writes that this deployment allows itself: a token bucket that halves when Cognito
// throttles and recovers by one call per second after every ten quiet seconds, never below one per second and never
// above its limit. It is safe for concurrent use.
type Budget struct {
	limit   rate.Limit
	limiter *rate.Limiter
	now     func() time.Time
	mu      sync.Mutex
	calm    time.Time     // since when nothing was throttled, or the last growth
	unit    rate.Limit    // this process's part of one call per second: its floor, and the step of its recovery
	shared  *sharer       // where the tokens come from when several workers share them; nil: from the limiter
	next    chan struct{} // of one: who has the limiter's next token promised; the others wait for their turn
}

// NewBudget makes a budget of so many writes per second; 0 or less is 15. now is nil for time.Now.
func NewBudget(perSecond float64, now func() time.Time) *Budget {
	if perSecond <= 0 {
		perSecond = 15
	}
	if now == nil {
		now = time.Now
	}
	burst := max(1, min(5, int(perSecond)))
	return &Budget{limit: rate.Limit(perSecond), limiter: rate.NewLimiter(rate.Limit(perSecond), burst), now: now, calm: now(),
		unit: rate.Limit(min(1, perSecond)), next: make(chan struct{}, 1)}
}

// NewPartBudget makes the budget of one of so many workers of which each takes an equal part, and which know nothing of
// each other: it has perSecond / workers writes per second, 15 / workers for 0 or less. Its floor and the step of its
// recovery are parts of one call per second likewise. Together they are what one worker would be, when all of them are
// busy; what an idle one leaves is lost. workers is at least one; now is nil for time.Now.
func NewPartBudget(perSecond float64, workers int, now func() time.Time) *Budget {
	if perSecond <= 0 {
		perSecond = 15
	}
	workers = max(1, workers)
	b := NewBudget(perSecond/float64(workers), now)
	b.unit = rate.Limit(1 / float64(workers))
	return b
}

// Take waits for one write's token. Its error is ctx's, or says before ctx ends that the token would come too late. One
// caller at a time has a token promised: what a throttle changes holds for all who wait behind.
func (b *Budget) Take(ctx context.Context) error {
	b.grow()
	if b.shared != nil {
		return b.shared.take(ctx)
	}
	select {
	case b.next <- struct{}{}:
		defer func() { <-b.next }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	b.grow()
	return b.limiter.Wait(ctx)
}

// Throttled halves the rate, and lets as many tokens go unused as a burst has: what the pool lets through is used up when
// it throttles, and one who asks on at once, be it slowly, meets an empty bucket again and again. Calls within the same
// second count once: they were all sent at the old rate.
func (b *Budget) Throttled() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.now(); now.Sub(b.calm) >= time.Second || b.limiter.Limit() == b.limit {
		b.limiter.SetLimit(max(b.unit, b.limiter.Limit()/2))
		b.limiter.ReserveN(now, b.limiter.Burst())
		b.calm = now
	}
}

// Rate is the present rate, in writes per second.
func (b *Budget) Rate() float64 {
	b.grow()
	return float64(b.limiter.Limit())
}

func (b *Budget) grow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.limiter.Limit() < b.limit && b.now().Sub(b.calm) >= quiet {
		b.limiter.SetLimit(min(b.limit, b.limiter.Limit()+b.unit))
		b.calm = b.calm.Add(quiet)
	}
}
