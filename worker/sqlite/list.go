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

// List reads runs in the order of their keys. A page of a ledger of a million runs takes some milliseconds; some 100 ms
// where few runs match, or where it is asked for attempts or the pipeline file; and seconds only for a combination of
// parts that many runs match each and hardly any match all. Runs that are damaged are left out and stand in the error,
// each as a *RecordError; those that were read are returned beside it.
func (r *Reader) List(ctx context.Context, f worker.Filter) (runs []worker.Run, broken error) {
	limit := cmp.Or(max(f.Limit, 0), 100)
	if err := known(f.State); err != nil {
		return nil, wrap("list", err)
	}
	for len(runs) < limit { // past those that are damaged, so that only the last page is short
		rows, err := r.page(ctx, f, limit-len(runs))
		if err != nil {
			return runs, wrap("list", errors.Join(err, broken))
		}
		for _, v := range rows {
			f.After = v.key
			run, err := v.sound()
			broken = errors.Join(broken, err)
			if err == nil && f.Match(run) {
				runs = append(runs, run)
			}
		}
		if len(rows) == 0 {
			break
		}
	}
	return runs, wrap("list", broken)
}

func known(state worker.RunState) error {
	if state != "" && !record.Known(state) {
		return fmt.Errorf("unknown state %s", state)
	}
	return nil
}

// page reads rows that match, as they are, by the cheapest plan.
func (r *Reader) page(ctx context.Context, f worker.Filter, limit int) (rows []row, err error) {
	err = r.with(ctx, func(c *reading) error {
		rows = nil
		query, values, err := c.choose(f, limit)
		if err != nil || query == "" {
			return err
		}
		return c.each(query, values, func(s *sqlite3.Stmt) error {
			rows = append(rows, scan(s))
			return nil
		})
	})
	return rows, err
}

// Find reads one run by its identity, at the cost of Run.
func (r *Reader) Find(ctx context.Context, id worker.Identity) (worker.Run, bool, error) {
	return r.Run(ctx, id.Key())
}
