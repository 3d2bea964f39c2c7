package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// Run reads one run by its key; ok is false if the ledger does not know it. The table has no index by key, so an open
// or parked run is looked for in the index of those, and any other by a scan of the whole table: for who knows the
// person, Find is one read and Person is one query.
func (l *Ledger) Run(ctx context.Context, key string) (r worker.Run, ok bool, err error) {
	found, err := l.unfinished(ctx, func(v row) bool { return v.key == key })
	for _, v := range found {
		if r, ok, err = l.current(ctx, v); ok || err != nil {
			return r, ok, named("read run", err)
		}
	}
	if err == nil {
		err = l.scan(ctx, &dynamodb.ScanInput{FilterExpression: aws.String("#key = :key"),
			ExpressionAttributeNames:  map[string]string{"#key": aKey},
			ExpressionAttributeValues: item{":key": text(key)}}, func(i item) (broken error) {
			v, broken := rowIn(i)
			r, broken = v.sound(broken)
			ok = broken == nil
			return broken
		})
	}
	return r, ok, named("read run", err)
}

// Find reads one run by its identity; ok is false if the ledger does not know it. One consistent GetItem: for whoever
// knows whose run it is, where Run may have to scan.
func (l *Ledger) Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error) {
	person, err := personOf(id.Pool, id.Sub)
	if err != nil {
		return worker.Run{}, false, named("find run", err)
	}
	r, ok, err = l.current(ctx, row{key: id.Key(), person: person, generation: id.Generation})
	return r, ok, named("find run", err)
}

// List reads runs in the order of their keys. Open and parked ones are found by the index of those, each then read
// consistently: their cost is that of what is open and parked. Any other list scans the whole table for every page: a
// read unit for each 4 KB of it, so a table of a million runs costs some cents and minutes; take the largest pages that
// memory allows. Runs that are damaged are left out and stand in the error, each as a *RecordError; those that were
// read are returned beside it.
func (l *Ledger) List(ctx context.Context, f worker.Filter) (runs []worker.Run, err error) {
	limit := cmp.Or(max(f.Limit, 0), 100)
	switch {
	case f.State == worker.Open, f.State == worker.Parked:
		runs, err = l.listUnfinished(ctx, f, limit)
	case f.State == "" || record.Known(f.State):
		runs, err = l.listAll(ctx, f, limit)
	default:
		err = errors.New("unknown state " + string(f.State))
	}
	return runs, named("list", err)
}

func (l *Ledger) listUnfinished(ctx context.Context, f worker.Filter, limit int) (runs []worker.Run, broken error) {
	found, err := l.unfinished(ctx, func(v row) bool { return v.state == string(f.State) && v.key > f.After })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b row) int { return strings.Compare(a.key, b.key) })
	for _, v := range found {
		if len(runs) == limit {
			break
		}
		r, ok, err := l.current(ctx, v)
		switch {
		case errors.Is(err, ErrDamaged):
			broken = errors.Join(broken, err)
		case err != nil:
			return runs, errors.Join(broken, err)
		case ok && r.State == f.State: // the index is a moment behind
			runs = append(runs, r)
		}
	}
	return runs, broken
}

// listAll keeps the smallest keys of a scan.
func (l *Ledger) listAll(ctx context.Context, f worker.Filter, limit int) (runs []worker.Run, broken error) {
	in := &dynamodb.ScanInput{ConsistentRead: aws.Bool(true), FilterExpression: aws.String("#key > :after"),
		ExpressionAttributeNames: map[string]string{"#key": aKey}, ExpressionAttributeValues: item{":after": text(f.After)}}
	if f.After == "" { // an empty string is no value to compare with
		in = &dynamodb.ScanInput{ConsistentRead: aws.Bool(true)}
	}
	in = where(in, f.State)
	err := l.scan(ctx, in, func(i item) error {
		v, err := rowIn(i)
		r, err := v.sound(err)
		if err != nil {
			broken = errors.Join(broken, err)
			return nil
		}
		runs = append(runs, r)
		if len(runs) > 4*limit {
			runs = smallest(runs, limit)
		}
		return nil
	})
	return smallest(runs, limit), errors.Join(err, broken)
}

// current reads a run of which the index told.
func (l *Ledger) current(ctx context.Context, hint row) (worker.Run, bool, error) {
	v, err := l.get(ctx, hint)
	if err != nil || v == nil {
		return worker.Run{}, false, err
	}
	r, err := v.run()
	return r, err == nil, err
}

// where adds a state to a filter.
func where(in *dynamodb.ScanInput, state worker.RunState) *dynamodb.ScanInput {
	if state == "" {
		return in
	}
	if in.ExpressionAttributeNames == nil {
		in.ExpressionAttributeNames, in.ExpressionAttributeValues = map[string]string{}, item{}
	}
	and := aws.ToString(in.FilterExpression)
	if and != "" {
		and += " AND "
	}
	in.FilterExpression = aws.String(and + "#state = :state")
	in.ExpressionAttributeNames["#state"], in.ExpressionAttributeValues[":state"] = aState, text(string(state))
	return in
}

func smallest(runs []worker.Run, limit int) []worker.Run {
	slices.SortFunc(runs, func(a, b worker.Run) int { return strings.Compare(a.Key, b.Key) })
	return runs[:min(len(runs), limit)]
}

// Overview counts the open and the parked runs, and knows the oldest open one: it reads the index of those, which is a
// moment behind. Done, gone and replaced runs have no key in States: to count them is to scan the whole table.
func (l *Ledger) Overview(ctx context.Context) (worker.Overview, error) {
	o := worker.Overview{States: map[worker.RunState]int{worker.Open: 0, worker.Parked: 0}}
	_, err := l.unfinished(ctx, func(v row) bool {
		state, first := worker.RunState(v.state), record.Instant(v.first)
		o.States[state]++
		if state == worker.Open && (o.Oldest.IsZero() || first.Before(o.Oldest)) {
			o.Oldest = first
		}
		return false
	})
	if err != nil {
		return worker.Overview{}, named("overview", err)
	}
	return o, nil
}

// Unerased goes through the runs that ended (done, gone or replaced) before a moment and still have their answers, in
// no order. It scans the whole table: half a read unit for each 4 KB of it, a megabyte at a time. A damaged run comes
// as its *RecordError, and the next ones follow; any other error is the last.
func (l *Ledger) Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error] {
	in := &dynamodb.ScanInput{FilterExpression: aws.String("#erased = :none AND #updated < :before AND #state IN (:done, :gone, :replaced)"),
		ExpressionAttributeNames: map[string]string{"#erased": aErased, "#updated": aUpdated, "#state": aState},
		ExpressionAttributeValues: item{":none": number(0), ":before": number(record.Nanoseconds(before)), ":done": text(string(worker.Done)),
			":gone": text(string(worker.Gone)), ":replaced": text(string(worker.Replaced))}}
	return l.each(ctx, in, "list unerased")
}

// Verify reads all of the table and compares every checksum. It gives the number of sound runs; the error joins what is
// not. A scan, as List has it.
func (l *Ledger) Verify(ctx context.Context) (runs int, err error) {
	for _, broken := range l.each(ctx, &dynamodb.ScanInput{ConsistentRead: aws.Bool(true)}, "") {
		if broken != nil {
			err = errors.Join(err, broken)
			continue
		}
		runs++
	}
	return runs, named("verify", err)
}

// errStopped ends a scan whose reader has enough.
var errStopped = errors.New("stopped")

// each is a scan as a sequence.
func (l *Ledger) each(ctx context.Context, in *dynamodb.ScanInput, call string) iter.Seq2[worker.Run, error] {
	return func(yield func(worker.Run, error) bool) {
		err := l.scan(ctx, in, func(i item) error {
			v, err := rowIn(i)
			if r, err := v.sound(err); !yield(r, err) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(worker.Run{}, named(call, err))
		}
	}
}

// named names the call in an error; "" leaves that to somebody else.
func named(call string, err error) error {
	if err == nil || call == "" {
		return err
	}
	return fmt.Errorf("dynamo: %s: %w", call, err)
}
