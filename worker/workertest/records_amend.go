package workertest

import (
	"context"
	"errors"

	"github.com/postconfirm/postconfirm/worker"
)

func (c *recordsCase) refused(r worker.Run) {
	c.Helper()
	if err := c.records.Amend(c.Context(), r); !errors.Is(err, worker.ErrLeaseLost) {
		c.Errorf("amend with fence %d: got %v, want ErrLeaseLost", r.Fence, err)
	}
}

func (c *recordsCase) amends() {
	held := c.claim(person(sub(1)), "a", start())
	want := full(c.read(held.Key))
	want.State, want.Owner, want.Reason = worker.Gone, "", "forgotten"
	c.amend(want)
	want.Fence++
	c.same(c.read(want.Key), want)
	c.lost(held)
	c.same(c.claim(want.Identity, "b", start()), want)
	want.Flags = []string{"amended again"}
	c.amend(want)
	want.Fence++
	c.same(c.read(want.Key), want)
}

func (c *recordsCase) refusesOldVersions() {
	r := c.claim(person(sub(1)), "a", start())
	read := c.read(r.Key)
	again := c.claim(person(sub(1)), "a", start())
	read.State, read.Owner = worker.Gone, ""
	c.refused(read)
	read.Fence += 5
	c.refused(read)
	c.same(c.read(r.Key), again)
	c.save(again)
}

func (c *recordsCase) refusesNonsense() {
	id := person(sub(1))
	c.refused(worker.Run{Identity: id, Key: id.Key(), State: worker.Gone})
	c.refused(worker.Run{Identity: id, Key: id.Key(), State: worker.Gone, Fence: 1})
	r := c.claim(id, "a", start())
	for name, change := range map[string]func(*worker.Run){
		"another run's key": func(r *worker.Run) { r.Key = person(sub(2)).Key() },
		"another person":    func(r *worker.Run) { r.Sub = sub(2) },
		"a foreign state":   func(r *worker.Run) { r.State = "finished" },
	} {
		wrong := r
		change(&wrong)
		if err := c.records.Amend(c.Context(), wrong); err == nil {
			c.Errorf("%s: amended", name)
		}
	}
	c.same(c.read(r.Key), r)
}

func (c *recordsCase) reopens() {
	parked := c.put(1, worker.Parked, 0)
	again := parked
	again.State, again.Reason, again.Reopens, again.Reopened = worker.Open, "", 2, start()
	c.amend(again)
	again.Owner, again.Fence, again.LeaseUntil = "b", parked.Fence+2, start().Add(lease)
	c.same(c.claim(parked.Identity, "b", start()), again)
}

func (c *recordsCase) hasOneWinner() {
	r := c.put(1, worker.Done, 0)
	winners := 0
	for _, err := range crowd(32, func(int) error { return c.records.Amend(c.Context(), r) }) {
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, worker.ErrLeaseLost):
			c.Errorf("a loser got %v", err)
		}
	}
	if now := c.read(r.Key); winners != 1 || now.Fence != r.Fence+1 {
		c.Errorf("%d winners, fence %d, want 1, %d", winners, now.Fence, r.Fence+1)
	}
}

func (c *recordsCase) honoursContexts() {
	r := c.put(1, worker.Done, 0)
	_, _, run := c.records.Run(canceled(), r.Key)
	_, _, find := c.records.Find(canceled(), r.Identity)
	_, person := c.records.Person(canceled(), r.Pool, r.Sub)
	_, list := c.records.List(canceled(), worker.Filter{})
	_, overview := c.records.Overview(canceled())
	var unerased error
	for _, err := range c.records.Unerased(canceled(), start()) {
		unerased = err
	}
	for call, err := range map[string]error{"run": run, "find": find, "person": person, "list": list, "overview": overview, "unerased": unerased,
		"amend": c.records.Amend(canceled(), r)} {
		if !errors.Is(err, context.Canceled) {
			c.Errorf("%s: got %v, want context.Canceled", call, err)
		}
	}
	c.same(c.read(r.Key), r)
}
