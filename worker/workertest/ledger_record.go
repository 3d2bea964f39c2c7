package workertest

import (
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

func (c *ledgerCase) keepsEverything() {
	id := person(sub(1))
	want := full(c.claim(id, "a", start()))
	want.State, want.Owner = worker.Done, ""
	c.save(want)
	c.reopen()
	got := c.claim(id, "b", start().Add(lease))
	c.same(got, want)
	for step, record := range want.Steps {
		if string(got.Steps[step].Output) != string(record.Output) {
			c.Errorf("output of %s: got %s, want %s", step, got.Steps[step].Output, record.Output)
		}
	}
}

func (c *ledgerCase) keepsTheSource() {
	id := person(sub(1))
	r := c.claim(id, "a", start())
	r.Owner = ""
	c.save(r)
	other := id
	other.Source, other.Client = "reconcile", ""
	if r := c.claim(other, "b", start()); r.Source != "signup" || r.Client != "web" {
		c.Errorf("got source %q, client %q, want signup, web", r.Source, r.Client)
	}
}

func (c *ledgerCase) sharesNoMemory() {
	id := person(sub(1))
	saved := full(c.claim(id, "a", start()))
	saved.State, saved.Owner = worker.Done, ""
	c.save(saved)
	spoil(saved)
	want := full(worker.Run{Identity: id, Key: id.Key(), State: worker.Done, Fence: 1, FirstSeen: start()})
	first := c.claim(id, "b", start())
	c.same(first, want)
	spoil(first)
	c.same(c.claim(id, "b", start()), want)
}

// spoil changes everything that a run refers to.
func spoil(r worker.Run) {
	r.Flags[0], r.Written["website"], r.Written["new"] = "spoiled", worker.Wrote{Digest: "spoiled"}, worker.Wrote{Digest: "spoiled"}
	s := r.Steps["company"]
	copy(s.Output, `{"name":"spoiled"`)
	*s.If = !*s.If
	r.Steps["crm"] = worker.StepRecord{Code: "spoiled"}
}

// write claims a run and saves it as done with what it wrote, updated at the given time.
func (c *ledgerCase) write(id worker.Identity, updated time.Time, written map[string]worker.Wrote) {
	c.Helper()
	r := c.claim(id, "a", start())
	r.State, r.Owner, r.Updated, r.Written = worker.Done, "", updated, written
	c.save(r)
}

// wrote is a digest of a value that was observed so many seconds after the start.
func wrote(digest string, seconds int) worker.Wrote {
	return worker.Wrote{Digest: digest, Observed: start().Add(time.Duration(seconds) * time.Second)}
}

// mergesWritten saves the runs in another order than that in which their values were observed.
func (c *ledgerCase) mergesWritten() {
	id, backfill, newest := person(sub(1)), person(sub(1)), person(sub(1))
	backfill.Generation, newest.Generation = "backfill-1", "a-third"
	c.write(newest, start().Add(1*time.Second), map[string]worker.Wrote{"website": wrote("w3", 3)})
	c.write(id, start().Add(3*time.Second), map[string]worker.Wrote{"custom:a": wrote("a1", 1), "custom:b": wrote("b1", 1), "website": wrote("w1", 1)})
	c.write(backfill, start().Add(2*time.Second), map[string]worker.Wrote{"custom:b": wrote("b2", 2), "custom:c": wrote("c2", 2), "website": wrote("w2", 2)})
	c.write(person(sub(2)), start().Add(9*time.Second), map[string]worker.Wrote{"custom:a": wrote("of another person", 9)})
	want := map[string]worker.Wrote{"custom:a": wrote("a1", 1), "custom:b": wrote("b2", 2), "custom:c": wrote("c2", 2), "website": wrote("w3", 3)}
	c.written(id.Pool, id.Sub, want)
	c.reopen()
	c.written(id.Pool, id.Sub, want)
}

func (c *ledgerCase) knowsNothingWritten() {
	id := person(sub(1))
	c.written(id.Pool, id.Sub, nil)
	c.claim(id, "a", start())
	c.written(id.Pool, id.Sub, nil)
}

func (c *ledgerCase) keepsPoolsApart() {
	one, two, later := person(sub(1)), person(sub(1)), person(sub(1))
	two.Pool, later.Generation = "eu-west-1_ZZZZZZZZZ", "1"
	for _, id := range []worker.Identity{one, two, later} {
		r := c.claim(id, "a", start())
		if r.Fence != 1 {
			c.Errorf("%s %s: got fence %d, want 1", id.Pool, id.Generation, r.Fence)
		}
		r.Owner = ""
		c.save(r)
	}
	r := c.claim(one, "a", start())
	r.Written = map[string]worker.Wrote{"website": wrote("one", 1)}
	c.save(r)
	c.written(two.Pool, two.Sub, nil)
	r = c.claim(two, "a", start())
	r.Written, r.Updated = map[string]worker.Wrote{"website": wrote("two", 2)}, start().Add(time.Hour)
	c.save(r)
	c.written(one.Pool, one.Sub, map[string]worker.Wrote{"website": wrote("one", 1)})
	c.written(two.Pool, two.Sub, map[string]worker.Wrote{"website": wrote("two", 2)})
}
