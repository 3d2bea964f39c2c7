package dynamo

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// create stores v if there is no such run.
func (l *Ledger) create(ctx context.Context, v row) (outcome, error) {
	return l.put(ctx, v, dynamodb.PutItemInput{ConditionExpression: aws.String("attribute_not_exists(#person)"),
		ExpressionAttributeNames: map[string]string{"#person": aPerson},
	}, func(found *row) bool { return found != nil })
}

// replace stores v over whatever has the given fence.
func (l *Ledger) replace(ctx context.Context, v row, fence int64) (outcome, error) {
	return l.put(ctx, v, dynamodb.PutItemInput{ConditionExpression: aws.String("#fence = :fence"),
		ExpressionAttributeNames:  map[string]string{"#fence": aFence},
		ExpressionAttributeValues: item{":fence": number(fence)},
	}, func(*row) bool { return false })
}

func (l *Ledger) put(ctx context.Context, v row, in dynamodb.PutItemInput, over func(*row) bool) (outcome, error) {
	i, err := v.item()
	if err != nil {
		return outcome{}, err
	}
	in.TableName, in.Item, in.ReturnValuesOnConditionCheckFailure = &l.table, i, types.ReturnValuesOnConditionCheckFailureAllOld
	return l.write(ctx, v, over, func(ctx context.Context) error {
		_, err := l.client.PutItem(ctx, &in, once)
		return err
	})
}

// lease changes what a claim changes, if the item is still the version with the given sum. The record stays where it is.
func (l *Ledger) lease(ctx context.Context, v row, sum []byte) (outcome, error) {
	in := &dynamodb.UpdateItemInput{TableName: &l.table, Key: v.place(),
		UpdateExpression: aws.String("SET #owner = :owner, #lease = :lease, #fence = :fence, #crashes = :crashes, #token = :token, #sum = :sum"),
		ExpressionAttributeNames: map[string]string{"#owner": aOwner, "#lease": aLease, "#fence": aFence, "#crashes": aCrashes,
			"#token": aToken, "#sum": aSum},
		ExpressionAttributeValues: item{":lease": number(v.lease), ":fence": number(v.fence),
			":crashes": number(v.crashes), ":token": text(v.token), ":sum": blob(v.sum), ":old": blob(sum)},
		ConditionExpression:                 aws.String("#sum = :old"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if v.owner == "" {
		in.UpdateExpression = aws.String("SET #lease = :lease, #fence = :fence, #crashes = :crashes, #token = :token, #sum = :sum REMOVE #owner")
	} else {
		in.ExpressionAttributeValues[":owner"] = text(v.owner)
	}
	over := func(found *row) bool { return found == nil || !bytes.Equal(found.sum, sum) }
	return l.write(ctx, v, over, func(ctx context.Context) error {
		_, err := l.client.UpdateItem(ctx, in, once)
		return err
	})
}

// outcome is what became of a conditional write: it was done, or it met another version, or no item at all.
type outcome struct {
	done  bool
	found *row // the version in the way; nil if there is no item
}

// write makes one conditional write. A refused condition comes with the item that is there, or costs one read where the
// server does not send it. An answer that never came costs one read too: if our token stands in the item, the write was
// done; if the item shows that the write can't be done any more (over), it was refused; else the error remains, since the
// request may still be on its way.
func (l *Ledger) write(ctx context.Context, v row, over func(*row) bool, send func(context.Context) error) (outcome, error) {
	request, cancel, err := l.begin(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer cancel()
	if err = send(request); err == nil {
		return outcome{done: true}, nil
	}
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		return l.refused(ctx, v, refused.Item)
	}
	failure := classify(ctx, err)
	if !failure.Unknown() {
		return outcome{}, failure
	}
	met, err := l.refused(ctx, v, nil)
	switch {
	case errors.Is(err, ErrDamaged):
		return outcome{}, err
	case err != nil, !met.done && !over(met.found):
		return outcome{}, failure
	}
	return met, nil
}

// refused finds out who is in the way of a write whose condition was not met. It may be an earlier copy of the same
// write, which somebody between here and the table sent twice.
func (l *Ledger) refused(ctx context.Context, v row, there item) (outcome, error) {
	var found *row
	var err error
	if len(there) > 0 {
		found, err = v.same(there)
	} else {
		found, err = l.get(ctx, v)
	}
	if err != nil {
		return outcome{}, err
	}
	return outcome{done: found != nil && found.token == v.token, found: found}, nil
}

// get is a consistent read of the item in v's place; nil if there is none.
func (l *Ledger) get(ctx context.Context, v row) (*row, error) {
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	out, err := l.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &l.table, Key: v.place(), ConsistentRead: aws.Bool(true)}, once)
	if err != nil {
		return nil, classify(ctx, err)
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	return v.same(out.Item)
}

// same reads an item that must be a version of v.
func (v *row) same(i item) (*row, error) {
	found, err := rowIn(i)
	if err != nil {
		return nil, err
	}
	if found.key != v.key {
		return nil, &RecordError{v.key, "another run stands in its place"}
	}
	return &found, nil
}

func (v *row) place() item { return item{aPerson: text(v.person), aGeneration: text(v.generation)} }
