package dynamo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

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
	found, err := l.unfinished(ctx, func(v row) bool { return v.key > f.After && perhaps(f, v) })
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
		case ok && f.Match(r): // the index is a moment behind
			runs = append(runs, r)
		}
	}
	return runs, broken
}

// listAll keeps the smallest keys of a scan.
func (l *Ledger) listAll(ctx context.Context, f worker.Filter, limit int) (runs []worker.Run, broken error) {
	err := l.scan(ctx, where(f), func(i item) error {
		v, err := rowIn(i)
		r, err := v.sound(err)
		if err != nil {
			broken = errors.Join(broken, err)
			return nil
		}
		if f.Match(r) {
			runs = append(runs, r)
		}
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

// perhaps tells whether a run may be wanted, by what the index says of it.
func perhaps(f worker.Filter, v row) bool {
	first, id := record.Instant(v.first), v.identity()
	return (f.State == "" || v.state == string(f.State)) && (f.Pool == "" || id.Pool == f.Pool) &&
		(f.Generation == "" || id.Generation == f.Generation) &&
		(f.Since.IsZero() || !first.Before(f.Since)) && (f.Until.IsZero() || first.Before(f.Until))
}

// where is a consistent scan for what DynamoDB can say of a filter: it saves the way here, not the reading.
func where(f worker.Filter) *dynamodb.ScanInput {
	in := &dynamodb.ScanInput{ConsistentRead: aws.Bool(true)}
	names, values, all := map[string]string{}, item{}, []string{}
	and := func(name, condition string, v types.AttributeValue) {
		value := condition[strings.Index(condition, ":"):]
		names["#"+name], values[strings.TrimSuffix(value, ")")] = name, v
		all = append(all, strings.ReplaceAll(condition, "NAME", "#"+name))
	}
	if f.After != "" { // an empty string is no value to compare with
		and(aKey, "NAME > :after", text(f.After))
	}
	if f.State != "" {
		and(aState, "NAME = :state", text(string(f.State)))
	}
	if f.Pool != "" {
		and(aPerson, "begins_with(NAME, :pool)", text(f.Pool+"#"))
	}
	if f.Generation != "" {
		and(aGeneration, "NAME = :generation", text(f.Generation))
	}
	if !f.Since.IsZero() {
		and(aFirstSeen, "NAME >= :since", number(record.Nanoseconds(f.Since)))
	}
	if !f.Until.IsZero() {
		and(aFirstSeen, "NAME < :until", number(record.Nanoseconds(f.Until)))
	}
	if len(all) > 0 {
		in.FilterExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = aws.String(strings.Join(all, " AND ")), names, values
	}
	return in
}

func smallest(runs []worker.Run, limit int) []worker.Run {
	slices.SortFunc(runs, func(a, b worker.Run) int { return strings.Compare(a.Key, b.Key) })
	return runs[:min(len(runs), limit)]
}

// Groups counts the runs that have a cause and that f wants, by state and cause: a consistent scan of the whole table.
// Runs that are damaged are left out and stand in the error, each as a *RecordError, beside the groups.
func (l *Ledger) Groups(ctx context.Context, f worker.Filter, t worker.Trend) ([]worker.Group, error) {
	if f.State != "" && !record.Known(f.State) {
		return nil, named("groups", errors.New("unknown state "+string(f.State)))
	}
	f.After = ""
	var groups worker.Groups
	var broken error
	err := l.scan(ctx, where(f), func(i item) error {
		v, err := rowIn(i)
		r, err := v.sound(err)
		if err != nil {
			broken = errors.Join(broken, err)
			return nil
		}
		if cause := r.Cause(); cause != (worker.Cause{}) && f.Match(r) {
			groups.Add(r.State, cause, r.Updated, r.Key, t)
		}
		return nil
	})
	return groups.Sorted(), named("groups", errors.Join(err, broken))
}

// Find reads one run by its identity; ok is false if the ledger does not know it. One consistent read.
func (l *Ledger) Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error) {
	person, err := personOf(id.Pool, id.Sub)
	if err == nil {
		r, ok, err = l.current(ctx, row{key: id.Key(), person: person, generation: id.Generation})
	}
	return r, ok, named("find", err)
}
