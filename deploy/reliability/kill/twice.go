//go:build unix

package kill

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
)

// StopTwice sends SIGTERM to a worker whose vendor takes longer than anybody waits, and once more when it says that it
// stops: that one ends it at once. The effect that was under way is open, and flagged, after the next start.
func StopTwice(ctx context.Context, o Options) (v Verdict, err error) {
	o.Lose = -1
	return inWorld(ctx, o, 1, func(w *World) error {
		asked := make(chan struct{}, 100)
		w.vendors.slow(func(string, string) time.Duration {
			select {
			case asked <- struct{}{}:
			default:
			}
			return 1500 * time.Millisecond
		})
		if _, err := w.feed(ctx, 10, func(int) string { return plain }); err != nil {
			return err
		}
		p, err := w.start(failpoint.Orders{})
		if err != nil {
			return err
		}
		<-asked
		p.signal(syscall.SIGTERM)
		select {
		case <-p.journal.stopping:
		case <-p.ended:
			return fmt.Errorf("kill: one SIGTERM ended the worker (%s) while a call was under way", p.cmd.ProcessState)
		}
		p.signal(syscall.SIGTERM)
		if !p.wait(time.Second) {
			p.kill(Moment)
			<-p.ended
			return errors.New("kill: a second SIGTERM does not end the worker at once")
		}
		w.vendors.slow(nil)
		return errors.Join(w.show(ctx), w.drain(ctx, &Tally{}))
	})
}

// inWorld plays in a world of its own and judges it.
func inWorld(ctx context.Context, o Options, most int, play func(*World) error) (v Verdict, err error) {
	w, err := NewWorld(ctx, o)
	if err != nil {
		return v, err
	}
	defer func() { _ = w.Close() }()
	if err := play(w); err != nil {
		return v, err
	}
	return w.judge(ctx, most)
}
