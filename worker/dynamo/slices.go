package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// The item of the write budget. It stands where no run can: the key of every run's person begins with a pool, and no
// pool's id is empty. It is not in the index, and no run is asked for by its key.
//
//	person      "#budget"
//	generation  "writes"
//	next        N          where the line ends: nanoseconds since 1970
//	clock       N          of the worker that leased last, likewise
//	expires     N          seconds since 1970, a day later
//
// It has no checksum: a wrong end of the line makes writes wait, or come too close, for seconds, and no user's state
// depends on it. One that is no number, or lies further ahead than any worker could have leased, is begun anew.
const (
	budgetPerson = "#budget"
	budgetLine   = "writes"
	aNext        = "next"
	aClock       = "clock"
)

// lineLongest is how far ahead of us a line may end: a clock that is off by more than five minutes can't sign a request
// (AWS General Reference, "Signature Version 4"), and nobody leases minutes ahead.
const lineLongest = 15 * time.Minute

// lineRounds is how often one call tries again when other workers come first.
const lineRounds = 6

// sharedKeep is how long an item that many workers share stays when nobody uses it.
const sharedKeep = 24 * time.Hour

// Slices is the line of the write budget in the ledger's table. It is safe for concurrent use, and so are many of them
// on one table.
type Slices struct {
	ledger *Ledger
	end    atomic.Int64 // where the line ended when we saw it last: only to guess which write will do
}

var _ worker.Slices = (*Slices)(nil)

// Slices is the line that all workers on this table share.
func (l *Ledger) Slices() *Slices { return &Slices{ledger: l} }

// Lease is worker.Slices': one conditional write as a rule, for as many slots as are leased. A line that has run out by
// now is begun anew, one that has not is made longer; when the guess which of the two it is was wrong, or somebody else
// came first, the write is refused with the line as it is, and made again. Nothing is granted after six refusals.
//
// An answer that got lost is not looked up: if it was granted, nobody has the slice.
func (s *Slices) Lease(ctx context.Context, a worker.Ask) (worker.Slice, error) {
	l := line{end: record.Instant(s.end.Load())}
	for range lineRounds {
		plan := a.Fit(l.end)
		if plan.Granted == 0 && l.seen {
			break
		}
		done, err := false, error(nil)
		if plan.Granted == 0 {
			l, err = s.look(ctx, a.Now)
		} else {
			l, done, err = s.extend(ctx, a, plan.Granted, l)
		}
		if err != nil {
			return worker.Slice{}, fmt.Errorf("dynamo: lease: %w", err)
		}
		s.end.Store(record.Nanoseconds(l.end))
		if done {
			slice := worker.Slice{Granted: plan.Granted, From: a.Fit(l.end).From, Clock: l.clock}
			s.end.Store(record.Nanoseconds(slice.From.Add(time.Duration(slice.Granted) * a.Each)))
			return slice, nil
		}
	}
	return worker.Slice{From: a.Fit(l.end).From, Clock: l.clock}, nil
}

// line is the line as it was met.
type line struct {
	end, clock time.Time
	seen       bool                 // it was really met, and is no guess
	nonsense   types.AttributeValue // what stands there instead of an end; else nil
}

// extend makes the line so many slots longer, from now if it has run out, else from its end. It returns the line as it
// was before; done is false if it was not what we thought.
func (s *Slices) extend(ctx context.Context, a worker.Ask, slots int, thought line) (was line, done bool, err error) {
	request, cancel, err := s.ledger.begin(ctx)
	if err != nil {
		return line{}, false, err
	}
	defer cancel()
	out, err := s.ledger.client.UpdateItem(request, s.update(a, slots, thought), once)
	var refused *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return lineIn(out.Attributes, a.Now), true, nil
	case !errors.As(err, &refused):
		return line{}, false, classify(request, err)
	case len(refused.Item) > 0:
		return lineIn(refused.Item, a.Now), false, nil
	}
	was, err = s.look(ctx, a.Now)
	return was, false, err
}

func (s *Slices) update(a worker.Ask, slots int, thought line) *dynamodb.UpdateItemInput {
	length := time.Duration(slots) * a.Each
	in := &dynamodb.UpdateItemInput{TableName: &s.ledger.table, Key: s.place(),
		ExpressionAttributeNames:            map[string]string{"#next": aNext, "#clock": aClock, "#expires": aExpires},
		ExpressionAttributeValues:           item{":now": number(record.Nanoseconds(a.Now)), ":expires": number(a.Now.Add(sharedKeep).Unix())},
		ReturnValues:                        types.ReturnValueUpdatedOld,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	switch {
	case thought.nonsense != nil:
		in.UpdateExpression, in.ConditionExpression = aws.String(lineAnew), aws.String("#next = :was")
		in.ExpressionAttributeValues[":was"] = thought.nonsense
	case !thought.end.After(a.Now):
		in.UpdateExpression, in.ConditionExpression = aws.String(lineAnew), aws.String("attribute_not_exists(#next) OR #next <= :now")
	default:
		in.UpdateExpression = aws.String("SET #next = #next + :length, #clock = :now, #expires = :expires")
		in.ConditionExpression = aws.String("#next > :now AND #next <= :last")
		in.ExpressionAttributeValues[":length"] = number(int64(length))
		in.ExpressionAttributeValues[":last"] = number(record.Nanoseconds(a.Edge.Add(-length)))
		return in
	}
	in.ExpressionAttributeValues[":end"] = number(record.Nanoseconds(a.Now.Add(length)))
	return in
}

// lineAnew lets the line begin now.
const lineAnew = "SET #next = :end, #clock = :now, #expires = :expires"

// look reads the line: where the server does not send it with its refusal, and where it is believed to be full.
func (s *Slices) look(ctx context.Context, now time.Time) (line, error) {
	ctx, cancel, err := s.ledger.begin(ctx)
	if err != nil {
		return line{}, err
	}
	defer cancel()
	out, err := s.ledger.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.ledger.table, Key: s.place(), ConsistentRead: aws.Bool(true)}, once)
	if err != nil {
		return line{}, classify(ctx, err)
	}
	return lineIn(out.Item, now), nil
}

func (s *Slices) place() item {
	return item{aPerson: text(budgetPerson), aGeneration: text(budgetLine)}
}

// lineIn reads an item, or the old values of an update. What is missing is zero: there was no line.
func lineIn(i item, now time.Time) line {
	l := line{end: moment(i[aNext]), clock: moment(i[aClock]), seen: true}
	if i[aNext] != nil && (l.end.IsZero() || l.end.Sub(now) > lineLongest) {
		l.end, l.nonsense = time.Time{}, i[aNext]
	}
	return l
}

// moment reads a number of nanoseconds; what is none is the zero time.
func moment(v types.AttributeValue) time.Time {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return time.Time{}
	}
	ns, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return record.Instant(ns)
}
