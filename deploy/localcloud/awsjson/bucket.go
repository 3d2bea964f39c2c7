package awsjson

import "time"

// Bucket is a token bucket: it holds one second's worth of calls, at least one, and starts full. It is not safe for
// concurrent use.
type Bucket struct {
	rate   float64 // tokens per second
	tokens float64
	filled time.Time
}

// NewBucket makes a full bucket for a rate in calls per second, which is more than 0.
func NewBucket(rate float64, now time.Time) *Bucket {
	return &Bucket{rate: rate, tokens: max(rate, 1), filled: now}
}

// Take tells whether one more call is let through.
func (b *Bucket) Take(now time.Time) bool {
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
