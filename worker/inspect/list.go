package inspect

import (
	"context"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Query says which rows are wanted. Of its Filter, State may be NoRun, and Limit 0 is no limit.
type Query struct {
	worker.Filter
	MaxLetters int // how many dead letters are looked at; MaxLetters
}

// Listed says how a list went.
type Listed struct {
	Rows    int
	Last    string // the key of the last run: After of the page that comes next
	More    bool   // the limit ended the list, and more follow
	Letters int    // dead letters that were looked at
	Cut     bool   // there may be more letters than were looked at
	Damaged int    // runs that could not be read, and were left out
	Why     error  // about the first of those

	told map[string]bool // the first of those, by their errors: a ledger may tell of one with every page
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// Each calls f with the rows of a query: runs in the order of their keys, then, if there is a dead-letter queue and no
// limit was met before, the letters without a run. It keeps a page of runs and a note of each letter, whatever the
// ledger's size. It ends with the first error of f.
func (i *Inspector) Each(ctx context.Context, q Query, f func(Row) error) (done Listed, err error) {
	m, err := i.look(ctx, q.MaxLetters)
	if err != nil {
		return done, err
	}
	done.Letters, done.Cut = m.seen, m.cut
	give := func(row Row) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if q.Limit > 0 && done.Rows >= q.Limit {
			done.More = true
			return errEnough
		}
		done.Rows++
		return f(row)
	}
	err = i.runs(ctx, q, &done, func(r worker.Run, now time.Time) error {
		row := rowOf(r, now)
		row.Letters = m.take(r.Key)
		err := give(row)
		if err == nil {
			done.Last = r.Key
		}
		return err
	})
	if err == nil {
		err = i.strangers(ctx, m, func(row Row) error {
			if !row.matches(q.Filter) || q.State != "" && q.State != NoRun {
				return nil
			}
			return give(row)
		})
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	return done, err
}

// runs goes through the pages of the ledger.
func (i *Inspector) runs(ctx context.Context, q Query, done *Listed, f func(worker.Run, time.Time) error) error {
	filter, now := q.Filter, i.now()
	if filter.State == NoRun {
		return nil
	}
	filter.Limit = i.page()
	if q.Limit > 0 {
		filter.Limit = min(filter.Limit, q.Limit+1) // one more, to know whether there are more
	}
	for {
		page, err := i.Index.List(ctx, filter)
		if err != nil && !errors.Is(err, worker.ErrDamaged) {
			return err
		}
		done.damaged(err)
		for _, r := range page {
			if err := f(r, now); err != nil {
				return err
			}
			filter.After = r.Key
		}
		if len(page) < filter.Limit {
			return nil
		}
	}
}

// maxTold is how many damaged runs are told apart.
const maxTold = 1000

// damaged counts the runs that a page left out.
func (d *Listed) damaged(err error) {
	for _, e := range leaves(err) {
		if d.told[e.Error()] {
			continue
		}
		if d.Damaged++; d.Why == nil {
			d.Why = e
		}
		if d.told == nil {
			d.told = map[string]bool{}
		}
		if len(d.told) < maxTold {
			d.told[e.Error()] = true
		}
	}
}

// leaves are the errors that were joined.
func leaves(err error) (all []error) {
	if err == nil {
		return nil
	}
	many := joined(err)
	for _, e := range many {
		all = append(all, leaves(e)...)
	}
	if many == nil {
		return []error{err}
	}
	return all
}

// joined are the parts of an error that has many.
func joined(err error) []error {
	for ; err != nil; err = errors.Unwrap(err) {
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			return many.Unwrap()
		}
	}
	return nil
}
