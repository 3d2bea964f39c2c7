package dynamo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// Run reads one run by its key; ok is false if the ledger does not know it. The table has no index by key, so an open
// or parked run is looked for in the index of those, and any other by a scan of the whole table: for who knows the
// person, Person is one query.
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
