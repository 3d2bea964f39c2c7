package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
)

// Run reads one run by its key; ok is false if the ledger does not know it.
func (r *Reader) Run(ctx context.Context, key string) (run worker.Run, ok bool, err error) {
	var found row
	err = r.with(ctx, func(c *reading) error {
		return c.each("SELECT "+columns+" FROM runs WHERE key = ?1", []any{key}, func(s *sqlite3.Stmt) error {
			found, ok = scan(s), true
			return found.check()
		})
	})
	if err == nil && ok {
		run, err = found.run()
	}
	if err != nil {
		return worker.Run{}, false, fmt.Errorf("sqlite: read run: %w", err)
	}
	return run, ok, nil
}

// Filter chooses runs. The zero Filter is the first hundred of all.
type Filter struct {
	State worker.RunState // only runs in this state; "" for any
	After string          // only keys behind this one: the last key of the page before
	Limit int             // at most so many; 100
}

// List reads runs in the order of their keys. Open and parked ones are found at once; for gone and replaced ones all
// runs are gone through, 100,000 in a quarter of a second. Runs that are damaged are left out and stand in the error, each as a
// *RecordError; those that were read are returned beside it.
func (r *Reader) List(ctx context.Context, f Filter) ([]worker.Run, error) {
	query, err := f.query()
	if err != nil {
		return nil, fmt.Errorf("sqlite: list: %w", err)
	}
	var runs []worker.Run
	var broken error
	err = r.with(ctx, func(c *reading) error {
		return c.each(query, []any{f.After, int64(cmp.Or(max(f.Limit, 0), 100))}, func(s *sqlite3.Stmt) error {
			v := scan(s)
			run, err := worker.Run{}, v.check()
			if err == nil {
				run, err = v.run()
			}
			if err != nil {
				broken = errors.Join(broken, err)
				return nil
			}
			runs = append(runs, run)
			return nil
		})
	})
	if err = errors.Join(err, broken); err != nil {
		return runs, fmt.Errorf("sqlite: list: %w", err)
	}
	return runs, nil
}

// query names the state in the text, not as a parameter: only so SQLite sees that a partial index will do.
func (f Filter) query() (string, error) {
	where := "key > ?1"
	if f.State != "" {
		if !known(f.State) {
			return "", errors.New("unknown state " + string(f.State))
		}
		where += " AND state = '" + string(f.State) + "'"
	}
	return "SELECT " + columns + " FROM runs WHERE " + where + " ORDER BY key LIMIT ?2", nil
}

// Counts tells how many runs are in each state. Its cost does not grow with the ledger.
func (r *Reader) Counts(ctx context.Context) (map[worker.RunState]int, error) {
	counts := map[worker.RunState]int{}
	err := r.with(ctx, func(c *reading) error {
		return c.each("SELECT open, done, parked, gone, replaced FROM totals", nil, func(s *sqlite3.Stmt) error {
			for i, state := range states() {
				counts[state] = s.ColumnInt(i)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: counts: %w", err)
	}
	return counts, nil
}

// Written merges what the runs of this person wrote, the value that was observed last winning each attribute.
func (r *Reader) Written(ctx context.Context, pool, sub string) (map[string]worker.Wrote, error) {
	var runs []worker.Run
	err := r.with(ctx, func(c *reading) error {
		return c.each("SELECT "+columns+" FROM runs WHERE sub = ?1 AND pool = ?2", []any{sub, pool}, func(s *sqlite3.Stmt) error {
			v := scan(s)
			run, err := worker.Run{}, v.check()
			if err == nil {
				run, err = v.run()
			}
			runs = append(runs, run)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: written: %w", err)
	}
	return worker.MergeWritten(runs), nil
}
