package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// CreateTable creates a ledger's table with on-demand billing and waits, at most two minutes, until it can be used. A
// table of that name that exists is left as it is: Open judges it. For tests, and for those who have no template.
func CreateTable(ctx context.Context, client *dynamodb.Client, table string) error {
	_, err := client.CreateTable(ctx, shape(table), once)
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("dynamo: create table: %w", classify(ctx, err))
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = time.Second, 5*time.Second })
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, 2*time.Minute); err != nil {
		return fmt.Errorf("dynamo: wait for table: %w", err)
	}
	return nil
}

// shape is the table. The index has the state, when the run was first seen, and its trouble beside the keys, so an ordinary
// run is written to it when it is created and when it ends, not with every save; only one in trouble is.
func shape(table string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{str(aPerson), str(aGeneration), str(aUnfinished)},
		KeySchema:            []types.KeySchemaElement{key(aPerson, types.KeyTypeHash), key(aGeneration, types.KeyTypeRange)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{IndexName: aws.String(aUnfinished),
			KeySchema:  []types.KeySchemaElement{key(aUnfinished, types.KeyTypeHash)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{aState, aFirstSeen, aTrouble}}}}}
}

func str(name string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
}

func key(name string, as types.KeyType) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: &name, KeyType: as}
}

// The commands that mend a table, for the AWS command-line client. They say what shape says.
const (
	createCommand = `aws dynamodb create-table --region %[1]s --table-name %[2]s --billing-mode PAY_PER_REQUEST` +
		` --attribute-definitions AttributeName=person,AttributeType=S AttributeName=generation,AttributeType=S AttributeName=unfinished,AttributeType=S` +
		` --key-schema AttributeName=person,KeyType=HASH AttributeName=generation,KeyType=RANGE` +
		` --global-secondary-indexes '[` + indexJSON + `]'`
	addIndexCommand = `aws dynamodb update-table --region %[1]s --table-name %[2]s` +
		` --attribute-definitions AttributeName=unfinished,AttributeType=S --global-secondary-index-updates '[{"Create":` + indexJSON + `}]'`
	dropIndexCommand = `aws dynamodb update-table --region %[1]s --table-name %[2]s` +
		` --global-secondary-index-updates '[{"Delete":{"IndexName":"unfinished"}}]'`
	waitCommand = `aws dynamodb wait table-exists --region %[1]s --table-name %[2]s`
	indexJSON   = `{"IndexName":"unfinished","KeySchema":[{"AttributeName":"unfinished","KeyType":"HASH"}],` +
		`"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["state","first_seen","trouble"]}}`
)
