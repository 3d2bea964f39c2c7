package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// fill makes two queues and a pool, puts users into the pool and their messages on the queue. It goes through the SDK
// but not through sockets: url only appears in the queues' URLs.
func fill(ctx context.Context, cloud *localcloud.Cloud, url string, users int) (w world, err error) {
	c, err := amazon.Connect(ctx, &amazon.ConnectOptions{Region: cloud.Region(), LocalCloud: url, HTTPClient: cloud})
	if err != nil {
		return w, err
	}
	w = world{Cloud: url, Region: cloud.Region()}
	if w.DeadLetters, err = makeQueue(ctx, c, "confirmed-dlq"); err != nil {
		return w, err
	}
	if w.Queue, err = makeQueue(ctx, c, "confirmed"); err != nil {
		return w, err
	}
	if w.Pool, err = makePool(ctx, c); err != nil {
		return w, err
	}
	for first := 0; first < users; first += 10 {
		if err := w.confirm(ctx, c, first, min(users, first+10)); err != nil {
			return w, err
		}
	}
	return w, nil
}

func makeQueue(ctx context.Context, c *amazon.Clients, name string) (string, error) {
	q, err := c.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name,
		Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
	if err != nil {
		return "", fmt.Errorf("create queue: %w", err)
	}
	return *q.QueueUrl, nil
}

func makePool(ctx context.Context, c *amazon.Clients) (string, error) {
	p, err := c.Cognito.CreateUserPool(ctx, &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people"),
		UsernameAttributes: []cognito.UsernameAttributeType{cognito.UsernameAttributeTypeEmail},
		Schema: []cognito.SchemaAttributeType{{Name: aws.String("company"), Mutable: aws.Bool(true),
			AttributeDataType: cognito.AttributeDataTypeString}}})
	if err != nil {
		return "", fmt.Errorf("create pool: %w", err)
	}
	return *p.UserPool.Id, nil
}

// confirm makes up to ten users and puts them on the queue.
func (w *world) confirm(ctx context.Context, c *amazon.Clients, first, end int) error {
	batch := &sqs.SendMessageBatchInput{QueueUrl: &w.Queue}
	for i := first; i < end; i++ {
		email := fmt.Sprintf("user%d@acme.example", i)
		made, err := c.Cognito.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: &w.Pool, Username: &email,
			MessageAction:  cognito.MessageActionTypeSuppress,
			UserAttributes: []cognito.AttributeType{{Name: aws.String("email"), Value: &email}, {Name: aws.String("given_name"), Value: aws.String("Ada")}}})
		if err != nil {
			return fmt.Errorf("create user: %w", err)
		}
		name := aws.ToString(made.User.Username) // in this kind of pool the sub
		m := event.Message{Pool: w.Pool, Region: w.Region, User: name, Sub: name, Generation: event.Onboarding, Source: "signup", Client: "bench"}
		batch.Entries = append(batch.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)),
			MessageBody: aws.String(string(m.Encode()))})
	}
	sent, err := c.SQS.SendMessageBatch(ctx, batch)
	if err == nil && len(sent.Failed) > 0 {
		err = fmt.Errorf("%d refused", len(sent.Failed))
	}
	if err != nil {
		return fmt.Errorf("send messages: %w", err)
	}
	return nil
}
