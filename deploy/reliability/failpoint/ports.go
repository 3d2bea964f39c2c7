package failpoint

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Ports are the ports with a bomb at every boundary. Ahead is how far the worker's own clock is ahead of the queue's,
// which a delivery's times are told by.
func Ports(p worker.Ports, b *Bomb, ahead time.Duration) worker.Ports {
	p.Queue = queue{p.Queue, b, ahead}
	p.DeadLetters = letters{p.DeadLetters, b}
	p.Directory = directory{p.Directory, b}
	p.Ledger = &ledger{Ledger: p.Ledger, bomb: b, seen: map[string]worker.Run{}}
	return p
}

type queue struct {
	worker.Queue
	bomb  *Bomb
	ahead time.Duration
}

// Receive tells the times of the deliveries by the worker's clock.
func (q queue) Receive(ctx context.Context) ([]worker.Delivery, error) {
	batch, err := q.Queue.Receive(ctx)
	for i := range batch {
		batch[i].ReceivedAt = batch[i].ReceivedAt.Add(q.ahead)
		batch[i].Visible = batch[i].Visible.Add(q.ahead)
	}
	return batch, err
}

// Delete is DeleteBefore and DeleteAfter.
func (q queue) Delete(ctx context.Context, batch []worker.Delivery) ([]worker.Delivery, error) {
	q.bomb.At(DeleteBefore, "")
	failed, err := q.Queue.Delete(ctx, batch)
	q.bomb.At(DeleteAfter, "")
	return failed, err
}

// Hide is HideBefore and HideAfter.
func (q queue) Hide(ctx context.Context, m worker.Delivery, d time.Duration) error {
	q.bomb.At(HideBefore, "")
	err := q.Queue.Hide(ctx, m, d)
	q.bomb.At(HideAfter, "")
	return err
}

type letters struct {
	worker.DeadLetters
	bomb *Bomb
}

// Send is LetterBefore and LetterAfter.
func (d letters) Send(ctx context.Context, l worker.Letter) error {
	d.bomb.At(LetterBefore, l.Run)
	err := d.DeadLetters.Send(ctx, l)
	d.bomb.At(LetterAfter, l.Run)
	return err
}

type directory struct {
	worker.Directory
	bomb *Bomb
}

// Write is WriteBefore and WriteAfter.
func (d directory) Write(ctx context.Context, pool, username string, values []worker.Value) error {
	d.bomb.At(WriteBefore, "")
	err := d.Directory.Write(ctx, pool, username, values)
	d.bomb.At(WriteAfter, "")
	return err
}

// ledger remembers what it saw of each run, to know what a save is about.
type ledger struct {
	worker.Ledger
	bomb *Bomb
	mu   sync.Mutex
	seen map[string]worker.Run
}

// Claim is ClaimBefore and ClaimAfter.
func (l *ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	l.bomb.At(ClaimBefore, id.Key())
	r, err := l.Ledger.Claim(ctx, id, owner, now, until)
	if err == nil {
		l.note(r)
	}
	l.bomb.At(ClaimAfter, id.Key())
	return r, err
}

// Save is the places of what the save is about, if it is about anything that has one.
func (l *ledger) Save(ctx context.Context, r worker.Run) error {
	before, after := places(l.note(r), r)
	l.bomb.At(before, r.Key)
	err := l.Ledger.Save(ctx, r)
	l.bomb.At(after, r.Key)
	return err
}

// note remembers the run as it is now and gives what was known of it. The map is copied: the worker goes on changing it.
func (l *ledger) note(r worker.Run) worker.Run {
	r.Steps = maps.Clone(r.Steps)
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.seen[r.Key]
	l.seen[r.Key] = r
	return old
}

// nowhere is the place of a save that no proof is about: a lease that is extended or given back.
const nowhere = "nowhere"

// places reads from what changed what a save is about. The run's end comes first: one save may carry the last answer too.
func places(old, r worker.Run) (before, after string) {
	switch {
	case r.State == worker.Parked && old.State != worker.Parked:
		return ParkBefore, ParkAfter
	case r.State == worker.Parked && r.LetterSent && !old.LetterSent:
		return MarkBefore, MarkAfter
	case r.State != worker.Open && old.State != r.State:
		return FinalBefore, FinalAfter
	}
	before, after = nowhere, nowhere
	for id, s := range r.Steps {
		switch was := old.Steps[id].State; {
		case s.State == worker.StepIntent && was != worker.StepIntent:
			return IntentBefore, IntentAfter
		case s.State.Terminal() && !was.Terminal():
			before, after = OutcomeBefore, OutcomeAfter
		}
	}
	return before, after
}
