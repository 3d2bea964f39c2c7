// Command presignup is Lambda 2: it decides who may sign up to a Cognito user pool, and who needs no confirmation code.
// It is configured by the variables of its function, see fromenv.Handler. Exit codes: 2 for wrong use or configuration.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/postconfirm/postconfirm/trigger/presignup/fromenv"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		refuse("presignup: this program runs as a Lambda function, and AWS_LAMBDA_RUNTIME_API is not set.\n" +
			"To see what a policy does on this machine: postconfirm presignup simulate -c policy.yaml event.json")
	}
	handler, err := fromenv.Handler(os.Getenv, os.Stdout)
	if err != nil {
		refuse("presignup: the configuration can't be meant as it is:\n" + err.Error())
	}
	lambda.Start(handler)
}

// refuse ends the program before it has taken an event.
func refuse(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
