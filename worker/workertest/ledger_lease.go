package workertest

import (
	"context"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

func (c *ledgerCase) createsRuns() {
	id := person(sub(1))
	got := c.claim(id, "a", start())
	c.same(got, worker.Run{Identity: id, Key: id.Key(), State: worker.Open, Owner: "a", Fence: 1,
		LeaseUntil: start().Add(lease), FirstSeen: start(), Updated: start()})
}

func (c *ledgerCase) keepsLeases() {
	id := person(sub(1))
	c.claim(id, "a", start())
	end := start().Add(lease)
	c.busy(id, "b", start(), end)
	c.busy(id, "b", end.Add(-time.Nanosecond), end)
	if r := c.claim(id, "b", end); r.Owner != "b" || r.Fence != 2 {
		c.Errorf("after the lease: got owner %s, fence %d, want b, 2", r.Owner, r.Fence)
	}
}

func (c *ledgerCase) extendsLeases() {
	id := person(sub(1))
	r := c.claim(id, "a", start())
	r.LeaseUntil = start().Add(3 * lease)
	c.save(r)
	c.busy(id, "b", start().Add(2*lease), start().Add(3*lease))
}

func (c *ledgerCase) countsCrashes() {
	id := person(sub(1))
	first := c.claim(id, "a", start())
	for crash := 1; crash <= 3; crash++ {
		now := start().Add(time.Duration(crash) * 2 * lease)
		r := c.claim(id, "a"+sub(crash), now)
		if r.Crashes != crash || r.Fence != first.Fence+int64(crash) || !r.LeaseUntil.Equal(now.Add(lease)) {
			c.Errorf("takeover %d: got %d crashes, fence %d, lease until %v", crash, r.Crashes, r.Fence, r.LeaseUntil)
		}
	}
}

func (c *ledgerCase) takesLeasesBack() {
	id := person(sub(1))
	r := c.claim(id, "a", start())
	r.Owner, r.Releases = "", 1
	c.save(r)
	for _, now := range []time.Time{start().Add(time.Second), start().Add(2 * lease)} {
		r = c.claim(id, "b", now)
		if r.Crashes != 0 || r.Releases != 1 || r.Owner != "b" {
			c.Errorf("got %d crashes, %d releases, owner %q, want 0, 1, b", r.Crashes, r.Releases, r.Owner)
		}
		r.Owner = ""
		c.save(r)
	}
}

func (c *ledgerCase) repeatsClaims() {
	id := person(sub(1))
	first := c.claim(id, "a", start())
	again := c.claim(id, "a", start().Add(time.Second))
	if again.Fence != first.Fence+1 || again.Crashes != 0 || !again.FirstSeen.Equal(start()) {
		c.Errorf("got fence %d, %d crashes, first seen %v", again.Fence, again.Crashes, again.FirstSeen)
	}
	c.lost(first)
	c.save(again)
}

func (c *ledgerCase) refusesOldFences() {
	id := person(sub(1))
	old := c.claim(id, "a", start())
	current := c.claim(id, "b", start().Add(2*lease))
	late := full(old)
	late.State, late.Owner = worker.Done, ""
	c.lost(late)
	future := full(current)
	future.Fence++
	c.lost(future)
	c.busy(id, "d", start().Add(2*lease), start().Add(3*lease))
	current.Owner = ""
	c.save(current)
	current.Owner, current.Fence, current.LeaseUntil = "c", 3, start().Add(3*lease)
	c.same(c.claim(id, "c", start().Add(2*lease)), current)
}

func (c *ledgerCase) refusesUnknownRuns() {
	id := person(sub(1))
	c.lost(worker.Run{Identity: id, Key: id.Key(), State: worker.Done, Fence: 1})
	c.lost(worker.Run{Identity: id, Key: id.Key(), State: worker.Done})
	if r := c.claim(id, "a", start()); r.State != worker.Open || r.Fence != 1 {
		c.Errorf("got state %s, fence %d, want open, 1", r.State, r.Fence)
	}
}

func (c *ledgerCase) refusesNonsense() {
	id := person(sub(1))
	r := c.claim(id, "a", start())
	for name, change := range map[string]func(*worker.Run){
		"another run's key": func(r *worker.Run) { r.Key = person(sub(2)).Key() },
		"another person":    func(r *worker.Run) { r.Sub = sub(2) },
		"no state":          func(r *worker.Run) { r.State = "" },
		"a foreign state":   func(r *worker.Run) { r.State = "finished" },
	} {
		wrong := r
		change(&wrong)
		if err := c.Ledger.Save(c.Context(), wrong); err == nil {
			c.Errorf("%s: saved", name)
		}
	}
	c.same(c.claim(id, "a", start()), func() worker.Run { r.Fence++; return r }())
	if _, err := c.Ledger.Claim(c.Context(), id, "", start().Add(2*lease), start().Add(3*lease)); err == nil {
		c.Error("claimed without an owner")
	}
}

func (c *ledgerCase) endsRuns() {
	for i, state := range []worker.RunState{worker.Done, worker.Parked, worker.Gone, worker.Replaced} {
		id := person(sub(i))
		r := full(c.claim(id, "a", start()))
		r.State, r.Owner = state, ""
		c.save(r)
		c.same(c.claim(id, "b", start().Add(10*lease)), r)
		c.same(c.claim(id, "c", start().Add(10*lease)), r)
		r.LetterSent = true
		c.save(r)
		c.same(c.claim(id, "d", start().Add(10*lease)), r)
	}
}

func (c *ledgerCase) reopensRuns() {
	id := person(sub(1))
	r := full(c.claim(id, "a", start()))
	r.State, r.Owner = worker.Parked, ""
	c.save(r)
	r.State, r.Reason, r.Reopens, r.Crashes = worker.Open, "", 2, 0
	c.save(r)
	r.Owner, r.Fence, r.LeaseUntil = "b", r.Fence+1, start().Add(11*lease)
	c.same(c.claim(id, "b", start().Add(10*lease)), r)
}

func (c *ledgerCase) keepsLeasesOverReopening() {
	id := person(sub(1))
	old := c.claim(id, "a", start())
	current := c.claim(id, "b", start().Add(2*lease))
	c.reopen()
	c.busy(id, "c", start().Add(2*lease), start().Add(3*lease))
	c.lost(old)
	c.save(current)
	if r := c.claim(id, "c", start().Add(4*lease)); r.Fence != 3 || r.Crashes != 2 {
		c.Errorf("got fence %d, %d crashes, want 3, 2", r.Fence, r.Crashes)
	}
}

func (c *ledgerCase) honoursContexts() {
	id := person(sub(1))
	r := c.claim(id, "a", start())
	r.State, r.Owner = worker.Done, ""
	if err := c.Ledger.Save(canceled(), r); !errors.Is(err, context.Canceled) {
		c.Errorf("save: got %v, want context.Canceled", err)
	}
	if _, err := c.Ledger.Claim(canceled(), id, "b", start().Add(2*lease), start().Add(3*lease)); !errors.Is(err, context.Canceled) {
		c.Errorf("claim: got %v, want context.Canceled", err)
	}
	if _, err := c.Ledger.Written(canceled(), id.Pool, id.Sub); !errors.Is(err, context.Canceled) {
		c.Errorf("written: got %v, want context.Canceled", err)
	}
	if r := c.claim(id, "b", start().Add(2*lease)); r.Fence != 2 || r.State != worker.Open {
		c.Errorf("got fence %d, state %s, want 2, open", r.Fence, r.State)
	}
}
