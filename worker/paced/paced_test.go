package paced_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker/paced"
)

// queue takes messages and fails on command.
type queue struct {
	got    []string
	calls  []time.Time
	refuse func(call int, body string) error
}

func (q *queue) Send(_ context.Context, bodies [][]byte) (unsent []int, err error) {
	q.calls = append(q.calls, time.Now())
	for i, b := range bodies {
		if q.refuse != nil {
			if e := q.refuse(len(q.calls), string(b)); e != nil {
				unsent, err = append(unsent, i), e
				continue
			}
		}
		q.got = append(q.got, string(b))
	}
	return unsent, err
}

func TestAPost(t *testing.T) {
	play := func(name string, f func(*testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	play("keeps its rate", func(t *testing.T) {
		for perSecond, want := range map[float64]time.Duration{100: 900 * time.Millisecond, 10: 9 * time.Second, 3: 33 * time.Second, 0.5: 198 * time.Second} {
			q, began := &queue{}, time.Now()
			p := paced.New(q, perSecond)
			for range 100 {
				if err := p.Add(t.Context(), []byte("a")); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Flush(t.Context()); err != nil || p.Sent != 100 || len(q.got) != 100 {
				t.Fatalf("%d sent, %v", p.Sent, err)
			}
			if took := time.Since(began); took < want-time.Second || took > want+time.Second {
				t.Errorf("at %v it took %v, want %v", perSecond, took, want)
			}
		}
	})
	play("sends again what was refused, and only that", func(t *testing.T) {
		q := &queue{refuse: func(call int, body string) error {
			if call < 3 && body == "b" {
				return errors.New("throttled")
			}
			return nil
		}}
		p := paced.New(q, 10)
		for _, b := range []string{"a", "b", "c"} {
			if err := p.Add(t.Context(), []byte(b)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(t.Context()); err != nil || p.Sent != 3 || !slices.Equal(q.got, []string{"a", "c", "b"}) {
			t.Errorf("%v, %d sent, %v", err, p.Sent, q.got)
		}
	})
	play("ends when it goes on being refused", func(t *testing.T) {
		denied := errors.New("denied")
		q := &queue{refuse: func(int, string) error { return denied }}
		p := paced.New(q, 1)
		if err := p.Add(t.Context(), []byte("a")); !errors.Is(err, denied) || p.Sent != 0 || len(q.calls) != 3 {
			t.Errorf("%v, %d calls", err, len(q.calls))
		}
	})
	play("ends with its context, between calls", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q := &queue{}
		q.refuse = func(int, string) error { cancel(); return nil }
		p := paced.New(q, 1)
		if err := p.Add(ctx, []byte("a")); err != nil || p.Sent != 1 {
			t.Errorf("the call that was under way: %v", err)
		}
		if err := p.Add(ctx, []byte("b")); !errors.Is(err, context.Canceled) || p.Sent != 1 || len(q.calls) != 1 {
			t.Errorf("the next: %v", err)
		}
		busy := &queue{refuse: func(int, string) error { return errors.New("busy") }}
		if err := paced.New(busy, 1).Add(ctx, []byte("a")); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
