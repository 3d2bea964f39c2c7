package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Empty tells whether the table has no run at all, damaged ones included. A scan that ends at the first run, a hundred items
// at a time.
func (l *Ledger) Empty(ctx context.Context) (bool, error) {
	err := l.scan(ctx, &dynamodb.ScanInput{ConsistentRead: aws.Bool(true), Limit: aws.Int32(100)}, func(item) error { return errStopped })
	if errors.Is(err, errStopped) {
		return false, nil
	}
	return err == nil, named("look for runs", err)
}
