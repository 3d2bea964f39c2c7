package workertest

import (
	"cmp"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
)

// populate stores runs that differ in all that filters look at: of two pools, three sources, three clients, three
// domains, two generations, first seen ten minutes apart, in all states and with different troubles.
func (c *recordsCase) populate(n int) (all []worker.Run) {
	c.Helper()
	for i := range n {
		id := worker.Identity{Pool: []string{"eu-west-1_Ab12cd34E", "eu-west-1_ZZZZZZZZZ"}[i%7/6], Sub: sub(i), Generation: []string{"0", "backfill-1"}[i%5/4],
			Source: []string{"signup", "signup", "reconcile", "backfill"}[i%4], Client: []string{"web", "app", ""}[i%3]}
		r := c.claim(id, "a", start().Add(time.Duration(i)*10*time.Minute))
		r.Domain = []string{"0a1b2c3d", "99887766", ""}[i%11%3]
		c.trouble(&r, i)
		r.Updated = r.FirstSeen.Add(time.Duration(i%13) * time.Minute)
		r.Owner, r.LeaseUntil, r.Pipeline = "", time.Time{}, []string{"9f86d081884c7d65", "9f00000000000000", "1f0e3dad99908345"}[i%3]
		c.save(r)
		all = append(all, r)
	}
	slices.SortFunc(all, byKey)
	return all
}

// trouble sets a run's state, and why it is not done.
func (c *recordsCase) trouble(r *worker.Run, i int) {
	failed := func(step, code, kind string, attempts int) {
		r.Steps = map[string]worker.StepRecord{step: {Code: code, Kind: kind, Attempts: attempts}}
	}
	switch i % 10 {
	case 0, 1, 2, 3:
		r.State = worker.Done
	case 4:
		r.State = worker.Done
		r.Steps = map[string]worker.StepRecord{"mail": {State: worker.StepUnknown, Code: "interrupted"}}
	case 5:
		failed("crm", "http_503", "temporary", i%3+1)
	case 6:
		r.State, r.Reason = worker.Parked, "http_422"
		r.Steps = map[string]worker.StepRecord{"crm": {State: worker.StepFailed, Code: "http_422", Kind: "permanent", Attempts: 1}}
	case 7:
		r.State, r.Reason = worker.Parked, []string{"too_many_crashes", "too_old", "a\treason with a tab"}[i%3]
	case 8:
		r.State = []worker.RunState{worker.Gone, worker.Replaced}[i%4/2]
	default: // open without trouble
	}
}

// filters are what is asked for: every part of a filter alone, and some together.
func filters() []worker.Filter {
	hours := func(n int) time.Time { return start().Add(time.Duration(n) * time.Hour) }
	return []worker.Filter{
		{}, {State: worker.Open}, {State: worker.Done}, {State: worker.Parked}, {State: worker.Gone}, {State: worker.Replaced},
		{Troubled: true}, {State: worker.Done, Troubled: true}, {State: worker.Gone, Troubled: true}, {State: worker.Open, Troubled: true},
		{Cause: worker.Cause{Step: "crm"}}, {Cause: worker.Cause{Class: "permanent"}}, {Cause: worker.Cause{Code: "http_503"}},
		{Cause: worker.Cause{Class: worker.ClassUnknown}}, {Cause: worker.Cause{Step: "crm", Class: "permanent", Code: "http_422"}},
		{Cause: worker.Cause{Code: "a\treason with a tab"}}, {Cause: worker.Cause{Code: "nobody has this"}},
		{State: worker.Parked, Cause: worker.Cause{Code: "too_old"}}, {State: worker.Parked, Cause: worker.Cause{Code: "http_503"}},
		{Pool: "eu-west-1_ZZZZZZZZZ"}, {Pool: "eu-west-1_Z"}, {Pool: "eu-west-1_ZZZZZZZZZ", State: worker.Done}, {Pool: "eu-west-1_Ab12cd34E", Troubled: true},
		{Source: "reconcile"}, {Source: "signup"}, {Source: "backfill", State: worker.Done}, {Source: "backfill", Troubled: true},
		{Generation: "backfill-1"}, {Generation: "0"}, {Generation: "backfill-1", State: worker.Open},
		{Client: "app"}, {Client: "app", Troubled: true}, {Client: "app", State: worker.Done, Since: hours(2)}, {Client: "nobody"},
		{Domain: "99887766"}, {Domain: "99887766", State: worker.Parked}, {Domain: "0a1b2c3d", Client: "web", Pool: "eu-west-1_Ab12cd34E"},
		{Since: hours(5)}, {Until: hours(5)}, {Since: hours(3), Until: hours(6)}, {Since: hours(3), Until: hours(3)},
		{Since: hours(3).Add(-20*time.Minute + time.Nanosecond), Until: hours(3).Add(20 * time.Minute)}, {Since: hours(2), Troubled: true, Pool: "eu-west-1_Ab12cd34E"},
		{Pipeline: "9f"}, {Pipeline: "9f86d081884c7d65"}, {Pipeline: "9f86d081884c7d65000"}, {Pipeline: "1f", Troubled: true},
		{Attempts: 1}, {Attempts: 3}, {Attempts: 2, State: worker.Open},
		{State: worker.Parked, Cause: worker.Cause{Code: "http_422"}, Pool: "eu-west-1_Ab12cd34E", Source: "reconcile", Generation: "0", Client: "web", Since: start(), Until: hours(100)},
	}
}

func (c *recordsCase) filters() {
	all, same := c.populate(120), 0
	for _, f := range filters() {
		var want []worker.Run
		for _, r := range all {
			if f.Match(r) {
				want = append(want, r)
			}
		}
		if len(want) > 0 && len(want) < len(all) {
			same++
		}
		var got []worker.Run
		for f.Limit = 7; ; f.After = got[len(got)-1].Key {
			page := c.list(f)
			if got = append(got, page...); len(page) < f.Limit {
				break
			}
		}
		f.After = ""
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			c.Errorf("pages of %+v (-want +got):\n%s", f, diff)
		}
	}
	if same < len(filters())*2/3 {
		c.Errorf("only %d filters choose some and not all: does the sentence still ask what it should?", same)
	}
}

// trends are into which parts groups are counted.
func trends() []worker.Trend {
	end := start().Add(20 * time.Hour)
	return []worker.Trend{{}, {End: end, Each: time.Hour, Parts: 24}, {End: end.Add(17*time.Minute + 3*time.Second), Each: 47 * time.Minute, Parts: 9},
		{End: start().Add(90 * time.Minute), Each: time.Second, Parts: 3600}, {End: start().Add(-time.Hour), Each: time.Hour, Parts: 3},
		{End: start().Add(7 * time.Hour).Truncate(time.Hour), Each: 10 * time.Minute, Parts: 30}}
}

func (c *recordsCase) groups() {
	all := c.populate(120)
	c.sums(all)
	for i, r := range all[:60] { // what has moved is counted where it is now
		c.trouble(&r, i)
		r.Updated = r.Updated.Add(time.Duration(i) * time.Minute)
		if i%10 < 4 {
			r.Steps, r.Reason = nil, ""
		}
		c.amend(r)
		r.Fence++
		all[i] = r
	}
	c.sums(all)
}

// sums compares the groups with what adding up all runs gives.
func (c *recordsCase) sums(all []worker.Run) {
	c.Helper()
	for i, f := range filters() {
		for j, trend := range trends() {
			if j != i%len(trends()) && i > 0 {
				continue // every trend is asked for with the zero filter, and with some others
			}
			var want worker.Groups
			for _, r := range all {
				if cause := r.Cause(); f.Match(r) && cause != (worker.Cause{}) {
					want.Add(r.State, cause, r.Updated, r.Key, trend)
				}
			}
			got, err := c.records.Groups(c.Context(), f, trend)
			if err != nil {
				c.Fatalf("groups of %+v: %v", f, err)
			}
			c.exemplary(got, want.Sorted(), all)
			ignore := cmpopts.IgnoreFields(worker.Group{}, "Example")
			if diff := gocmp.Diff(want.Sorted(), got, cmpopts.EquateEmpty(), ignore); diff != "" {
				c.Errorf("groups of %+v, %+v (-want +got):\n%s", f, trend, diff)
			}
		}
	}
}

// exemplary demands that a group's example is one of those that were saved last: of two of one moment, any.
func (c *recordsCase) exemplary(got, want []worker.Group, all []worker.Run) {
	c.Helper()
	for i := range min(len(got), len(want)) {
		at := slices.IndexFunc(all, func(r worker.Run) bool { return r.Key == got[i].Example })
		if at < 0 || all[at].State != got[i].State || all[at].Cause() != got[i].Cause || !all[at].Updated.Equal(got[i].Last) {
			c.Errorf("%s is no example of %+v", got[i].Example, want[i])
		}
	}
}

func (c *recordsCase) sortsGroups() {
	c.populate(120)
	got, err := c.records.Groups(c.Context(), worker.Filter{}, worker.Trend{})
	sorted := slices.IsSortedFunc(got, func(a, b worker.Group) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.State, b.State), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Code, b.Code))
	})
	if err != nil || len(got) < 6 || !sorted {
		c.Errorf("%d groups, sorted %v, %v", len(got), sorted, err)
	}
	if _, err := c.records.Groups(c.Context(), worker.Filter{State: "x' OR '1'='1"}, worker.Trend{}); err == nil {
		c.Error("groups of a state that is none were given")
	}
}

func (c *recordsCase) finds() {
	for i, state := range []worker.RunState{worker.Open, worker.Done, worker.Parked} {
		want := c.put(i, state, i)
		got, ok, err := c.records.Find(c.Context(), worker.Identity{Pool: want.Pool, Sub: want.Sub, Generation: want.Generation})
		if !ok || err != nil {
			c.Fatalf("find: found %v, %v", ok, err)
		}
		c.same(got, want)
	}
	for _, change := range []func(*worker.Identity){func(id *worker.Identity) { id.Sub = sub(99) }, func(id *worker.Identity) { id.Generation = "another" },
		func(id *worker.Identity) { id.Pool = "eu-west-1_ZZZZZZZZZ" }} {
		id := person(sub(1))
		change(&id)
		if r, ok, err := c.records.Find(c.Context(), id); ok || err != nil {
			c.Errorf("find %+v: got %v, %v, %v", id, r, ok, err)
		}
	}
}
