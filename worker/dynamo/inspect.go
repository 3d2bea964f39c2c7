package dynamo

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// names are what DynamoDB accepts as the name of a table (AWS API reference, CreateTable); all are safe in a shell.
var names = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// inspect finds everything that keeps the table from being a ledger.
func (l *Ledger) inspect(ctx context.Context) error {
	if !names.MatchString(l.table) {
		return &Unusable{Table: l.table, Problem: "this is no name of a table", Next: "use 3 to 255 of a-z, A-Z, 0-9, _ . -"}
	}
	ctx, cancel, err := l.begin(ctx)
	if err != nil {
		return &Unusable{l.table, "it was not looked at", "try again", err}
	}
	defer cancel()
	out, err := l.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &l.table}, once)
	if err != nil {
		return l.unseen(ctx, err)
	}
	return l.judge(out.Table)
}

func (l *Ledger) unseen(ctx context.Context, err error) error {
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return l.unusable("there is no such table in this account and Region", "create it: "+createCommand)
	}
	return &Unusable{l.table, "it can't be looked at", "check Region, credentials, endpoint, and the permissions dynamodb:DescribeTable, " +
		"GetItem, PutItem, UpdateItem, Query and Scan on the table", classify(ctx, err)}
}

func (l *Ledger) judge(t *types.TableDescription) error {
	want := shape(l.table)
	if !keyed(t, t.KeySchema, want.KeySchema) {
		return l.unusable("its keys are "+schema(t, t.KeySchema)+", not person (S, HASH), generation (S, RANGE); keys can't be changed",
			"give the ledger another table, here with -2 behind the name: "+
				strings.ReplaceAll(createCommand, "%[2]s", "%[2]s-2"))
	}
	if t.TableStatus != types.TableStatusActive && t.TableStatus != types.TableStatusUpdating {
		return l.unusable("it is "+string(t.TableStatus), "wait for it: "+waitCommand)
	}
	for _, index := range t.GlobalSecondaryIndexes {
		if aws.ToString(index.IndexName) != aUnfinished {
			continue
		}
		if !keyed(t, index.KeySchema, want.GlobalSecondaryIndexes[0].KeySchema) {
			return l.unusable("the keys of its index are "+schema(t, index.KeySchema)+", not unfinished (S, HASH)",
				"delete the index, and add it again when it is gone: "+dropIndexCommand+" ; "+addIndexCommand)
		}
		if !projected(index.Projection) {
			return l.unusable("its index lacks state or first_seen or trouble",
				"delete the index, and add it again when it is gone: "+dropIndexCommand+" ; "+addIndexCommand)
		}
		return nil
	}
	return l.unusable("it has no index named unfinished", "add it: "+addIndexCommand)
}

func (l *Ledger) unusable(problem, next string) error {
	region := l.client.Options().Region
	return &Unusable{Table: l.table, Problem: problem, Next: fmt.Sprintf(next, region, l.table)}
}

// projected tells whether the index has what is read from it.
func projected(p *types.Projection) bool {
	return p != nil && (p.ProjectionType == types.ProjectionTypeAll ||
		slices.Contains(p.NonKeyAttributes, aState) && slices.Contains(p.NonKeyAttributes, aFirstSeen) && slices.Contains(p.NonKeyAttributes, aTrouble))
}

// keyed tells whether a key schema is the wanted one, all of strings.
func keyed(t *types.TableDescription, got, want []types.KeySchemaElement) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		if aws.ToString(got[i].AttributeName) != aws.ToString(want[i].AttributeName) || got[i].KeyType != want[i].KeyType ||
			typeOf(t, aws.ToString(got[i].AttributeName)) != types.ScalarAttributeTypeS {
			return false
		}
	}
	return true
}

// schema writes a key schema as "id (S, HASH)".
func schema(t *types.TableDescription, keys []types.KeySchemaElement) string {
	text := ""
	for i, k := range keys {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s (%s, %s)", aws.ToString(k.AttributeName), typeOf(t, aws.ToString(k.AttributeName)), k.KeyType)
	}
	return text
}

func typeOf(t *types.TableDescription, name string) types.ScalarAttributeType {
	for _, d := range t.AttributeDefinitions {
		if aws.ToString(d.AttributeName) == name {
			return d.AttributeType
		}
	}
	return ""
}
