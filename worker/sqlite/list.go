package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

var (
	_ worker.Index   = (*Reader)(nil)
	_ worker.Amender = (*Beside)(nil)
	_ worker.Papers  = (*Beside)(nil)
	_ worker.Amender = (*Ledger)(nil)
	_ worker.Papers  = (*Ledger)(nil)
)

// errEnough ends a read whose reader has enough.
var errEnough = errors.New("enough")

// List reads runs in the order of their keys. Runs that are damaged are left out and stand in the error, each as a
// *RecordError; those that were read are returned beside it.
func (r *Reader) List(ctx context.Context, f worker.Filter) (runs []worker.Run, err error) {
	limit := cmp.Or(max(f.Limit, 0), 100)
	where, values, err := conditions(f)
	if err != nil {
		return nil, wrap("list", err)
	}
	err = r.each(ctx, where+" ORDER BY key", values, func(run worker.Run) error {
		if f.Match(run) {
			runs = append(runs, run)
		}
		if len(runs) == limit {
			return errEnough
		}
		return nil
	})
	return runs, wrap("list", err)
}

// Groups counts the runs that have a cause and that f wants, by state and cause. Runs that are damaged are left out and
// stand in the error, each as a *RecordError, beside the groups.
func (r *Reader) Groups(ctx context.Context, f worker.Filter, t worker.Trend) ([]worker.Group, error) {
	f.After = ""
	where, values, err := conditions(f)
	if err != nil {
		return nil, wrap("groups", err)
	}
	var groups worker.Groups
	err = r.each(ctx, where, values, func(run worker.Run) error {
		if cause := run.Cause(); cause != (worker.Cause{}) && f.Match(run) {
			groups.Add(run.State, cause, run.Updated, run.Key, t)
		}
		return nil
	})
	return groups.Sorted(), wrap("groups", err)
}

// Find reads one run by its identity, at the cost of Run.
func (r *Reader) Find(ctx context.Context, id worker.Identity) (worker.Run, bool, error) {
	return r.Run(ctx, id.Key())
}

// conditions are what SQL can say of a filter. State stands in the text: only so SQLite sees that a partial index will do.
func conditions(f worker.Filter) (where string, values []any, err error) {
	where, values = "key > ?1", []any{f.After}
	and := func(condition string, v any) {
		values = append(values, v)
		where += fmt.Sprintf(" AND %s ?%d", condition, len(values))
	}
	if f.State != "" {
		if !record.Known(f.State) {
			return "", nil, fmt.Errorf("unknown state %s", f.State)
		}
		where += " AND state = '" + string(f.State) + "'"
	}
	if f.Pool != "" {
		and("pool =", f.Pool)
	}
	if f.Generation != "" {
		and("generation =", f.Generation)
	}
	if !f.Since.IsZero() {
		and("first_seen >=", record.Nanoseconds(f.Since))
	}
	if !f.Until.IsZero() {
		and("first_seen <", record.Nanoseconds(f.Until))
	}
	return where, values, nil
}

// each shows the sound runs that a condition chooses, until see has enough. What is damaged stands in the error.
func (r *Reader) each(ctx context.Context, where string, values []any, see func(worker.Run) error) error {
	var broken error
	err := r.with(ctx, func(c *reading) error {
		return c.each("SELECT "+columns+" FROM runs WHERE "+where, values, func(s *sqlite3.Stmt) error {
			v := scan(s)
			run, err := v.sound()
			if err != nil {
				broken = errors.Join(broken, err)
				return nil
			}
			return see(run)
		})
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return errors.Join(err, broken)
}
