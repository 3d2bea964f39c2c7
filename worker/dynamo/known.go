package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

const (
	batchGet   = 100 // keys of one BatchGetItem (Amazon DynamoDB API reference)
	batchTries = 8   // requests for the keys that DynamoDB leaves unprocessed
)

// Known tells of each identity whether the ledger has a run of it, damaged or not, in their order: one BatchGetItem with
// consistent reads for each hundred, and more for what DynamoDB leaves unprocessed. A read unit for each run of up to 4 KB,
// and for each that is not there.
func (l *Ledger) Known(ctx context.Context, ids []worker.Identity) ([]bool, error) {
	seen := map[worker.Identity]bool{}
	var keys []item
	for _, id := range ids {
		id = worker.Identity{Pool: id.Pool, Sub: id.Sub, Generation: id.Generation}
		person, err := personOf(id.Pool, id.Sub)
		if err != nil {
			return nil, named("known", err)
		}
		if !seen[id] { // DynamoDB refuses a key that comes twice
			seen[id], keys = true, append(keys, (&row{person: person, generation: id.Generation}).place())
		}
	}
	there := map[string]bool{}
	for len(keys) > 0 {
		n := min(len(keys), batchGet)
		if err := l.look(ctx, keys[:n], there); err != nil {
			return nil, named("known", err)
		}
		keys = keys[n:]
	}
	known := make([]bool, len(ids))
	for i, id := range ids {
		person, _ := personOf(id.Pool, id.Sub)
		known[i] = there[person+"\x00"+id.Generation]
	}
	return known, nil
}

// look asks for up to a hundred keys until DynamoDB has said something of each.
func (l *Ledger) look(ctx context.Context, keys []item, there map[string]bool) error {
	for try := range batchTries {
		out, err := l.batch(ctx, keys)
		if err != nil {
			return err
		}
		for _, items := range out.Responses { // of the one table that was asked for
			for _, i := range items {
				r := reader{item: i}
				there[r.text(aPerson)+"\x00"+r.text(aGeneration)] = true
			}
		}
		keys = nil
		for _, left := range out.UnprocessedKeys {
			keys = append(keys, left.Keys...)
		}
		if len(keys) == 0 {
			return nil
		}
		timer := time.NewTimer(50 * time.Millisecond << try)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return &enrich.Error{Kind: enrich.Throttled, Code: "unprocessed_keys", Sent: true, Refused: true}
}

func (l *Ledger) batch(ctx context.Context, keys []item) (*dynamodb.BatchGetItemOutput, error) {
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	out, err := l.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{l.table: {
		Keys: keys, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("#person, #generation"),
		ExpressionAttributeNames: map[string]string{"#person": aPerson, "#generation": aGeneration}}}}, once)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return out, nil
}
