package worker

import "time"

// The budget of repeats.
const (
	maxRepeats = 20          // at once
	perSuccess = 0.2         // earned by each call that succeeds
	perRepeat  = time.Minute // in which one is earned by waiting
)

// repeats is how many calls of one dependency may still be repeated within seconds of their failure. Where every second
// call fails, repeating each would double the load on a system that can't bear it now; so repeats are earned by calls
// that succeed, and when they are spent, failures wait in the queue. That a vendor is so sick is not the users' fault.
type repeats struct {
	left float64
	at   time.Time // until when waiting was counted
}

func (r *repeats) earn(n float64) { r.left = min(maxRepeats, r.left+n) }

// spent tells whether not one repeat is left.
func (r *repeats) spent(now time.Time) bool {
	if waited := now.Sub(r.at); waited > 0 {
		r.earn(float64(waited) / float64(perRepeat))
	}
	r.at = now
	return r.left < 1
}

// take takes one repeat, if there is one left.
func (r *repeats) take(now time.Time) bool {
	if r.spent(now) {
		return false
	}
	r.left--
	return true
}
