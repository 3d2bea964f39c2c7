package sqlite

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
)

// trouble is a row of the table troubles: how many runs are in a state with a cause, in all or last saved in one slot of
// time. Whoever saves keeps it in the same transaction; a run without a cause touches none.
type trouble struct {
	slot         int64
	state, cause string
}

// slotLength is the length of a slot, of which the first begins in 1970.
const slotLength = int64(10 * time.Minute)

// allSlots is the slot of the rows that count all runs of a state and cause. It comes first, so they stand together.
const allSlots = math.MinInt64

// slotOf is the slot that a moment falls into.
func slotOf(updated int64) int64 {
	slot := updated / slotLength
	if updated%slotLength < 0 {
		slot--
	}
	return slot
}

// trouble counts a row by n.
func (t *totals) trouble(v row, n int64) {
	if v.cause == "" {
		return
	}
	t.troubles[trouble{allSlots, v.state, v.cause}] += n
	t.troubles[trouble{slotOf(v.updated), v.state, v.cause}] += n
}

// countTroubles writes the changes of this transaction: many runs that fail for one cause are one change.
func (s *statements) countTroubles() error {
	for at, n := range s.change.troubles {
		if n == 0 {
			continue
		}
		left, err := s.countTrouble(at, n)
		if err == nil && left < 0 {
			err = fmt.Errorf("%w: its counts of troubles are wrong", ErrDamaged)
		}
		if err == nil && left == 0 {
			if err = bind(s.uncount, at.slot, at.state, at.cause); err == nil {
				_, err = exec(s.uncount)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *statements) countTrouble(at trouble, n int64) (left int64, err error) {
	if err := bind(s.count, at.slot, at.state, at.cause, n); err != nil {
		return 0, err
	}
	for s.count.Step() {
		left = s.count.ColumnInt64(0)
	}
	return left, reset(s.count, s.count.Err())
}

// causeText is a cause as the column has it.
func causeText(c worker.Cause) string {
	if c == (worker.Cause{}) {
		return ""
	}
	return c.Step + "\t" + c.Class + "\t" + c.Code
}

// causeIn reads the column. A code may have tabs in it.
func causeIn(text string) (c worker.Cause) {
	parts := strings.SplitN(text, "\t", 3)
	if len(parts) == 3 {
		c = worker.Cause{Step: parts[0], Class: parts[1], Code: parts[2]}
	}
	return c
}

// matches tells whether a filter wants runs of this state and cause.
func (t trouble) matches(f worker.Filter) bool {
	c := causeIn(t.cause)
	return (f.State == "" || t.state == string(f.State)) && (f.Cause.Step == "" || f.Cause.Step == c.Step) &&
		(f.Cause.Class == "" || f.Cause.Class == c.Class) && (f.Cause.Code == "" || f.Cause.Code == c.Code)
}

// counted is a state and cause with its count.
type counted struct {
	trouble
	runs int64
}

// wanted are the states and causes that a filter wants, with their counts, and the count of all of them.
func (c *reading) wanted(f worker.Filter) (found []counted, sum int64, err error) {
	err = c.each("SELECT state, cause, runs FROM troubles WHERE slot = ?1", []any{int64(allSlots)}, func(s *sqlite3.Stmt) error {
		t := counted{trouble{allSlots, s.ColumnText(0), s.ColumnText(1)}, s.ColumnInt64(2)}
		if t.matches(f) {
			found, sum = append(found, t), sum+t.runs
		}
		return nil
	})
	return found, sum, err
}

// verifyTroubles compares the counts with those of all runs, which it empties.
func (c *reading) verifyTroubles(right map[trouble]int64) error {
	var wrong error
	err := c.each("SELECT slot, state, cause, runs FROM troubles", nil, func(s *sqlite3.Stmt) error {
		at := trouble{s.ColumnInt64(0), s.ColumnText(1), s.ColumnText(2)}
		if right[at] != s.ColumnInt64(3) {
			wrong = fmt.Errorf("%w: its counts of troubles are wrong", ErrDamaged)
		}
		delete(right, at)
		return nil
	})
	if len(right) > 0 {
		wrong = fmt.Errorf("%w: its counts of troubles are incomplete", ErrDamaged)
	}
	return errors.Join(err, wrong)
}
