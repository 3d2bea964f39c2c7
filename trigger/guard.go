package trigger

import (
	"runtime"
	"strconv"
	"strings"
	"time"
)

// panicked is a panic of a Sender, as an error. It has the place, never the value: that may hold anything.
type panicked struct{ where string }

func (p *panicked) Error() string { return "trigger: send: panicked in " + p.where }

// guard runs f; a panic becomes the outcome of r.
func guard(r *result, f func()) {
	returned := false
	defer func() {
		if recover() != nil || !returned {
			r.panicked(where())
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
				err = &panicked{where()}
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

// where names the function and line that panicked. It is called from the deferred function that recovered.
func where() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") && frame.Function != "" {
			return frame.Function + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return "unknown"
		}
	}
}
