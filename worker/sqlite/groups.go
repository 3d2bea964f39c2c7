package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// Groups counts the runs that have a cause and that f wants, by state and cause. Where f has no more than state and cause,
// counts are read that the ledger keeps: a million runs in trouble cost no more than a few. Else the entries of
// an index of troubled runs are counted, some 100,000 in a tenth of a second, or, for attempts and the pipeline file,
// the runs themselves.
//
// It reads no run as a rule, so it does not see that one is damaged: Verify does.
func (r *Reader) Groups(ctx context.Context, f worker.Filter, t worker.Trend) (groups []worker.Group, err error) {
	if err := known(f.State); err != nil {
		return nil, wrap("groups", err)
	}
	f.After, f.Limit = "", 0
	err = r.with(ctx, func(c *reading) error {
		if err := c.conn.Exec("BEGIN"); err != nil { // so that all it sees belongs together
			return err
		}
		wanted, _, err := c.wanted(f)
		if err == nil {
			groups, err = c.groups(wanted, f, t)
		}
		return errors.Join(err, c.conn.Exec("ROLLBACK"))
	})
	return groups, wrap("groups", err)
}

func (c *reading) groups(wanted []counted, f worker.Filter, t worker.Trend) ([]worker.Group, error) {
	only := worker.Filter{State: f.State, Cause: f.Cause, Troubled: f.Troubled}
	if f != only {
		return c.addUp(f, t)
	}
	all, places := make([]worker.Group, len(wanted)), map[trouble]int{}
	for i, w := range wanted {
		var err error
		if all[i], err = c.group(w, t); err != nil {
			return nil, err
		}
		places[w.trouble] = i
	}
	err := c.trend(t, func(of trouble) *worker.Group {
		if i, ok := places[trouble{allSlots, of.state, of.cause}]; ok {
			return &all[i]
		}
		return nil
	})
	return worker.SortGroups(all), err
}

// group makes one of what is counted, with one look at each end of its entries in the index.
func (c *reading) group(w counted, t worker.Trend) (g worker.Group, err error) {
	g = worker.Group{State: worker.RunState(w.state), Cause: causeIn(w.cause), Runs: int(w.runs), Trend: make([]int, max(0, t.Parts))}
	for _, end := range []struct {
		order string
		at    *time.Time
	}{{"ASC", &g.First}, {"DESC", &g.Last}} {
		err = errors.Join(err, c.each("SELECT updated, key FROM runs INDEXED BY runs_troubled WHERE cause <> '' AND state = ? AND cause = ?"+
			" ORDER BY updated "+end.order+" LIMIT 1", []any{w.state, w.cause}, func(s *sqlite3.Stmt) error {
			*end.at, g.Example = record.Instant(s.ColumnInt64(0)), s.ColumnText(1)
			return nil
		}))
	}
	return g, err
}

// trend adds up the slots of time. Of a slot that lies in two parts the entries of the index are looked at.
func (c *reading) trend(t worker.Trend, groupOf func(trouble) *worker.Group) error {
	if t.Parts <= 0 || t.Each <= 0 {
		return nil
	}
	begin, end := record.Nanoseconds(t.End.Add(-t.Each*time.Duration(t.Parts))), record.Nanoseconds(t.End)
	var split []trouble
	err := c.each("SELECT slot, state, cause, runs FROM troubles WHERE slot BETWEEN ? AND ?", []any{slotOf(begin), slotOf(end)}, func(s *sqlite3.Stmt) error {
		of := trouble{s.ColumnInt64(0), s.ColumnText(1), s.ColumnText(2)}
		g := groupOf(of)
		if g == nil {
			return nil
		}
		if part, whole := partOf(of.slot, t); whole {
			g.Trend[part] += s.ColumnInt(3)
		} else {
			split = append(split, of)
		}
		return nil
	})
	for _, of := range split {
		if err == nil {
			err = c.entries(groupOf(of), of, t)
		}
	}
	return err
}

// partOf is the part that a slot lies in as a whole.
func partOf(slot int64, t worker.Trend) (part int, whole bool) {
	first, inFirst := t.Part(time.Unix(0, slot*slotLength))
	last, inLast := t.Part(time.Unix(0, (slot+1)*slotLength-1))
	return first, inFirst && inLast && first == last
}

// entries adds a slot's entries of the index.
func (c *reading) entries(g *worker.Group, of trouble, t worker.Trend) error {
	return c.each("SELECT updated FROM runs INDEXED BY runs_troubled WHERE cause <> '' AND state = ? AND cause = ? AND updated BETWEEN ? AND ?",
		[]any{of.state, of.cause, of.slot * slotLength, (of.slot+1)*slotLength - 1}, func(s *sqlite3.Stmt) error {
			if i, ok := t.Part(record.Instant(s.ColumnInt64(0))); ok {
				g.Trend[i]++
			}
			return nil
		})
}

// addUp goes through the entries of all troubled runs that may be wanted.
func (c *reading) addUp(f worker.Filter, t worker.Trend) ([]worker.Group, error) {
	p, err := c.troubled(worker.Filter{State: f.State, Cause: f.Cause, Troubled: true})
	if err != nil {
		return nil, err
	}
	q, causes := p.query.with(narrow(f)), map[string]worker.Cause{}
	var groups worker.Groups
	err = c.each("SELECT r.state, r.cause, r.updated, r.key FROM "+p.from+" WHERE "+q.text(), q.values, func(s *sqlite3.Stmt) error {
		text := s.ColumnText(1)
		cause, known := causes[text]
		if !known {
			cause = causeIn(text)
			causes[text] = cause
		}
		groups.Add(worker.RunState(s.ColumnText(0)), cause, record.Instant(s.ColumnInt64(2)), s.ColumnText(3), t)
		return nil
	})
	return groups.Sorted(), err
}
