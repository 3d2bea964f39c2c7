package workertest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
)

// Slices runs the suite of worker.Slices. open is called once for each sentence: it gives an empty line, and each call
// of its answer gives another worker's handle on that line. The suite needs no clock.
func Slices(t *testing.T, open func(t *testing.T) func(t *testing.T) worker.Slices) {
	for _, sentence := range []struct {
		name  string
		check func(*slicesCase)
	}{
		{"slices follow each other without a gap, whoever asks", (*slicesCase).follow},
		{"what nobody took until now is lost", (*slicesCase).skip},
		{"a slice ends no later than the edge, and is shorter then", (*slicesCase).endAtTheEdge},
		{"a line without room gives nothing, says where it ends, and stays as it is", (*slicesCase).full},
		{"slots of different lengths lie on one line", (*slicesCase).mix},
		{"a worker whose clock is behind gets slots behind those of the others, and hears of their clock", (*slicesCase).late},
		{"of forty workers no two get the same part, and nothing is lost between them", (*slicesCase).crowd},
		{"a canceled context returns an error and takes nothing", (*slicesCase).honoursContexts},
	} {
		t.Run(sentence.name, func(t *testing.T) {
			sentence.check(&slicesCase{T: t, another: open(t)})
		})
	}
}

// slicesCase is one sentence on its own line.
type slicesCase struct {
	*testing.T
	another func(t *testing.T) worker.Slices
	clock   time.Time // of the last call that was granted something
}

const each = 100 * time.Millisecond

func at(d time.Duration) time.Time { return start().Add(d) }

func ask(want int, now, edge time.Duration) worker.Ask {
	return worker.Ask{Want: want, Each: each, Now: at(now), Edge: at(edge)}
}

func (c *slicesCase) expect(s worker.Slices, a worker.Ask, granted int, from time.Duration) {
	c.Helper()
	got, err := s.Lease(c.Context(), a)
	if err != nil {
		c.Fatalf("lease: %v", err)
	}
	if diff := cmp.Diff(worker.Slice{Granted: granted, From: at(from), Clock: c.clock}, got); diff != "" {
		c.Errorf("slice (-want +got):\n%s", diff)
	}
	if granted > 0 {
		c.clock = a.Now
	}
}

func (c *slicesCase) follow() {
	a, b := c.another(c.T), c.another(c.T)
	c.expect(a, ask(3, 0, time.Minute), 3, 0)
	c.expect(b, ask(5, 0, time.Minute), 5, 3*each)
	c.expect(a, ask(1, each, time.Minute), 1, 8*each)
	c.expect(a, ask(2, 2*each, time.Minute), 2, 9*each)
}

func (c *slicesCase) skip() {
	a, b := c.another(c.T), c.another(c.T)
	c.expect(a, ask(3, 0, time.Minute), 3, 0)
	c.expect(b, ask(1, time.Second, time.Minute), 1, time.Second)
	c.expect(a, ask(1, time.Hour, 2*time.Hour), 1, time.Hour)
	c.expect(a, ask(1, time.Hour, 2*time.Hour), 1, time.Hour+each)
}

func (c *slicesCase) endAtTheEdge() {
	a := c.another(c.T)
	c.expect(a, ask(100, 0, 5*each+each/2), 5, 0)
	c.expect(a, ask(100, 0, 8*each), 3, 5*each)
}

func (c *slicesCase) full() {
	a, b := c.another(c.T), c.another(c.T)
	c.expect(a, ask(10, 0, time.Minute), 10, 0)
	c.expect(b, ask(1, 0, 10*each), 0, 10*each)
	c.expect(b, ask(1, 0, 11*each-time.Nanosecond), 0, 10*each)
	c.expect(b, ask(1, 0, 11*each), 1, 10*each)
	c.expect(b, ask(1, time.Hour, time.Hour), 0, time.Hour)
	c.expect(b, ask(1, 11*each, time.Hour), 1, 11*each)
}

func (c *slicesCase) mix() {
	a, b := c.another(c.T), c.another(c.T)
	c.expect(a, ask(2, 0, time.Minute), 2, 0)
	long := ask(2, 0, time.Minute)
	long.Each = 7*each + 1
	c.expect(b, long, 2, 2*each)
	c.expect(a, ask(1, 0, time.Minute), 1, 16*each+2)
}

func (c *slicesCase) late() {
	fast, slow := c.another(c.T), c.another(c.T)
	c.expect(fast, ask(10, 4*time.Second, time.Minute), 10, 4*time.Second)
	c.expect(slow, ask(10, 0, time.Minute), 10, 5*time.Second)
	c.expect(slow, ask(1, 0, 2*time.Second), 0, 6*time.Second)
}

func (c *slicesCase) crowd() {
	const workers, times = 40, 5
	var mu sync.Mutex
	var got []worker.Slice
	errs := crowd(workers, func(i int) error {
		s := c.another(c.T)
		for range times {
			slice, err := persist(func() (worker.Slice, error) { return s.Lease(c.Context(), ask(1+i%3, 0, time.Hour)) })
			if err != nil {
				return err
			}
			mu.Lock()
			got = append(got, slice)
			mu.Unlock()
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		c.Fatal(err)
	}
	slices.SortFunc(got, func(a, b worker.Slice) int { return a.From.Compare(b.From) })
	end := at(0)
	for _, s := range got {
		if !s.From.Equal(end) {
			c.Fatalf("a slice begins at %v, and the one before it ended at %v", s.From, end)
		}
		end = end.Add(time.Duration(s.Granted) * each)
	}
}

// persist asks again while nothing is granted: an implementation may give up where many ask at the same moment.
func persist(lease func() (worker.Slice, error)) (s worker.Slice, err error) {
	for range 1000 {
		if s, err = lease(); err != nil || s.Granted > 0 {
			return s, err
		}
	}
	return s, errors.New("a thousand calls in a row were granted nothing")
}

func (c *slicesCase) honoursContexts() {
	a := c.another(c.T)
	if s, err := a.Lease(canceled(), ask(3, 0, time.Minute)); err == nil {
		c.Errorf("got %v, want an error", s)
	}
	c.expect(a, ask(1, 0, time.Minute), 1, 0)
}
