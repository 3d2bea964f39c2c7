package dynamo

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// scan goes through the table, or an index, a megabyte at a time, and shows every item that the filter lets pass. An
// error of see ends it.
func (l *Ledger) scan(ctx context.Context, in *dynamodb.ScanInput, see func(item) error) error {
	page := *in
	page.TableName = &l.table
	for {
		out, err := l.scanPage(ctx, &page)
		if err != nil {
			return err
		}
		for _, i := range out.Items {
			if shared(i) {
				continue
			}
			if err := see(i); err != nil {
				return err
			}
		}
		if page.ExclusiveStartKey = out.LastEvaluatedKey; len(page.ExclusiveStartKey) == 0 {
			return nil
		}
	}
}

// shared tells whether an item is no run but one of those that all workers share: the line of the budget, a hint,
// a paper.
func shared(i item) bool {
	person, ok := i[aPerson].(*types.AttributeValueMemberS)
	return ok && (person.Value == budgetPerson || person.Value == breakerPerson || strings.HasPrefix(person.Value, paperPrefix))
}

func (l *Ledger) scanPage(ctx context.Context, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer cancel()
	out, err := l.client.Scan(ctx, in, once)
	if err != nil {
		return nil, classify(ctx, err)
	}
	return out, nil
}

// unfinished reads the index of what is open or parked, and gives the entries that want is true for. They are no more
// than hints: identity, state and when the run was first seen, unchecked.
func (l *Ledger) unfinished(ctx context.Context, want func(row) bool) (found []row, err error) {
	err = l.scan(ctx, &dynamodb.ScanInput{IndexName: aws.String(aUnfinished)}, func(i item) error {
		r := reader{item: i}
		v := row{key: r.text(aUnfinished), person: r.text(aPerson), generation: r.text(aGeneration), state: r.text(aState), first: r.number(aFirstSeen)}
		if r.wrong != "" {
			return &RecordError{v.key, "its entry in the index lacks " + r.wrong}
		}
		if want(v) {
			found = append(found, v)
		}
		return nil
	})
	return found, err
}
