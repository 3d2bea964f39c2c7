//go:build unix

package kill

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/postconfirm/postconfirm/deploy/reliability/failpoint"
	"github.com/postconfirm/postconfirm/worker"
)

// CrashLoop has a worker die of one person whenever it meets that one, with the worker's own settings: after three
// crashes the run is parked, and everybody else is done.
func CrashLoop(ctx context.Context, o Options) (v Verdict, err error) {
	o.Lose = -1
	return inWorld(ctx, o, 3, func(w *World) error {
		people, err := w.feed(ctx, 6, func(i int) string {
			if i == 4 {
				return stuck
			}
			return plain
		})
		if err != nil {
			return err
		}
		deaths := 0
		for empty := false; !empty && deaths <= 3; {
			died := false
			if died, empty, err = w.liveWith(ctx, people[4].Key); err != nil {
				return err
			}
			if died {
				deaths++
			}
		}
		if deaths != 3 {
			return fmt.Errorf("kill: the worker died %d times of one message, want 3", deaths)
		}
		return w.onlyOneParked(ctx)
	})
}

// liveWith is one life of a worker that dies of a run, with some more people around it. It tells whether it died, and
// whether the queue is empty.
func (w *World) liveWith(ctx context.Context, run string) (died, empty bool, err error) {
	if _, err := w.feed(ctx, 3, func(int) string { return plain }); err != nil {
		return false, false, err
	}
	p, err := w.start(failpoint.Orders{Point: failpoint.OutcomeBefore, Only: run, Ahead: w.ahead, Writes: 100_000, Hide: 200 * time.Millisecond})
	if err != nil {
		return false, false, err
	}
	p.ready()
	empty, err = w.watch(ctx, p, 8*time.Second)
	p.signal(syscall.SIGTERM)
	<-p.ended
	w.early.rest()
	return p.killed(), empty, errors.Join(err, w.show(ctx))
}

func (w *World) onlyOneParked(ctx context.Context) error {
	parked := 0
	err := w.each(ctx, func(r worker.Run) {
		if r.State == worker.Parked {
			parked++
		}
	})
	if err == nil && parked != 1 {
		err = fmt.Errorf("kill: one person is deadly, and %d are parked", parked)
	}
	return err
}
