package trigger

import (
	"time"

	"github.com/postconfirm/postconfirm/trigger/lines"
)

// panicked is a panic of a Sender, as an error. It has the place, never the value: that may hold anything.
type panicked struct{ where string }

func (p *panicked) Error() string { return "trigger: send: panicked in " + p.where }

// guard runs f; a panic becomes the outcome of r.
func guard(r *result, f func()) {
	returned := false
	defer func() {
		if recover() != nil || !returned {
			r.panicked(lines.Where())
		}
	}()
	f()
	returned = true
}

// within runs f in a goroutine of its own and waits for it until the limit. A panic there would end the process: it
// becomes an error. What takes longer is left behind, and errLeftOpen returned.
func within(limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if recover() != nil || !returned {
				err = &panicked{lines.Where()}
			}
			done <- err
		}()
		err = f()
		returned = true
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errLeftOpen
	}
}
