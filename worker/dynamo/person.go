package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/worker"
)

// Written merges what the runs of this person wrote, the value that was observed last winning each attribute: one
// consistent query, for each megabyte that the person's runs measure.
func (l *Ledger) Written(ctx context.Context, pool, sub string) (map[string]worker.Wrote, error) {
	runs, err := l.runs(ctx, pool, sub)
	if err != nil {
		return nil, fmt.Errorf("dynamo: written: %w", err)
	}
	return worker.MergeWritten(runs), nil
}

// Person reads all runs of a person, in the order of their keys, as Written does. Those that are damaged stand in the
// error, each as a *RecordError; those that were read are returned beside it.
func (l *Ledger) Person(ctx context.Context, pool, sub string) ([]worker.Run, error) {
	runs, err := l.runs(ctx, pool, sub)
	slices.SortFunc(runs, func(a, b worker.Run) int { return strings.Compare(a.Key, b.Key) })
	if err != nil {
		err = fmt.Errorf("dynamo: read person: %w", err)
	}
	return runs, err
}

// runs are all runs of a person; what is damaged stands in the error, beside the rest.
func (l *Ledger) runs(ctx context.Context, pool, sub string) (runs []worker.Run, err error) {
	person, err := personOf(pool, sub)
	if err != nil {
		return nil, err
	}
	var broken error
	err = l.person(ctx, person, func(v row, err error) {
		run, err := v.sound(err)
		if err != nil {
			broken = errors.Join(broken, err)
			return
		}
		runs = append(runs, run)
	})
	return runs, errors.Join(err, broken)
}

// person reads all rows of a person; the error that see gets is of a row that is damaged.
func (l *Ledger) person(ctx context.Context, person string, see func(row, error)) error {
	var from item
	for {
		out, err := l.query(ctx, person, from)
		if err != nil {
			return err
		}
		for _, i := range out.Items {
			see(rowIn(i))
		}
		if from = out.LastEvaluatedKey; len(from) == 0 {
			return nil
		}
	}
}

func (l *Ledger) query(ctx context.Context, person string, from item) (*dynamodb.QueryOutput, error) {
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	out, err := l.client.Query(ctx, &dynamodb.QueryInput{TableName: &l.table, ConsistentRead: aws.Bool(true), ExclusiveStartKey: from,
		KeyConditionExpression:    aws.String("#person = :person"),
		ExpressionAttributeNames:  map[string]string{"#person": aPerson},
		ExpressionAttributeValues: item{":person": text(person)}}, once)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return out, nil
}

// sound makes a row that was checked a run; err is what the check said.
func (v *row) sound(err error) (worker.Run, error) {
	if err != nil {
		return worker.Run{}, err
	}
	return v.run()
}
