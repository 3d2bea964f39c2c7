package workertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// generations are two runs of one person.
func generations() (first, second worker.Identity) {
	first, second = person(sub(1)), person(sub(1))
	second.Generation = "backfill-1"
	return first, second
}

func (c *ledgerCase) holdsThePerson() {
	first, second := generations()
	r := c.claim(first, "a", start())
	end := start().Add(lease)
	c.busy(second, "b", start(), end)
	c.busy(second, "a", end.Add(-time.Nanosecond), end) // whoever asks
	c.save(r)                                           // the holder is not touched by it
	other := first
	other.Pool = "eu-west-1_ZZZZZZZZZ"
	c.claim(other, "b", start())
	c.claim(person(sub(2)), "b", start())
	r.Owner = ""
	c.save(r)
	c.claim(second, "b", start())
	c.busy(first, "a", start(), end)
}

// chargesNobody lets a claim meet a held person three times: while its own run is new, while it is nobody's, and while
// it waits to be taken over from a crashed owner.
func (c *ledgerCase) chargesNobody() {
	first, second := generations()
	crashed := c.claim(second, "crashed", start())
	now := start().Add(2 * lease)
	held := c.claim(first, "a", now)
	end := now.Add(lease)
	for range 3 {
		c.busy(second, "b", now, end)
	}
	third := second
	third.Generation = "backfill-2"
	c.busy(third, "b", now, end)
	c.busy(third, "c", now, end)
	held.State, held.Owner = worker.Done, ""
	c.save(held)
	if r := c.claim(third, "d", now); r.Crashes != 0 || r.State != worker.Open {
		c.Errorf("of a new run: got %d crashes, state %s, want 0, open", r.Crashes, r.State)
	} else {
		r.Owner = ""
		c.save(r)
	}
	if r := c.claim(second, "d", now); r.Crashes != 1 || r.Fence <= crashed.Fence {
		c.Errorf("of a run whose owner crashed: got %d crashes, fence %d, want 1, above %d", r.Crashes, r.Fence, crashed.Fence)
	}
	c.lost(crashed)
}

func (c *ledgerCase) tellsOfOthers() {
	first, second := generations()
	r := c.claim(first, "a", start())
	if r.Others {
		c.Error("the first run of a person has others")
	}
	r.State, r.Owner = worker.Done, ""
	c.save(r)
	c.claim(person(sub(2)), "a", start())
	r = c.claim(second, "a", start())
	if !r.Others {
		c.Error("the second run of a person has no others")
	}
	r.Owner = ""
	c.save(r)
	c.reopen()
	if r = c.claim(second, "b", start()); !r.Others {
		c.Error("the second run, claimed again, has no others")
	}
	if r = c.claim(person(sub(3)), "b", start()); r.Others {
		c.Error("a new person has others")
	}
}

// hasOneWinnerOfAPerson allows that both sides of a race step back; afterwards the person is free, and nobody is
// charged for it.
func (c *ledgerCase) hasOneWinnerOfAPerson() {
	ids := [2]worker.Identity{}
	ids[0], ids[1] = generations()
	for round := range 10 {
		now, winners := start().Add(time.Duration(round)*time.Second), make([]worker.Run, 16)
		errs := crowd(len(winners), func(i int) (err error) {
			winners[i], err = c.Ledger.Claim(c.Context(), ids[i%2], fmt.Sprint("owner-", round, "-", i), now, now.Add(lease))
			return err
		})
		won := 0
		for i, err := range errs {
			var busy *worker.Busy
			switch {
			case err == nil:
				won++
				winners[i].Owner = ""
				c.save(winners[i])
			case !errors.As(err, &busy):
				c.Fatalf("a loser got %v", err)
			}
		}
		if won > 1 {
			c.Fatalf("round %d: %d winners of one person", round, won)
		}
	}
	for _, id := range ids {
		r := c.claim(id, "last", start().Add(time.Minute/2))
		if r.Crashes != 0 {
			c.Errorf("%s: got %d crashes, want 0", id.Generation, r.Crashes)
		}
		r.Owner = ""
		c.save(r)
	}
}
