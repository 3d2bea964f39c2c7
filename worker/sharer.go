package worker

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// writeBudget is the reason of a run that was released because its write would have had to wait for too long.
const writeBudget = "write_budget"

// sharer hands the slots of one worker's slices to its writes, in the order in which they came. Whoever has the turn
// looks for a slot, and asks the line when there is none: one call at a time, for all who wait.
type sharer struct {
	line    Slices
	budget  *Budget
	random  func() float64
	turn    chan struct{} // of one; whoever has it may touch what is below
	waiting atomic.Int64  // writes that have no slot yet

	slice  Slice
	each   time.Duration
	ask    time.Time     // the line is not asked again before this
	failed error         // why the line could not be asked last time
	shy    time.Duration // last pause after the line was full
	ahead  time.Duration // how much the fastest worker's clock is ahead of ours, as far as was heard
	recent recent
}

func newSharer(line Slices, b *Budget, random func() float64) *sharer {
	if random == nil {
		random = rand.Float64
	}
	return &sharer{line: line, budget: b, random: random, turn: make(chan struct{}, 1)}
}

func (s *sharer) now() time.Time { return s.budget.now().Add(s.ahead) }

// take waits for a slot and for its time.
func (s *sharer) take(ctx context.Context) error {
	wait, err := s.slot(ctx)
	if err != nil {
		return err
	}
	return pause(ctx, wait)
}

// slot finds one, and returns how long it is until it begins.
func (s *sharer) slot(ctx context.Context) (time.Duration, error) {
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	patience := horizon
	if end, ok := ctx.Deadline(); ok {
		patience = time.Until(end)
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	s.recent.add(s.now())
	for {
		if s.fresh() {
			return s.pop(ctx)
		}
		if err := s.lull(ctx); err != nil {
			return 0, err
		}
		if err := s.lease(ctx, patience); err != nil {
			return 0, err
		}
	}
}

// fresh drops the slots that are void and tells whether one is left.
func (s *sharer) fresh() bool {
	for void := s.now().Add(-slotVoid); s.slice.Granted > 0 && s.slice.From.Before(void); {
		s.next()
	}
	return s.slice.Granted > 0
}

func (s *sharer) next() { s.slice.Granted, s.slice.From = s.slice.Granted-1, s.slice.From.Add(s.each) }

// pop takes the first slot, unless it comes too late for ctx.
func (s *sharer) pop(ctx context.Context) (time.Duration, error) {
	wait := s.slice.From.Sub(s.now())
	if tooLong(ctx, wait) {
		return 0, later(wait, nil)
	}
	s.next()
	return wait, nil
}

// lull waits until the line may be asked again.
func (s *sharer) lull(ctx context.Context) error {
	wait := s.ask.Sub(s.now())
	switch {
	case wait <= 0:
		return nil
	case s.failed != nil:
		return later(wait, s.failed)
	case tooLong(ctx, wait):
		return later(wait, nil)
	}
	return pause(ctx, wait)
}

// lease asks the line for what is needed now, or was lately, up to a second of it. Slots that begin later than a write
// waits at the most are of no use.
func (s *sharer) lease(ctx context.Context, patience time.Duration) error {
	now := s.now()
	s.each = time.Duration(slotStretch / s.budget.Rate() * float64(time.Second))
	patience = min(horizon, patience+s.each)
	want := min(max(int(s.waiting.Load()), s.recent.perSecond(now)), max(1, int(longestSlice/s.each)))
	asked, cancel := context.WithTimeout(context.WithoutCancel(ctx), askPatience) // it is for all who wait
	defer cancel()
	slice, err := s.line.Lease(asked, Ask{Want: want, Each: s.each, Now: now, Edge: now.Add(patience)})
	if s.failed = err; err != nil {
		s.ask = now.Add(askPatience)
		return later(askPatience, err)
	}
	if behind := slice.Clock.Sub(s.now()); behind > 0 && behind < farthest {
		s.ahead += behind // else we would be late forever
	}
	if s.slice = slice; slice.Granted == 0 {
		s.full(slice.From, want, patience)
		return nil
	}
	lead := max(0, slice.From.Sub(s.now()))
	s.shy, s.ask = 0, slice.From.Add(time.Duration(slice.Granted)*s.each-askEarly+s.upTo(lead/2))
	return nil
}

// full makes a pause after the line had no room: until it has, and longer each time, for others wait too.
func (s *sharer) full(end time.Time, want int, patience time.Duration) {
	s.shy = min(shyest, max(patience/2, 2*s.shy))
	room := end.Add(time.Duration(want) * s.each).Sub(s.now().Add(patience))
	s.ask = s.now().Add(max(0, room) + s.upTo(s.shy))
}

func (s *sharer) upTo(d time.Duration) time.Duration { return time.Duration(s.random() * float64(d)) }

// later is the error of a write that has to wait so long.
func later(wait time.Duration, err error) error {
	return &enrich.Error{Kind: enrich.Throttled, Code: writeBudget, RetryAfter: max(0, wait), Err: err}
}

// tooLong tells whether ctx has ended, or ends before so long a wait is over.
func tooLong(ctx context.Context, wait time.Duration) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(end) < wait
}

// pause waits so long, or for the end of ctx.
func pause(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// recent counts the writes of this second and of the one before.
type recent struct {
	second    int64
	now, last int
}

func (r *recent) add(at time.Time) {
	r.move(at)
	r.now++
}

func (r *recent) move(at time.Time) {
	switch second := at.Unix(); {
	case second == r.second+1:
		r.last, r.now, r.second = r.now, 0, second
	case second != r.second:
		r.last, r.now, r.second = 0, 0, second
	}
}

// perSecond is how many there were in a second lately.
func (r *recent) perSecond(at time.Time) int {
	r.move(at)
	return max(r.now, r.last)
}
