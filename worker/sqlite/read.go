package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// Run reads one run by its key; ok is false if the ledger does not know it.
func (r *Reader) Run(ctx context.Context, key string) (run worker.Run, ok bool, err error) {
	runs, err := r.runs(ctx, "key = ?1", key)
	if err != nil || len(runs) == 0 {
		return worker.Run{}, false, wrap("read run", err)
	}
	return runs[0], true, nil
}

// Person reads all runs of a person, in the order of their keys. Those that are damaged stand in the error, each as a
// *RecordError; those that were read are returned beside it.
func (r *Reader) Person(ctx context.Context, pool, sub string) ([]worker.Run, error) {
	runs, err := r.runs(ctx, "sub = ?1 AND pool = ?2 ORDER BY key", sub, pool)
	return runs, wrap("read person", err)
}

// Written merges what the runs of this person wrote, the value that was observed last winning each attribute.
func (r *Reader) Written(ctx context.Context, pool, sub string) (map[string]worker.Wrote, error) {
	runs, err := r.runs(ctx, "sub = ?1 AND pool = ?2", sub, pool)
	if err != nil {
		return nil, wrap("written", err)
	}
	return worker.MergeWritten(runs), nil
}

// unerasedPage is how many runs Unerased reads at a time.
const unerasedPage = 100

// Unerased goes through the runs that ended (done, gone or replaced) before a moment and still have their answers, the
// oldest end first. An index finds them; no read lasts longer than a page. A damaged run comes as its *RecordError, and
// the next ones follow; any other error is the last.
func (r *Reader) Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error] {
	return func(yield func(worker.Run, error) bool) {
		updated, rowid := int64(-1)<<63, int64(0)
		for {
			n := 0
			page, err := r.rows(ctx, "SELECT "+columns+", rowid FROM runs WHERE "+unerased+
				" AND (updated, rowid) > (?1, ?2) AND updated < ?3 ORDER BY updated, rowid LIMIT ?4",
				func(v row, s *sqlite3.Stmt) { n, updated, rowid = n+1, v.updated, s.ColumnInt64(columnCount) },
				updated, rowid, record.Nanoseconds(before), int64(unerasedPage))
			if err != nil {
				yield(worker.Run{}, wrap("list unerased", err))
				return
			}
			for _, v := range page {
				if run, err := v.sound(); !yield(run, err) {
					return
				}
			}
			if n < unerasedPage {
				return
			}
		}
	}
}

// runs reads what a condition chooses. What is damaged stands in the error, beside the rest.
func (r *Reader) runs(ctx context.Context, where string, values ...any) (runs []worker.Run, err error) {
	rows, err := r.rows(ctx, "SELECT "+columns+" FROM runs WHERE "+where, nil, values...)
	for _, v := range rows {
		run, broken := v.sound()
		if broken != nil {
			err = errors.Join(err, broken)
			continue
		}
		runs = append(runs, run)
	}
	return runs, err
}

// rows reads rows as they are, and shows each to see.
func (r *Reader) rows(ctx context.Context, query string, see func(row, *sqlite3.Stmt), values ...any) (rows []row, err error) {
	err = r.with(ctx, func(c *reading) error {
		return c.each(query, values, func(s *sqlite3.Stmt) error {
			v := scan(s)
			if see != nil {
				see(v, s)
			}
			rows = append(rows, v)
			return nil
		})
	})
	return rows, err
}

// wrap names the call in an error.
func wrap(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlite: %s: %w", call, err)
}
