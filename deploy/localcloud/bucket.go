package localcloud

import "time"

// bucket is a token bucket: it holds one second's worth of calls, at least one, and starts full.
type bucket struct {
	rate   float64 // tokens per second
	tokens float64
	filled time.Time
}

func newBucket(rate float64, now time.Time) *bucket {
	return &bucket{rate: rate, tokens: max(rate, 1), filled: now}
}

// take tells whether one more call is let through.
func (b *bucket) take(now time.Time) bool {
	b.tokens = min(b.tokens+now.Sub(b.filled).Seconds()*b.rate, max(b.rate, 1))
	b.filled = now
	// A caller who keeps exactly to the rate must not fail on a rounding error.
	const rounding = 1e-9
	if b.tokens < 1-rounding {
		return false
	}
	b.tokens--
	return true
}
