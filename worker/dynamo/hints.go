package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/record"
)

// The items of the hints. They stand where no run can, like that of the budget, and have no checksum either: a wrong hint
// keeps calls away for a while, or does not, and no user depends on it.
//
//	person      "#breaker"
//	generation  name of the dependency
//	until       N          nanoseconds since 1970; absent when there is no hint
//	expires     N          seconds since 1970, a day later
const (
	breakerPerson = "#breaker"
	aUntil        = "until"
)

// Hints are the hints about sick dependencies in the ledger's table. They are safe for concurrent use, and so are many of
// them on one table.
type Hints struct{ ledger *Ledger }

var _ worker.Hints = (*Hints)(nil)

// Hints are what all workers on this table tell each other.
func (l *Ledger) Hints() *Hints { return &Hints{ledger: l} }

// Hints is worker.Hints': one consistent query.
func (h *Hints) Hints(ctx context.Context) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	for from := item(nil); ; {
		out, err := h.ledger.query(ctx, breakerPerson, from)
		if err != nil {
			return nil, fmt.Errorf("dynamo: hints: %w", err)
		}
		for _, i := range out.Items {
			name, named := i[aGeneration].(*types.AttributeValueMemberS)
			if until := moment(i[aUntil]); named && !until.IsZero() {
				all[name.Value] = until
			}
		}
		if from = out.LastEvaluatedKey; len(from) == 0 {
			return all, nil
		}
	}
}

// Move is worker.Hints': one conditional write. One whose answer got lost is an error; it may have moved the hint.
func (h *Hints) Move(ctx context.Context, dependency string, from, until time.Time) (moved bool, err error) {
	if dependency == "" || len(dependency) > 1024 { // the limit of a sort key (developer guide, "Quotas")
		return false, errors.New("dynamo: move hint: the dependency's name is empty, or too long for a key")
	}
	ctx, cancel, err := h.ledger.begin(ctx)
	if err != nil {
		return false, fmt.Errorf("dynamo: move hint: %w", err)
	}
	defer cancel()
	_, err = h.ledger.client.UpdateItem(ctx, h.update(dependency, from, until), once)
	var refused *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &refused):
		return false, nil
	}
	return false, fmt.Errorf("dynamo: move hint: %w", classify(ctx, err))
}

func (h *Hints) update(dependency string, from, until time.Time) *dynamodb.UpdateItemInput {
	in := &dynamodb.UpdateItemInput{TableName: &h.ledger.table, Key: item{aPerson: text(breakerPerson), aGeneration: text(dependency)},
		UpdateExpression: aws.String("SET #until = :until, #expires = :expires"), ConditionExpression: aws.String("#until = :from"),
		ExpressionAttributeNames:  map[string]string{"#until": aUntil, "#expires": aExpires},
		ExpressionAttributeValues: item{}}
	if from.IsZero() {
		in.ConditionExpression = aws.String("attribute_not_exists(#until)")
	} else {
		in.ExpressionAttributeValues[":from"] = number(record.Nanoseconds(from))
	}
	if until.IsZero() { // the item stays until it expires: nobody needs the permission to delete
		in.UpdateExpression = aws.String("SET #expires = :expires REMOVE #until")
		until = from
	} else {
		in.ExpressionAttributeValues[":until"] = number(record.Nanoseconds(until))
	}
	in.ExpressionAttributeValues[":expires"] = number(until.Add(sharedKeep).Unix())
	return in
}
