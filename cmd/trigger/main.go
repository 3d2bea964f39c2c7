// Command trigger is Lambda 1: it puts a confirmed user of a Cognito user pool on the queue. It is configured by the
// variables of its function, see sqsout.FromEnvironment. Exit codes: 2 for wrong use or configuration.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		refuse("trigger: this program runs as a Lambda function, and AWS_LAMBDA_RUNTIME_API is not set.\n" +
			"To see it at work on this machine: go run ./cmd/postconfirm demo")
	}
	handler, err := sqsout.Open(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		refuse("trigger: the configuration can't be meant as it is:\n" + err.Error())
	}
	lambda.Start(handler)
}

// refuse ends the program before it has taken an event.
func refuse(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
