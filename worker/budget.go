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
	calm    time.Time // since when nothing was throttled, or the last growth
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
	return &Budget{limit: rate.Limit(perSecond), limiter: rate.NewLimiter(rate.Limit(perSecond), burst), now: now, calm: now()}
}

// Take waits for one write's token. Its error is ctx's, or says at once that ctx would end before the token comes.
func (b *Budget) Take(ctx context.Context) error {
	b.grow()
	return b.limiter.Wait(ctx)
}

// Throttled halves the rate. Calls within the same second count once: they were all sent at the old rate.
func (b *Budget) Throttled() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := b.now(); now.Sub(b.calm) >= time.Second || b.limiter.Limit() == b.limit {
		b.limiter.SetLimit(max(1, b.limiter.Limit()/2))
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
		b.limiter.SetLimit(min(b.limit, b.limiter.Limit()+1))
		b.calm = b.calm.Add(quiet)
	}
}
