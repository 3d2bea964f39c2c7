package workertest

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
)

// Hints runs the suite of worker.Hints. open is called once for each sentence: it gives a place without hints, and each
// call of its answer gives another worker's handle on it. The suite needs no clock.
func Hints(t *testing.T, open func(t *testing.T) func(t *testing.T) worker.Hints) {
	for _, sentence := range []struct {
		name  string
		check func(*hintsCase)
	}{
		{"where nothing was told there is no hint", (*hintsCase).none},
		{"what one tells the others read, to the nanosecond", (*hintsCase).told},
		{"a hint moves only from where it is", (*hintsCase).moves},
		{"a hint that is taken away is gone, and can be told again", (*hintsCase).taken},
		{"dependencies have a hint each, whatever they are called", (*hintsCase).apart},
		{"of forty who move one hint from the same time one has moved it", (*hintsCase).race},
		{"a canceled context returns an error and moves nothing", (*hintsCase).honoursContexts},
	} {
		t.Run(sentence.name, func(t *testing.T) {
			sentence.check(&hintsCase{T: t, another: open(t)})
		})
	}
}

// hintsCase is one sentence in its own place.
type hintsCase struct {
	*testing.T
	another func(t *testing.T) worker.Hints
}

type hintMap = map[string]time.Time

func (c *hintsCase) expect(h worker.Hints, want hintMap) {
	c.Helper()
	got, err := h.Hints(c.Context())
	if err != nil {
		c.Fatalf("hints: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.Errorf("hints (-want +got):\n%s", diff)
	}
}

func (c *hintsCase) move(h worker.Hints, name string, from, until time.Time, want bool) {
	c.Helper()
	moved, err := h.Move(c.Context(), name, from, until)
	if err != nil || moved != want {
		c.Fatalf("move %s: got %v, %v, want %v", name, moved, err, want)
	}
}

func (c *hintsCase) none() { c.expect(c.another(c.T), nil) }

func (c *hintsCase) told() {
	a, b := c.another(c.T), c.another(c.T)
	c.move(a, "http:a.example", time.Time{}, at(time.Second+1), true)
	c.expect(b, hintMap{"http:a.example": at(time.Second + 1)})
	c.expect(a, hintMap{"http:a.example": at(time.Second + 1)})
}

func (c *hintsCase) moves() {
	a, b := c.another(c.T), c.another(c.T)
	c.move(a, "x", at(0), at(1), false)
	c.expect(a, nil)
	c.move(a, "x", time.Time{}, at(1), true)
	c.move(b, "x", time.Time{}, at(2), false)
	c.move(b, "x", at(0), at(2), false)
	c.expect(b, hintMap{"x": at(1)})
	c.move(b, "x", at(1), at(3), true)
	c.move(a, "x", at(1), at(4), false)
	c.expect(a, hintMap{"x": at(3)})
}

func (c *hintsCase) taken() {
	a, b := c.another(c.T), c.another(c.T)
	c.move(a, "x", time.Time{}, at(1), true)
	c.move(b, "x", at(2), time.Time{}, false)
	c.move(b, "x", at(1), time.Time{}, true)
	c.expect(a, nil)
	c.move(a, "x", at(1), at(2), false)
	c.move(a, "x", time.Time{}, at(3), true)
	c.expect(b, hintMap{"x": at(3)})
}

func (c *hintsCase) apart() {
	h, want := c.another(c.T), hintMap{}
	for i, name := range []string{"cognito:write", "http:api.example.com:8443", "X:x", "X:X", "with space # and ünïcödé 漢字", ".", strings.Repeat("n", 600)} {
		want[name] = at(time.Duration(i))
		c.move(h, name, time.Time{}, want[name], true)
	}
	c.expect(h, want)
	c.move(h, "X:x", at(2), time.Time{}, true)
	delete(want, "X:x")
	c.expect(h, want)
}

func (c *hintsCase) race() {
	h := c.another(c.T)
	for round := range 3 {
		from := at(time.Duration(round))
		if round == 0 {
			from = time.Time{}
		}
		var winners atomic.Int64
		errs := crowd(40, func(int) error {
			moved, err := c.another(c.T).Move(c.Context(), "x", from, at(time.Duration(round+1)))
			if moved {
				winners.Add(1)
			}
			return err
		})
		if err := errors.Join(errs...); err != nil || winners.Load() != 1 {
			c.Fatalf("round %d: %d have moved it, %v", round, winners.Load(), err)
		}
		c.expect(h, hintMap{"x": at(time.Duration(round + 1))})
	}
}

func (c *hintsCase) honoursContexts() {
	h := c.another(c.T)
	if moved, err := h.Move(canceled(), "x", time.Time{}, at(1)); err == nil {
		c.Errorf("moved %v, want an error", moved)
	}
	if all, err := h.Hints(canceled()); err == nil {
		c.Errorf("got %v, want an error", all)
	}
	c.expect(h, nil)
}
