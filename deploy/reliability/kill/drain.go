//go:build unix

package kill

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// errStuck says that the queue does not become empty although nobody kills any more.
var errStuck = errors.New("kill: the queue does not drain")

// drain lets the worker finish what is left, without kills. Now and then it is stopped in order and started again, so
// that messages that wait for the time to pass need not be waited for.
func (w *World) drain(ctx context.Context, t *Tally) error {
	for began := time.Now(); time.Since(began) < 3*time.Minute; {
		v, err := w.start(w.orders())
		if err != nil {
			return err
		}
		t.Starts++
		v.ready()
		empty, err := w.watch(ctx, v, 4*time.Second)
		v.signal(syscall.SIGTERM)
		if !v.wait(30 * time.Second) {
			v.kill(Moment)
			<-v.ended
			return fmt.Errorf("kill: the worker does not stop:\n%s", v.journal.tail())
		}
		w.early.rest()
		if !v.cmd.ProcessState.Success() {
			return fmt.Errorf("kill: the worker failed (%s) while the queue drains:\n%s", v.cmd.ProcessState, v.journal.tail())
		}
		if err != nil || empty {
			return err
		}
		if err := w.show(ctx); err != nil {
			return err
		}
	}
	visible, all, err := w.left(ctx)
	return errors.Join(fmt.Errorf("%w: %d visible, %d in all", errStuck, visible, all), err)
}

// watch waits until the queue is empty, the time is up, or the worker has gone.
func (w *World) watch(ctx context.Context, v *victim, d time.Duration) (empty bool, err error) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		_, all, err := w.left(ctx)
		if err != nil || all == 0 {
			return all == 0, err
		}
		if v.wait(50 * time.Millisecond) {
			return false, nil
		}
	}
	return false, nil
}
