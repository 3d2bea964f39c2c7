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

// List reads runs in the order of their keys. Those that are open, parked or in trouble are found by the index of those,
// as one that is done with an open effect is; a page of them is then read consistently, a read unit for each 4 KB. For
// each page the index is read: half a read unit for each 4 KB, some 5,000 for 100,000 runs in trouble. Of open runs
// that are not in trouble it does not know source, client, domain and pipeline file: they are read until the page is full.
//
// Any other list scans the whole table for every page: a read unit for each 4 KB of it, so a table of a million runs costs
// some cents and minutes; take the largest pages that memory allows. Runs that are damaged are left out and stand in the
// error, each as a *RecordError; those that were read are returned beside it.
func (l *Ledger) List(ctx context.Context, f worker.Filter) (runs []worker.Run, err error) {
	if err := known(f.State); err != nil {
		return nil, named("list", err)
	}
	limit, list := cmp.Or(max(f.Limit, 0), 100), l.listAll
	if f.State == worker.Open || f.State == worker.Parked || troubled(f) {
		list = l.listUnfinished
	}
	runs, err = list(ctx, f, limit)
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

// Groups counts the runs that have a cause and that f wants, by state and cause. It reads the index only, which is a moment
// behind: half a read unit for each 4 KB of it, about 0.4 KB for a run in trouble and 0.25 for one that is open without,
// so 60,000 runs in trouble cost 3,000 read units, less than a tenth of a cent. It reads no run, so it does not see that
// one is damaged: Verify does.
func (l *Ledger) Groups(ctx context.Context, f worker.Filter, t worker.Trend) ([]worker.Group, error) {
	if err := known(f.State); err != nil {
		return nil, named("groups", err)
	}
	var groups worker.Groups
	_, err := l.unfinished(ctx, func(v row) bool {
		v.count(&groups, f, t)
		return false
	})
	if err != nil {
		return nil, named("groups", err)
	}
	return groups.Sorted(), nil
}

// Find reads one run by its identity; ok is false if the ledger does not know it. One consistent read.
func (l *Ledger) Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error) {
	person, err := personOf(id.Pool, id.Sub)
	if err == nil {
		r, ok, err = l.current(ctx, row{key: id.Key(), person: person, generation: id.Generation})
	}
	return r, ok, named("find", err)
}
