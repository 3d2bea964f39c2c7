package workertest

import (
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
)

func (c *recordsCase) readsRuns() {
	for i, state := range []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced} {
		want := c.put(i, state, i)
		c.same(c.read(want.Key), want)
	}
	held := c.claim(person(sub(9)), "a", start())
	c.same(c.read(held.Key), held)
}

func (c *recordsCase) findsRuns() {
	for i, state := range []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced} {
		want := c.put(i, state, i)
		id := worker.Identity{Pool: want.Pool, Sub: want.Sub, Generation: want.Generation}
		r, ok, err := c.records.Find(c.Context(), id)
		if err != nil || !ok {
			c.Fatalf("find a run that is %s: found %v, %v", state, ok, err)
		}
		c.same(r, want)
		r.Flags = []string{"amended as it was found"}
		c.amend(r)
		if id.Generation = "another"; state == worker.Done {
			if r, ok, err := c.records.Find(c.Context(), id); ok || err != nil {
				c.Errorf("another generation: got %v, %v, %v", r, ok, err)
			}
		}
	}
}

func (c *recordsCase) findsNothing() {
	c.put(1, worker.Open, 0)
	if r, ok, err := c.records.Find(c.Context(), person(sub(2))); ok || err != nil {
		c.Errorf("find: got %v, %v, %v", r, ok, err)
	}
	if r, ok, err := c.records.Run(c.Context(), person(sub(2)).Key()); ok || err != nil {
		c.Errorf("run: got %v, %v, %v", r, ok, err)
	}
	if runs, err := c.records.Person(c.Context(), person(sub(2)).Pool, sub(2)); len(runs) > 0 || err != nil {
		c.Errorf("person: got %v, %v", runs, err)
	}
	if runs := c.list(worker.Filter{State: worker.Done}); len(runs) > 0 {
		c.Errorf("list: got %v", runs)
	}
}

func (c *recordsCase) readsPersons() {
	var want []worker.Run
	for i, generation := range []string{"0", "backfill-1", "backfill-2"} {
		id := person(sub(1))
		id.Generation = generation
		r := full(c.claim(id, "a", start()))
		r.State, r.Owner, r.Others = []worker.RunState{worker.Done, worker.Parked, worker.Gone}[i], "", false
		c.save(r)
		want = append(want, r)
	}
	c.put(2, worker.Done, 0)
	elsewhere := person(sub(1))
	elsewhere.Pool = "eu-west-1_ZZZZZZZZZ"
	c.claim(elsewhere, "a", start())
	slices.SortFunc(want, byKey)
	got, err := c.records.Person(c.Context(), person(sub(1)).Pool, sub(1))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		c.Errorf("%v, runs (-want +got):\n%s", err, diff)
	}
}

func byKey(a, b worker.Run) int { return strings.Compare(a.Key, b.Key) }

func (c *recordsCase) lists() {
	want := map[worker.RunState][]worker.Run{}
	for i := range 40 {
		state := []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced}[i%5]
		r := c.put(i, state, i)
		want[state], want[""] = append(want[state], r), append(want[""], r)
	}
	for state, runs := range want {
		slices.SortFunc(runs, byKey)
		var got []worker.Run
		for f := (worker.Filter{State: state, Limit: 3}); ; f.After = got[len(got)-1].Key {
			page := c.list(f)
			if len(page) > 3 {
				c.Fatalf("a page of 3 has %d runs", len(page))
			}
			if got = append(got, page...); len(page) == 0 {
				break
			}
		}
		if diff := cmp.Diff(runs, got, cmpopts.EquateEmpty()); diff != "" {
			c.Errorf("pages of %q (-want +got):\n%s", state, diff)
		}
		if all := c.list(worker.Filter{State: state}); len(all) != len(runs) {
			c.Errorf("one page of %q has %d runs, want %d", state, len(all), len(runs))
		}
	}
}

func (c *recordsCase) refusesStates() {
	if _, err := c.records.List(c.Context(), worker.Filter{State: "x' OR '1'='1"}); err == nil {
		c.Error("it was taken")
	}
}

func (c *recordsCase) counts() {
	c.overview(map[worker.RunState]int{}, time.Time{})
	c.put(1, worker.Parked, 1)
	c.put(2, worker.Done, 2)
	c.overview(map[worker.RunState]int{worker.Parked: 1, worker.Done: 1}, time.Time{})
	c.put(3, worker.Open, 4)
	oldest := c.put(4, worker.Open, 3)
	c.put(5, worker.Open, 5)
	c.put(6, worker.Gone, 0)
	want := map[worker.RunState]int{worker.Open: 3, worker.Parked: 1, worker.Done: 1, worker.Gone: 1}
	c.overview(want, start().Add(3*time.Minute))
	oldest.State = worker.Parked
	c.amend(oldest)
	want[worker.Open], want[worker.Parked] = 2, 2
	c.overview(want, start().Add(4*time.Minute))
}

// overview compares the states that the ledger counts: open and parked at least.
func (c *recordsCase) overview(want map[worker.RunState]int, oldest time.Time) {
	c.Helper()
	o, err := c.records.Overview(c.Context())
	if err != nil {
		c.Fatalf("overview: %v", err)
	}
	for _, state := range []worker.RunState{worker.Open, worker.Parked} {
		if _, counted := o.States[state]; !counted {
			c.Errorf("%s is not counted", state)
		}
	}
	for state, n := range o.States {
		if n != want[state] {
			c.Errorf("%d runs are counted as %s, want %d", n, state, want[state])
		}
	}
	if !o.Oldest.Equal(oldest) {
		c.Errorf("the oldest is of %v, want %v", o.Oldest, oldest)
	}
}

func (c *recordsCase) unerased(before time.Time) (keys []string) {
	c.Helper()
	for r, err := range c.records.Unerased(c.Context(), before) {
		if err != nil {
			c.Fatalf("unerased: %v", err)
		}
		c.same(r, c.read(r.Key))
		keys = append(keys, r.Key)
	}
	slices.Sort(keys)
	return keys
}

func (c *recordsCase) listsUnerased() {
	var want []string
	for i := range 300 {
		state := []worker.RunState{worker.Open, worker.Done, worker.Parked, worker.Gone, worker.Replaced}[i%5]
		r := c.put(i, state, i/100)
		if state != worker.Open && state != worker.Parked && i < 200 {
			want = append(want, r.Key)
		}
	}
	slices.Sort(want)
	before := start().Add(2 * time.Minute)
	if diff := cmp.Diff(want, c.unerased(before)); diff != "" {
		c.Errorf("unerased (-want +got):\n%s", diff)
	}
	for _, key := range want[:50] {
		r := c.read(key)
		r.Erased, r.Steps = start(), nil
		c.amend(r)
	}
	if diff := cmp.Diff(want[50:], c.unerased(before)); diff != "" {
		c.Errorf("afterwards (-want +got):\n%s", diff)
	}
	for range c.records.Unerased(c.Context(), before) {
		break // a reader that has enough
	}
}
