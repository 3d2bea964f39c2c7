//go:build unix

// Package kill is the proof by killing the real thing: the worker's own binary, started and killed thousands of times
// against a local cloud and against vendors that count what they really did.
//
// The truth is kept outside of the worker: who was confirmed, how often each vendor acted and under which keys, what the
// pool was made to hold, which letters and deletes arrived. When the kills stop and the queue is empty, that is held
// against the ledger. A life ends at a drawn moment, at a failpoint inside the worker (package failpoint), or at a place
// that only the outside sees: when a vendor got the request, when it acted and has not answered.
//
// Between two lives the clock moves on by more than a lease, for the worker and the queue alike, so that what a dead
// worker held comes back at once. Nothing else is bent: the ledger is a file, the calls go through sockets.
//
// It refuses to judge what it did not see: a place that was never met counts zero, and says so.
package kill

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
)

// The places of the harness, where only the outside can kill, and the other ways to die.
const (
	VendorSeen   = "vendor.seen"   // a request has arrived, the vendor has not acted
	VendorActed  = "vendor.acted"  // acted, not answered
	PoolWrote    = "pool.wrote"    // the pool has the attributes, not answered
	QueueDeleted = "queue.deleted" // the message is gone, not answered
	Moment       = "any moment"    // of the work
	StartUp      = "start-up"      // before the worker says that it started
)

// Places are all ways to die, failpoints included.
func Places() []string {
	return append(failpoint.Points(), VendorSeen, VendorActed, PoolWrote, QueueDeleted, Moment, StartUp)
}

// crashes is what parks a run in the loop: the worker's own limit is 3, but with a hundred times more kills than any
// machine sees, it would park many who are well. That it is 3 is a case of its own (CrashLoop).
const crashes = 10

// Tally is what a loop came to.
type Tally struct {
	Kills      map[string]int // by place
	Starts     int
	StartTimes []time.Duration // from the start of the process to its first line; of those that got so far
	Verdict
	Took time.Duration
}

// Loop kills the worker so many times, lets it finish what is left, and judges.
func Loop(ctx context.Context, o Options, kills int) (t Tally, err error) {
	began := time.Now()
	w, err := NewWorld(ctx, o)
	if err != nil {
		return t, err
	}
	defer func() { _ = w.Close() }()
	t.Kills = map[string]int{}
	var deck []string
	for done := 0; done < kills; {
		if len(deck) == 0 {
			deck = w.deck()
		}
		place, err := w.life(ctx, deck[0], &t)
		if err != nil {
			return t, err
		}
		t.Kills[place]++
		done++
		deck = deck[1:]
		if done%100 == 0 {
			o.tell("%d of %d kills, %d people", done, kills, w.born)
		}
	}
	if err := w.drain(ctx, &t); err != nil {
		return t, err
	}
	t.Verdict, err = w.judge(ctx, crashes)
	t.Took = time.Since(began)
	return t, err
}

// deck is every place once, and chance more often, shuffled.
func (w *World) deck() []string {
	deck := append(Places(), Moment, Moment, Moment, Moment, Moment)
	w.rand.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

// patience is how long a life waits for its place; then it dies where it is.
const patience = 1500 * time.Millisecond

// life is one start and one kill. It gives the place where the worker died.
func (w *World) life(ctx context.Context, place string, t *Tally) (died string, err error) {
	if err := w.top(ctx); err != nil {
		return "", err
	}
	orders := w.orders()
	trapped := slices.Contains([]string{VendorSeen, VendorActed, PoolWrote, QueueDeleted}, place)
	if slices.Contains(failpoint.Points(), place) {
		orders.Point, orders.Hit = place, w.hit(place)
	}
	v, err := w.start(orders)
	if err != nil {
		return "", err
	}
	t.Starts++
	if trapped {
		x := &trap{place: place, victim: v}
		x.left.Store(int64(w.hit(place)))
		w.trap.Store(x)
	}
	w.die(v, place)
	w.trap.Store(nil)
	<-v.ended
	w.early.rest()
	if !v.killed() {
		return "", fmt.Errorf("kill: the worker ended by itself (%s) where it should have been killed (%s):\n%s",
			v.cmd.ProcessState, place, v.journal.tail())
	}
	died = v.place()
	if died == "" {
		died = orders.Point
	}
	select {
	case <-v.journal.started:
		t.StartTimes = append(t.StartTimes, v.journal.at.Sub(v.began))
	default:
		died = StartUp
	}
	return died, w.show(ctx)
}

// orders are those of a life that nothing special happens to.
func (w *World) orders() failpoint.Orders {
	o := failpoint.Orders{Ahead: w.ahead, Hide: 200 * time.Millisecond, Crashes: crashes, Writes: 100_000}
	if w.rand.IntN(2) == 0 {
		o.Lease = 8 * time.Second // too short for most calls: it is extended before them
	}
	return o
}

// hit draws at which hit of a place the worker dies: early enough that it gets there, late enough to have work behind it.
func (w *World) hit(place string) int {
	switch place {
	case failpoint.ParkBefore, failpoint.ParkAfter, failpoint.LetterBefore, failpoint.LetterAfter, failpoint.MarkBefore,
		failpoint.MarkAfter, failpoint.DeleteBefore, failpoint.DeleteAfter, QueueDeleted:
		return 1 + w.rand.IntN(3)
	}
	return 1 + w.rand.IntN(40)
}

// die waits until the worker is dead, and sees to it.
func (w *World) die(v *victim, place string) {
	switch place {
	case StartUp:
		if v.wait(time.Duration(w.rand.Int64N(int64(12 * time.Millisecond)))) {
			return
		}
		v.kill(Moment) // or StartUp, if it has not said that it started
	case Moment:
		select {
		case <-v.journal.started:
		case <-v.ended:
			return
		case <-time.After(30 * time.Second):
		}
		if !v.wait(time.Duration(w.rand.Int64N(int64(150 * time.Millisecond)))) {
			v.kill(Moment)
		}
	default:
		if !v.wait(patience) {
			v.kill(Moment)
		}
	}
}

// top sees to it that there is work for a life.
func (w *World) top(ctx context.Context) error {
	for {
		visible, _, err := w.left(ctx)
		if err != nil || visible >= plenty {
			return err
		}
		if _, err := w.feed(ctx, 10, nil); err != nil {
			return err
		}
	}
}

// plenty is more work than most lives can do.
const plenty = 120
