package onebox

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/worker/amazon"
)

// The names of what a box makes in its cloud.
const (
	QueueName       = "confirmed"
	DeadLetterName  = "confirmed-dlq"
	PoolName        = "people"
	maxReceiveCount = 1000 // a backstop only: the worker decides what is a dead letter
)

// queues makes the queue and its dead-letter queue.
func queues(ctx context.Context, c *amazon.Clients) (queue, deadLetters string, err error) {
	dlq, err := c.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(DeadLetterName),
		Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
	if err != nil {
		return "", "", fmt.Errorf("create dead-letter queue: %w", err)
	}
	about, err := c.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: dlq.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		return "", "", fmt.Errorf("describe dead-letter queue: %w", err)
	}
	redrive := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, about.Attributes["QueueArn"], maxReceiveCount)
	q, err := c.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(QueueName), Attributes: map[string]string{
		"MessageRetentionPeriod": "1209600", "VisibilityTimeout": "60", "RedrivePolicy": redrive}})
	if err != nil {
		return "", "", fmt.Errorf("create queue: %w", err)
	}
	return aws.ToString(q.QueueUrl), aws.ToString(dlq.QueueUrl), nil
}

// Pool is a user pool with one app client, whose triggers are the box's.
type Pool struct{ ID, Client string }

// pool makes a user pool in which people sign in with their e-mail, with the given attributes.
func pool(ctx context.Context, c *amazon.Clients, triggerARN, policyARN string, attributes []string) (Pool, error) {
	in := &cognitoidentityprovider.CreateUserPoolInput{
		PoolName:               aws.String(PoolName),
		UsernameAttributes:     []cognito.UsernameAttributeType{cognito.UsernameAttributeTypeEmail},
		AutoVerifiedAttributes: []cognito.VerifiedAttributeType{cognito.VerifiedAttributeTypeEmail},
		LambdaConfig:           &cognito.LambdaConfigType{PostConfirmation: &triggerARN},
	}
	if policyARN != "" {
		in.LambdaConfig.PreSignUp = &policyARN
	}
	for _, name := range attributes {
		if custom, ok := strings.CutPrefix(name, "custom:"); ok {
			in.Schema = append(in.Schema, cognito.SchemaAttributeType{Name: &custom, Mutable: aws.Bool(true),
				AttributeDataType:          cognito.AttributeDataTypeString,
				StringAttributeConstraints: &cognito.StringAttributeConstraintsType{MaxLength: aws.String("2048")}})
		}
	}
	made, err := c.Cognito.CreateUserPool(ctx, in)
	if err != nil {
		return Pool{}, fmt.Errorf("create user pool: %w", err)
	}
	client, err := c.Cognito.CreateUserPoolClient(ctx, &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: made.UserPool.Id, ClientName: aws.String("web")})
	if err != nil {
		return Pool{}, fmt.Errorf("create app client: %w", err)
	}
	return Pool{ID: aws.ToString(made.UserPool.Id), Client: aws.ToString(client.UserPoolClient.ClientId)}, nil
}
