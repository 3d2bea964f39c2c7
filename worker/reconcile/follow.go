package reconcile

import (
	"context"
	"time"
)

// How somebody else is followed: looked at so often, and taken over from when nothing has moved for so long.
const (
	look    = 2 * time.Second
	silence = 20 * time.Second
)

// follow is for a walk that somebody else has moved on: it lets them work, and comes back when the phase is over, or when
// they seem to be gone. k is what is stored then. It keeps two people from sending everything twice; that nothing is lost
// or counted twice needs no following.
func (w *Walker) follow(ctx context.Context, k *kept, s Scope, phase Phase) error {
	version := k.version
	for quiet := time.Duration(0); quiet < silence; quiet += look {
		now, ok, err := w.load(ctx, s)
		switch {
		case err != nil:
			return err
		case !ok:
			return ErrGone
		case !now.Scope.same(s):
			return ErrOther
		}
		*k = now
		w.o.Progress(k.Walk)
		if k.Phase != phase {
			return nil
		}
		if now.version != version {
			version, quiet = now.version, 0
		}
		if err := sleep(ctx, look); err != nil {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
