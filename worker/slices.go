package worker

import (
	"context"
	"time"
)

// Slices is how several workers share one write budget: a line of time that belongs to the whole deployment, of which
// each worker leases slices. A slot on the line is the right to start one write at its time, so writes keep their
// distance whoever makes them. An implementation passes the suite in worker/workertest.
type Slices interface {
	// Lease takes slots at the end of the line, one behind the other, and never before a.Now: what nobody took until
	// then is lost. It takes as many of a.Want as end no later than a.Edge, and none is no error. No two calls, of
	// whatever worker, get the same part of the line. After an error slots may have been taken: nobody has them then.
	Lease(ctx context.Context, a Ask) (Slice, error)
}

// Ask says what a worker wants of the line. Its times are of the worker's own clock.
type Ask struct {
	Want int           // slots; at least one
	Each time.Duration // length of one slot: the distance to the next one
	Now  time.Time     // no slot begins earlier
	Edge time.Time     // no slot ends later
}

// Slice is a part of the line.
type Slice struct {
	Granted int       // slots; 0 when none ends before the edge
	From    time.Time // when the first slot begins; with none granted, where the line ends
	Clock   time.Time // Ask.Now of the last call before this one that was granted something; zero if it is the first
}

// Fit is the slice that an Ask gets from a line that ends there: the arithmetic of the port, for its implementations.
func (a Ask) Fit(end time.Time) Slice {
	if end.Before(a.Now) {
		end = a.Now
	}
	room := a.Edge.Sub(end)
	if room < a.Each {
		return Slice{From: end}
	}
	return Slice{Granted: min(a.Want, int(room/a.Each)), From: end}
}

// NewSharedBudget makes the budget of one of several workers that share so many writes per second, by slices; 0 or less
// is 15. The workers need not know how many they are, and may come and go. now is nil for time.Now, random nil for a
// uniform number in [0, 1).
//
// It promises that all of them together start no more writes in any ten seconds than ten times perSecond. For that, slots
// are a tenth longer than the rate says, and one that is not used 0.3 s after its time is void. All go by the fastest
// clock among them, of which each hears with its slices; until everybody has heard of it, a difference of d between the
// fastest and the slowest adds perSecond × d at the most.
//
// After a throttle this worker takes slots twice as long, and so on as [Budget] says: a deployment whose workers are all
// throttled is slower as a whole. When the line can't be asked, nobody writes: no number of writes per worker is safe
// for an unknown number of workers, and the line fails together with the ledger, without which no write may be made.
// Take then returns at once, and so it does when the slot would come too late for its context; the error is an
// *enrich.Error with the time to wait.
func NewSharedBudget(perSecond float64, s Slices, now func() time.Time, random func() float64) *Budget {
	b := NewBudget(perSecond, now)
	b.shared = newSharer(s, b, random)
	return b
}

// The shape of the sharing.
const (
	slotStretch  = 1.1                    // a slot is so much longer than one over the rate, which makes up for slotVoid
	slotVoid     = 300 * time.Millisecond // after its time a slot is void
	horizon      = 16 * time.Second       // nobody takes slots that are further away
	longestSlice = time.Second            // of the line, for one worker at a time; but one slot always
	askEarly     = 200 * time.Millisecond // before the slice ends, so that the line does not run dry meanwhile
	askPatience  = time.Second            // for one call
	farthest     = 15 * time.Minute       // a clock that is further ahead of ours is not believed
	shyest       = 30 * time.Second       // longest pause after the line was full
)
