package presignup_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/trigger/presignup"
)

// coded is an error with a word for the log.
type coded string

func (c coded) Error() string { return "canary@example.com" }
func (c coded) Code() string  { return string(c) }

// TestDoubtMeansNoGrant: whatever is wrong with the pool, the sign-up goes its normal way, in time, after one try.
func TestDoubtMeansNoGrant(t *testing.T) {
	hang := func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
	for name, tt := range map[string]struct {
		fail  func(context.Context, string) error
		doubt string
		took  time.Duration
	}{
		"a throttle":              {func(context.Context, string) error { return coded("TooManyRequestsException") }, "TooManyRequestsException", 0},
		"a missing permission":    {func(context.Context, string) error { return coded("AccessDeniedException") }, "AccessDeniedException", 0},
		"an odd code":             {func(context.Context, string) error { return coded("canary@example.com") }, "unprintable", 0},
		"an error without a code": {func(context.Context, string) error { return errors.New("canary") }, "other", 0},
		"a panic":                 {func(context.Context, string) error { panic("canary") }, "panic", 0},
		"no answer":               {hang, "timeout", presignup.DefaultPatience},
		"an answer too late": {func(context.Context, string) error { time.Sleep(900 * time.Millisecond); return nil },
			"timeout", presignup.DefaultPatience},
		"doubt about one of two": {func(_ context.Context, attribute string) error {
			if attribute == "phone_number" {
				return coded("InternalErrorException")
			}
			return nil
		}, "InternalErrorException", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				guard, l := &pool{fail: tt.fail}, &log{}
				h := presignup.New(policy(t, staff), guard, &presignup.Options{Log: l})
				began := time.Now()
				answer, err := h.Invoke(t.Context(), event(nil, object{"email": good, "phone_number": "+12065550100"}))
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if err != nil || len(response(t, answer)) > 0 {
					t.Errorf("%s, %v", answer, err)
				}
				line := l.last(t)
				if line["outcome"] != noauto || line["reason"] != "alias_unknown" || line["doubt"] != tt.doubt || line["PreSignUpDoubts"] != 1.0 {
					t.Errorf("%v", line)
				}
				synctest.Wait()
				if len(guard.asked) != 2 {
					t.Errorf("asked %q", guard.asked)
				}
				time.Sleep(time.Second) // whoever was left behind comes back
			})
		})
	}
}

func TestAHolderSaysMoreThanADoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guard := &pool{
			held: map[string]presignup.Holder{"phone_number=+12065550100": presignup.Unconfirmed},
			fail: func(_ context.Context, attribute string) error {
				if attribute == "email" {
					return coded("TooManyRequestsException")
				}
				time.Sleep(100 * time.Millisecond)
				return nil
			},
		}
		l := &log{}
		h := presignup.New(policy(t, staff), guard, &presignup.Options{Log: l})
		if _, err := h.Invoke(t.Context(), event(nil, object{"email": good, "phone_number": "+12065550100"})); err != nil {
			t.Fatal(err)
		}
		if line := l.last(t); line["reason"] != "alias_held_unconfirmed" || line["held"] != "phone_number" {
			t.Errorf("%v", line)
		}
	})
}

func TestWithoutAGuardNothingIsGranted(t *testing.T) {
	l := &log{}
	answer, err := presignup.New(policy(t, staff), nil, &presignup.Options{Log: l}).Invoke(t.Context(), event(nil, with(good)))
	if err != nil || len(response(t, answer)) > 0 || l.last(t)["doubt"] != "no_guard" {
		t.Errorf("%s, %v, %v", answer, err, l.last(t))
	}
}

func TestTheInvocationsDeadlineComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guard := &pool{fail: func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }}
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := presignup.New(policy(t, staff), guard, &presignup.Options{Log: &log{}}).Invoke(ctx, event(nil, with(good))); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestARuleMayLeaveThePoolAlone(t *testing.T) {
	guard := &pool{held: map[string]presignup.Holder{"email=" + good: presignup.Confirmed}}
	p := policy(t, "version: 1\nconfirm: [{ name: r, domains: example.com, ask-pool: false }]")
	answer, err := presignup.New(p, guard, &presignup.Options{Log: &log{}}).Invoke(t.Context(), event(nil, with(good)))
	if err != nil || len(guard.asked) > 0 || p.NeedsPool() {
		t.Errorf("%v, asked %q", err, guard.asked)
	}
	if got := response(t, answer); len(got) != 1 || !got["autoConfirmUser"] {
		t.Errorf("%v", got)
	}
}

// stuck is a log that takes nothing until it is let go.
type stuck chan struct{}

func (s stuck) Write(b []byte) (int, error) { <-s; return len(b), nil }

// loud is a log that panics.
type loud struct{}

func (loud) Write([]byte) (int, error) { panic("full") }

func TestALogThatHangsOrPanicsHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := make(stuck)
		h := presignup.New(policy(t, staff), &pool{}, &presignup.Options{Log: s})
		began := time.Now()
		for range 2 {
			if answer, err := h.Invoke(t.Context(), event(nil, with(good))); err != nil || !response(t, answer)["autoConfirmUser"] {
				t.Errorf("%s, %v", answer, err)
			}
		}
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("took %v", took)
		}
		close(s)
		synctest.Wait()
	})
	h := presignup.New(policy(t, staff), &pool{}, &presignup.Options{Log: loud{}})
	if answer, err := h.Invoke(t.Context(), event(nil, with(good))); err != nil || !response(t, answer)["autoConfirmUser"] {
		t.Errorf("%s, %v", answer, err)
	}
}
