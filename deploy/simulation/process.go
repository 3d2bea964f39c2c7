package simulation

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errKilled is all that a dead process hears. Nobody living reads it.
var errKilled = errors.New("the process is dead")

// errStopped is what a call meets whose time ran out while its process was stopped: its timers fire first.
var errStopped = errors.New("its time ran out while the process was stopped")

// process is one incarnation of a worker, between its start and its end. Everything that it does to the world, and
// everything that it hears, crosses its border: calls to the queue, the pool, the ledger and the vendors, their answers,
// and its log.
//
// A kill is modelled at the border. From that moment on nothing crosses it any more: calls don't leave, answers are not
// heard, the log is silent. Its goroutines live on for a few virtual seconds, each call failing at once, until they have
// all given up; the world can't see them. A call that was under way at the kill is cut as a broken connection is, and
// the vendor decides whether it had arrived.
//
// A stop (SIGSTOP) holds everything that crosses, in either direction, until the process is continued. Timers go on
// meanwhile, as they do on a machine: a call whose time ran out does not leave any more.
type process struct {
	name   string
	number int
	life   context.Context // ends with a kill
	end    context.CancelFunc

	mu        sync.Mutex
	crossings int
	killAt    int // crossing at which it is killed; 0 is never
	stopAt    int // crossing at which it is stopped; 0 is never
	stopFor   time.Duration
	jumpAt    int // crossing at which its clock jumps; 0 is never
	jump      time.Duration
	skew      time.Duration // of its clock
	continued time.Time     // when it goes on after a stop
	world     *world
}

// now is the process's clock.
func (p *process) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.skew)
}

// leave lets a call out of the process: nil means that it goes.
func (p *process) leave(ctx context.Context) error {
	stopped := p.cross()
	switch {
	case p.life.Err() != nil:
		return errKilled
	case stopped && ctx.Err() != nil:
		return errStopped
	}
	return nil
}

// hear lets an answer in: an error means that nobody hears it.
func (p *process) hear() error {
	p.cross()
	if p.life.Err() != nil {
		return errKilled
	}
	return nil
}

// cross counts one crossing of the border, and lets happen what is to happen at it. It tells whether it was held.
func (p *process) cross() (stopped bool) {
	p.mu.Lock()
	p.crossings++
	if !p.world.calm.Load() {
		p.happen()
	}
	wait := time.Until(p.continued)
	p.mu.Unlock()
	if wait <= 0 {
		return false
	}
	sleep(p.life, wait)
	return true
}

// happen is what comes with a crossing. The caller holds the lock.
func (p *process) happen() {
	switch p.crossings {
	case p.killAt:
		p.world.strike("kill")
		p.world.say("%s killed", p.name)
		p.end()
	case p.stopAt:
		p.world.strike("stop")
		p.world.say("%s stopped for %v", p.name, p.stopFor)
		p.continued = time.Now().Add(p.stopFor)
	case p.jumpAt:
		p.world.strike("clock jump")
		p.world.say("%s: its clock jumps by %v", p.name, p.jump)
		p.skew += p.jump
	}
}

// Write is the process's log.
func (p *process) Write(line []byte) (int, error) {
	if p.life.Err() != nil {
		return len(line), nil
	}
	return p.world.journal.Write(line)
}

// born makes the next process of a slot, with what will happen to it.
func (w *world) bornIn(slot, number int, name string) *process {
	p := &process{name: name, number: number, world: w}
	p.life, p.end = context.WithCancel(context.Background())
	if w.calm.Load() {
		return p
	}
	r := w.dice.of("process", slot, number)
	mood := w.plan.Process
	soon := func() int { return 1 + r.IntN(1+r.IntN(400)) }
	if maybe(r, mood.Kill) {
		p.killAt = soon()
	}
	if maybe(r, mood.Stop) {
		p.stopAt, p.stopFor = soon(), between(r, time.Second, 8*time.Minute)
	}
	function := w.plan.Slots[slot].Function
	if maybe(r, mood.Skew) && !function {
		p.skew = between(r, -time.Hour, time.Hour)
		w.strike("clock skew")
	}
	if maybe(r, mood.Jump) && !function {
		p.jumpAt, p.jump = soon(), among(r, -time.Hour, time.Hour)
	}
	return p
}
