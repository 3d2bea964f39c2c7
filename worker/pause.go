package worker

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/postconfirm/postconfirm/enrich"
)

// maxHidden is the longest visibility that is asked for. SQS counts its limit of 12 hours from the receive, and no
// call extends it (ChangeMessageVisibility, Amazon SQS API reference).
const maxHidden = 12*time.Hour - 5*time.Minute

// maxTrying bounds all tries of one step inside one delivery.
const maxTrying = 20 * time.Second

// pause is how long a message stays hidden after so many charged attempts: full jitter below a bound that doubles
// each time, but never less than a second, and never before the other side's Retry-After.
func (w *Worker) pause(charged int, retryAfter time.Duration) time.Duration {
	o := w.options
	bound := min(float64(o.HideMax), float64(o.HideBase)*math.Pow(2, float64(max(0, charged-1))))
	floor := min(time.Second, o.HideBase)
	d := floor + time.Duration(o.Rand()*(bound-float64(floor)))
	retryAfter += time.Duration(o.Rand() * float64(retryAfter) / 10) // not all at the same moment
	return min(max(d, retryAfter), maxHidden)
}

// draining ends a context's waits when the program is asked to stop, or soon will be, without cutting running calls.
func draining(ctx context.Context, d Delivery) (context.Context, context.CancelFunc) {
	waits, free := d.within(ctx, lastWaits)
	if d.Draining == nil {
		return waits, free
	}
	waits, cancel := context.WithCancelCause(waits)
	stop := make(chan struct{})
	go func() {
		select {
		case <-d.Draining:
		case <-stop:
		case <-waits.Done():
		}
		cancel(errDraining)
	}()
	return waits, func() { close(stop); free() }
}

// tries are the pauses between the calls of one step inside one delivery. It is a backoff.BackOff that also ends when
// the next pause would not fit into the time that is left, which backoff's own limit does not look at.
type tries struct {
	inner backoff.BackOff
	left  int
	until time.Time
	now   func() time.Time
}

func (w *Worker) tries(until time.Time) *tries {
	inner := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(w.options.TryBase), backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(0.5), backoff.WithMaxElapsedTime(0))
	return &tries{inner: inner, left: w.options.Tries - 1, until: until, now: w.options.Now}
}

// NextBackOff is the pause before the next try, or backoff.Stop.
func (t *tries) NextBackOff() time.Duration {
	if t.left <= 0 {
		return backoff.Stop
	}
	t.left--
	d := t.inner.NextBackOff()
	if t.now().Add(d).After(t.until) {
		return backoff.Stop
	}
	return d
}

// Reset starts the pauses again; the number of tries stays spent.
func (t *tries) Reset() { t.inner.Reset() }

// repeat calls f until it succeeds, its failure is of a kind that time will not mend, or the tries are spent. waits
// interrupts the pauses only. It returns the last failure of f itself, which backoff would replace by the context's.
// Each repeat is paid from the dependency's budget of them; outside is nil where there is none.
func (w *Worker) repeat(waits context.Context, until time.Time, outside *dependency, f func() error) (calls int, err error) {
	operation := func() error {
		calls++
		if err = f(); err == nil {
			return nil
		}
		if again(err) && calls < w.options.Tries && outside.mayRepeat() {
			return err
		}
		return backoff.Permanent(err)
	}
	if backoff.Retry(operation, backoff.WithContext(w.tries(until), waits)) == nil {
		return calls, nil
	}
	return calls, err
}

// again tells whether a failure is worth another try within seconds.
func again(err error) bool {
	var rejected *Rejected
	if errors.Is(err, ErrNoUser) || errors.Is(err, errOnce) || errors.As(err, &rejected) {
		return false
	}
	return enrich.Failure(err).Kind == enrich.Temporary
}

// errOnce marks a failure of a call that must not be repeated, whatever its kind.
var errOnce = errors.New("not to be repeated")
