package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/deploy/localcloud/function"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

// TestAFunctionEnrichesOnDynamoDB is the whole second face: the real program as a Lambda process, an SQS event, a user
// pool, and the ledger in the DynamoDB that POSTCONFIRM_TEST_DYNAMODB names. make check-dynalite names one.
func TestAFunctionEnrichesOnDynamoDB(t *testing.T) {
	endpoint := os.Getenv("POSTCONFIRM_TEST_DYNAMODB")
	if endpoint == "" {
		t.Log("NOT RUN: POSTCONFIRM_TEST_DYNAMODB names no DynamoDB; make check-dynalite does")
		return
	}
	w := newLambdaWorld(t, endpoint)
	event := w.event(t, w.confirm(t))
	for _, when := range []string{"the first time", "as a duplicate"} {
		answer, err := w.function.Invoke(t.Context(), event)
		if err != nil || string(answer) != `{"batchItemFailures":[]}` {
			t.Fatalf("%s: answered %s, %v", when, answer, err)
		}
	}
	user, err := amazon.NewDirectory(w.clients.Cognito).User(t.Context(), w.pool, "ada@acme.example")
	if err != nil || user.Attributes["custom:source"] != "website" {
		t.Errorf("got %v, %v", user.Attributes, err)
	}
	if n := w.cloud.Calls()["cognito-idp.AdminUpdateUserAttributes"]; n != 1 {
		t.Errorf("%d writes for one user", n)
	}
	line, err := w.db.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(table), Key: map[string]dbtypes.AttributeValue{
		"person": &dbtypes.AttributeValueMemberS{Value: "#budget"}, "generation": &dbtypes.AttributeValueMemberS{Value: "writes"}}})
	if err != nil || line.Item["next"] == nil {
		t.Errorf("the write was not made on a slice of the shared budget: %v, %v", line, err)
	}
}

// table is the ledger's.
const table = "postconfirm-function-test"

// lambdaWorld is a local cloud on the loopback, a table, and the worker as a function on both.
type lambdaWorld struct {
	cloud    *localcloud.Cloud
	clients  *amazon.Clients
	db       *dynamodb.Client
	queue    string
	pool     string
	client   string
	function *function.Process
}

func newLambdaWorld(t *testing.T, dynamoEndpoint string) *lambdaWorld {
	t.Helper()
	w := &lambdaWorld{cloud: localcloud.New(nil)}
	w.cloud.Register(cloudsqs.New(nil))
	w.cloud.Register(cognito.New(nil))
	server, err := w.cloud.Listen("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	w.clients, err = amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: server.URL()})
	must(t, err)

	w.db = dynamodb.NewFromConfig(w.clients.Config, func(o *dynamodb.Options) { o.BaseEndpoint = &dynamoEndpoint })
	must(t, dynamo.CreateTable(t.Context(), w.db, table))
	w.queue = w.createQueue(t, "confirmed")
	dlq := w.createQueue(t, "dlq")
	w.createPool(t)
	file := filepath.Join(t.TempDir(), "pipeline.yaml")
	must(t, os.WriteFile(file, []byte(strings.Replace(pipeline, "eu-west-1_Ab12cd34E", w.pool, 1)), 0o600))
	w.function = function.New([]string{os.Args[0]}, &function.Options{Output: os.Stderr, Timeout: 30 * time.Second, Environment: map[string]string{
		"BE_THE_WORKER": "1", "AWS_ENDPOINT_URL": server.URL(), "AWS_ENDPOINT_URL_DYNAMODB": dynamoEndpoint,
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "POSTCONFIRM_LEDGER": "dynamodb:" + table,
		"POSTCONFIRM_PIPELINE": file, "POSTCONFIRM_QUEUE_URL": w.queue, "POSTCONFIRM_DLQ_URL": dlq}})
	t.Cleanup(func() { must(t, w.function.Close()) })
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *lambdaWorld) createQueue(t *testing.T, name string) string {
	t.Helper()
	q, err := w.clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name,
		Attributes: map[string]string{"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "60"}})
	must(t, err)
	return *q.QueueUrl
}

func (w *lambdaWorld) createPool(t *testing.T) {
	t.Helper()
	made, err := w.clients.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		UsernameAttributes: []types.UsernameAttributeType{types.UsernameAttributeTypeEmail},
		Schema:             []types.SchemaAttributeType{{Name: aws.String("source"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true)}}})
	must(t, err)
	w.pool = *made.UserPool.Id
	client, err := w.clients.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: &w.pool, ClientName: aws.String("web")})
	must(t, err)
	w.client = *client.UserPoolClient.ClientId
}

// confirm makes a confirmed user and returns the sub.
func (w *lambdaWorld) confirm(t *testing.T) string {
	t.Helper()
	up, err := w.clients.Cognito.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: &w.client,
		Username: aws.String("ada@acme.example"), Password: aws.String("Correct-Horse-7")})
	must(t, err)
	_, err = w.clients.Cognito.AdminConfirmSignUp(t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{
		UserPoolId: &w.pool, Username: aws.String("ada@acme.example")})
	must(t, err)
	return *up.UserSub
}

// event puts the user on the queue, receives the message as Lambda would, and makes the function's event of it.
func (w *lambdaWorld) event(t *testing.T, sub string) []byte {
	t.Helper()
	m := event.Message{Pool: w.pool, Region: "eu-west-1", User: sub, Sub: sub}
	_, err := w.clients.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &w.queue, MessageBody: aws.String(string(m.Encode()))})
	must(t, err)
	got, err := w.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &w.queue,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
	must(t, err)
	record := map[string]any{"messageId": *got.Messages[0].MessageId, "receiptHandle": *got.Messages[0].ReceiptHandle,
		"body": *got.Messages[0].Body, "attributes": got.Messages[0].Attributes, "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
		"eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:confirmed"}
	raw, err := json.Marshal(map[string]any{"Records": []any{record}})
	must(t, err)
	return raw
}
