package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// Counts tells how many runs are in each state. Its cost does not grow with the ledger.
func (r *Reader) Counts(ctx context.Context) (map[worker.RunState]int, error) {
	o, err := r.Overview(ctx)
	return o.States, err
}

// Overview tells how many runs are in each state, and how old the oldest open one is. Its cost does not grow with the
// ledger.
func (r *Reader) Overview(ctx context.Context) (worker.Overview, error) {
	o := worker.Overview{States: map[worker.RunState]int{}}
	err := r.with(ctx, func(c *reading) error {
		query := "SELECT open, done, parked, gone, replaced, (SELECT min(first_seen) FROM runs WHERE state = 'open') FROM totals"
		return c.each(query, nil, func(s *sqlite3.Stmt) error {
			for i, state := range record.States() {
				o.States[state] = s.ColumnInt(i)
			}
			o.Oldest = record.Instant(s.ColumnInt64(len(record.States())))
			return nil
		})
	})
	if err != nil {
		return worker.Overview{}, wrap("overview", err)
	}
	return o, nil
}
