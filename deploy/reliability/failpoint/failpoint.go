// Package failpoint makes a worker die at a named place: as suddenly as kill -9, because that is what it does to its own
// process. It is for proofs, and is compiled into cmd/worker with the build tag "failpoints" only.
//
// The places are the boundaries of the worker's ports, so the worker's own code knows nothing of them: "before" is a call
// that was about to be made, "after" one that has come back and whose caller has not heard of it. What a save of the
// ledger means (an intent, an answer, the end) is read from what changed since the save before.
//
// It promises that the goroutine that meets the place goes no further; the others get as far as the kernel lets them,
// which is what any kill looks like. It refuses a place that it does not know, so that a proof never waits for nothing.
package failpoint

import (
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
)

// The places. Each stands for a call of a port, before it or after it.
const (
	ClaimBefore   = "claim.before" // the lease is not taken
	ClaimAfter    = "claim.after"
	IntentBefore  = "intent.before" // an effect is about to be recorded
	IntentAfter   = "intent.after"  // recorded, and not sent
	OutcomeBefore = "outcome.before"
	OutcomeAfter  = "outcome.after" // what a step came to; before: answered, and nobody knows
	WriteBefore   = "write.before"
	WriteAfter    = "write.after" // the pool has the attributes, the ledger does not know
	FinalBefore   = "final.before"
	FinalAfter    = "final.after" // the run is over, its message is still there
	ParkBefore    = "park.before"
	ParkAfter     = "park.after" // parked, and no letter
	LetterBefore  = "letter.before"
	LetterAfter   = "letter.after" // the letter is durable, the ledger does not know
	MarkBefore    = "mark.before"
	MarkAfter     = "mark.after" // the ledger knows of the letter, its message is still there
	DeleteBefore  = "delete.before"
	DeleteAfter   = "delete.after"
	HideBefore    = "hide.before"
	HideAfter     = "hide.after"
)

// Points are all places, in the order in which a run meets them.
func Points() []string {
	return []string{ClaimBefore, ClaimAfter, IntentBefore, IntentAfter, OutcomeBefore, OutcomeAfter, WriteBefore, WriteAfter,
		FinalBefore, FinalAfter, ParkBefore, ParkAfter, LetterBefore, LetterAfter, MarkBefore, MarkAfter,
		DeleteBefore, DeleteAfter, HideBefore, HideAfter}
}

// Bomb dies at one hit of one place. It is safe for concurrent use.
type Bomb struct {
	point string // "" never goes off
	only  string // a run key: hits of other runs don't count; "" for any
	left  atomic.Int64
	die   func()
}

// NewBomb makes a bomb that goes off at the given hit, 1 being the first, of a place; "" is a place that nobody meets. With
// a run key in only, just the hits of that run count. die is nil for SIGKILL to this process, after which the calling
// goroutine waits for its end.
func NewBomb(point string, hit int, only string, die func()) (*Bomb, error) {
	if point != "" && !slices.Contains(Points(), point) {
		return nil, fmt.Errorf("failpoint: %q is not known", point)
	}
	b := &Bomb{point: point, only: only, die: die}
	if b.die == nil {
		b.die = killed
	}
	b.left.Store(int64(max(1, hit)))
	return b, nil
}

// At says that a run is at a place. Run is "" where a call is not about one run.
func (b *Bomb) At(point, run string) {
	if point != b.point || b.only != "" && b.only != run {
		return
	}
	if b.left.Add(-1) == 0 {
		b.die()
	}
}

// killed ends this process as kill -9 does: no deferred call, no flush, no other goroutine is asked.
func killed() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Signal(syscall.SIGKILL)
	}
	select {} // the signal is on its way
}
