// Command common does the trigger's job as most functions do it: the SDK's config package, the typed event of
// aws-lambda-go, encoding/json, and an error when SQS doesn't answer.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type message struct {
	Pool string `json:"pool"`
	User string `json:"user"`
	Sub  string `json:"sub"`
}

type handler struct {
	client *sqs.Client
	queue  string
}

func (h handler) confirm(ctx context.Context, e events.CognitoEventUserPoolsPostConfirmation) (events.CognitoEventUserPoolsPostConfirmation, error) {
	if e.TriggerSource != "PostConfirmation_ConfirmSignUp" {
		return e, nil
	}
	body, err := json.Marshal(message{e.UserPoolID, e.UserName, e.Request.UserAttributes["sub"]})
	if err != nil {
		return e, err
	}
	_, err = h.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &h.queue, MessageBody: aws.String(string(body))})
	return e, err
}

func main() {
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler{sqs.NewFromConfig(c), os.Getenv("POSTCONFIRM_QUEUE_URL")}.confirm)
}
