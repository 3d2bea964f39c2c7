package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker/record"
)

// Verify reads all of the ledger: the structure of the file, every page, every run, every paper, and whether totals and counts of
// troubles are right.
// It gives the number of sound runs; the error joins what is not, and is ErrDamaged. It takes one or two seconds for
// each 100 MB, and the log can't be moved into the file meanwhile.
func (r *Reader) Verify(ctx context.Context) (runs int, err error) {
	var found error
	err = r.with(ctx, func(c *reading) error {
		if err := c.conn.Exec("BEGIN"); err != nil {
			return err
		}
		runs, found = 0, nil
		err := c.verify(&runs, &found)
		return errors.Join(err, c.conn.Exec("ROLLBACK"))
	})
	if err = errors.Join(err, found); err != nil {
		return runs, fmt.Errorf("sqlite: verify: %w", err)
	}
	return runs, nil
}

// verify runs in one transaction, so that all it sees belongs together.
func (c *reading) verify(runs *int, found *error) error {
	counted := totals{states: map[string]int64{}, troubles: map[trouble]int64{}}
	err := c.each("SELECT "+columns+" FROM runs", nil, func(s *sqlite3.Stmt) error {
		v := scan(s)
		if _, err := v.sound(); err != nil {
			*found = errors.Join(*found, err)
			return nil
		}
		*runs++
		counted.states[v.state]++
		counted.trouble(v, 1)
		return nil
	})
	if err != nil {
		return err
	}
	err = c.each("SELECT "+sheetColumns+" FROM papers", nil, func(s *sqlite3.Stmt) error {
		v := scanSheet(s)
		if _, err := v.paper(); err != nil {
			*found = errors.Join(*found, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.each("PRAGMA integrity_check(20)", nil, func(s *sqlite3.Stmt) error {
		if said := s.ColumnText(0); said != "ok" {
			*found = errors.Join(*found, fmt.Errorf("%w: %s", ErrDamaged, said))
		}
		return nil
	})
	if err != nil || *found != nil {
		return err
	}
	err = c.each("SELECT open, done, parked, gone, replaced FROM totals", nil, func(s *sqlite3.Stmt) error {
		for i, state := range record.States() {
			if s.ColumnInt64(i) != counted.states[string(state)] {
				*found = errors.Join(*found, fmt.Errorf("%w: it counts %d runs as %s and has %d", ErrDamaged, s.ColumnInt64(i), state, counted.states[string(state)]))
			}
		}
		return nil
	})
	if err == nil {
		*found = errors.Join(*found, c.verifyTroubles(counted.troubles))
	}
	return err
}
