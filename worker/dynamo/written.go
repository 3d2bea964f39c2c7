package dynamo

import (
	"context"
	"fmt"

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

// runs are all runs of a person.
func (l *Ledger) runs(ctx context.Context, pool, sub string) ([]worker.Run, error) {
	person, err := personOf(pool, sub)
	if err != nil {
		return nil, err
	}
	var runs []worker.Run
	var from item
	for {
		out, err := l.query(ctx, person, from)
		if err != nil {
			return nil, err
		}
		for _, i := range out.Items {
			v, err := rowIn(i)
			if err != nil {
				return nil, err
			}
			run, err := v.run()
			if err != nil {
				return nil, err
			}
			runs = append(runs, run)
		}
		if from = out.LastEvaluatedKey; len(from) == 0 {
			return runs, nil
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
