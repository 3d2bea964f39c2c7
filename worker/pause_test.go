package worker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

func plain(t *testing.T, o Options) *Worker {
	t.Helper()
	return New(&enrich.Pipeline{}, Ports{}, &o)
}

func TestPauseDoublesUpToItsBoundAndHonoursRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name       string
		rand       float64
		charged    int
		retryAfter time.Duration
		want       time.Duration
	}{
		{"the least pause is a second", 0, 1, 0, time.Second},
		{"the first failure stays below the base", 1, 1, 0, 5 * time.Second},
		{"the third has four times the base", 1, 3, 0, 20 * time.Second},
		{"nothing charged is like the first", 1, 0, 0, 5 * time.Second},
		{"it never grows beyond the longest", 1, 60, 0, 15 * time.Minute},
		{"Retry-After is a floor, with up to a tenth on top", 0.5, 1, time.Minute, 63 * time.Second},
		{"Retry-After can't pass what a queue allows", 0, 1, 100 * time.Hour, maxHidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := plain(t, Options{Rand: func() float64 { return c.rand }})
			if got := w.pause(c.charged, c.retryAfter); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRepeat(t *testing.T) {
	temporary := &enrich.Error{Kind: enrich.Temporary, Code: "http_503"}
	for _, c := range []struct {
		name   string
		errs   []error
		within time.Duration
		calls  int
		want   error
	}{
		{"a success is called once", []error{nil}, time.Minute, 1, nil},
		{"a blip is mended by the second call", []error{temporary, nil}, time.Minute, 2, nil},
		{"the tries end", []error{temporary, temporary, temporary, nil}, time.Minute, 3, temporary},
		{"a pause that does not fit is not begun", []error{temporary, nil}, time.Millisecond, 1, temporary},
		{"a throttle is not repeated", []error{&enrich.Error{Kind: enrich.Throttled}, nil}, time.Minute, 1, &enrich.Error{Kind: enrich.Throttled}},
		{"a missing user is not repeated", []error{ErrNoUser, nil}, time.Minute, 1, ErrNoUser},
		{"what was marked as once is not repeated", []error{errors.Join(errOnce, temporary), nil}, time.Minute, 1, errOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, i := plain(t, Options{}), 0
				calls, err := w.repeat(t.Context(), time.Now().Add(c.within), nil, func() error { i++; return c.errs[i-1] })
				var want *enrich.Error
				if calls != c.calls || (!errors.Is(err, c.want) && !(errors.As(c.want, &want) && enrich.Failure(err).Kind == want.Kind)) {
					t.Errorf("got %d calls and %v; want %d and %v", calls, err, c.calls, c.want)
				}
			})
		})
	}
	t.Run("a stop interrupts the pause and keeps the call's own failure", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			w := plain(t, Options{TryBase: time.Hour})
			time.AfterFunc(time.Second, cancel)
			started := time.Now()
			_, err := w.repeat(ctx, time.Now().Add(10*time.Hour), nil, func() error { return temporary })
			if !errors.Is(err, error(temporary)) || time.Since(started) != time.Second {
				t.Errorf("got %v after %v", err, time.Since(started))
			}
		})
	})
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(16, nil)
		started := time.Now()
		for range 5 + 16*10 {
			if err := b.Take(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(started).Round(100 * time.Millisecond); took != 10*time.Second {
			t.Errorf("165 writes at 16/s with a burst of 5 took %v, want 10s", took)
		}
		for range 20 {
			b.Throttled() // all sent at the old rate: they count once
		}
		if b.Rate() != 8 {
			t.Errorf("after a throttle the rate is %v, want 8", b.Rate())
		}
		for range 10 {
			time.Sleep(2 * time.Second)
			b.Throttled()
		}
		if b.Rate() != 1 {
			t.Errorf("after many throttles the rate is %v, want the floor 1", b.Rate())
		}
		time.Sleep(35 * time.Second)
		if b.Rate() != 4 {
			t.Errorf("after 35 quiet seconds the rate is %v, want 4", b.Rate())
		}
		time.Sleep(time.Hour)
		if b.Rate() != 16 {
			t.Errorf("after a quiet hour the rate is %v, want the limit 16", b.Rate())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		for b.Take(ctx) == nil { // drains the burst
		}
		if ctx.Err() != nil {
			t.Error("Take waited although the token could not come in time")
		}
	})
}
