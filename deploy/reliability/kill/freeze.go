//go:build unix

package kill

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
)

// Freeze stops the worker (SIGSTOP) in the middle of unsafe calls until its leases are over and its messages are back on
// the queue, and lets it go on (SIGCONT): it meets its own messages, and repeats nothing.
func Freeze(ctx context.Context, o Options) (v Verdict, err error) {
	o.Lose = -1
	return inWorld(ctx, o, 3, func(w *World) error {
		var frozen atomic.Bool
		var p *victim
		w.vendors.slow(func(_, step string) time.Duration {
			if step == register && frozen.CompareAndSwap(false, true) {
				p.signal(syscall.SIGSTOP)
			}
			return 0
		})
		if p, err = w.start(failpoint.Orders{Lease: 6 * time.Second, Writes: 100_000, Hide: time.Second}); err != nil {
			return err
		}
		p.ready()
		if _, err := w.feed(ctx, 10, func(int) string { return plain }); err != nil {
			return err
		}
		back, err := w.until(ctx, p, 90*time.Second, func(visible, _ int) bool {
			return frozen.Load() && (visible > 0 || w.Facts.twice())
		})
		p.signal(syscall.SIGCONT)
		if err != nil || !back {
			return errors.Join(err, errors.New("kill: the messages of a stopped worker did not come back"))
		}
		empty, err := w.until(ctx, p, 90*time.Second, func(_, all int) bool { return all == 0 })
		p.signal(syscall.SIGTERM)
		<-p.ended
		w.early.rest()
		if err != nil || !empty {
			return errors.Join(err, fmt.Errorf("%w\n%s", errStuck, p.journal.tail()))
		}
		return nil
	})
}

// until waits for a state of the queue while the worker lives.
func (w *World) until(ctx context.Context, p *victim, d time.Duration, good func(visible, all int) bool) (bool, error) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		visible, all, err := w.left(ctx)
		if err != nil || good(visible, all) {
			return err == nil, err
		}
		if p.wait(50 * time.Millisecond) {
			return false, fmt.Errorf("kill: the worker ended by itself (%s):\n%s", p.cmd.ProcessState, p.journal.tail())
		}
	}
	return false, nil
}
