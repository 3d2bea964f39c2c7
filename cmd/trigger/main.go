// Command trigger is Lambda 1: it puts a confirmed user of a Cognito user pool on the queue. It is configured by the
// variables of its function, see sqsout.FromEnvironment. Exit codes: 2 for wrong use or configuration.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/postconfirm/postconfirm/trigger/sqsout"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		refuse("trigger: this program runs as a Lambda function, and AWS_LAMBDA_RUNTIME_API is not set.\n" +
			"To see it at work on this machine: go run ./cmd/postconfirm demo")
	}
	fit()
	handler, err := sqsout.Open(context.Background(), os.Getenv, os.Stdout)
	if err != nil {
		refuse("trigger: the configuration can't be meant as it is:\n" + err.Error())
	}
	lambda.Start(handler)
}

// fit sets the Go runtime up for a small function; GOMAXPROCS and GOGC, where they are set, are heard instead.
//
// Below 1,769 MB a function has less than one CPU (AWS Lambda Developer Guide, configure function memory): a second
// thread that looks for work would take its time from the first. And a heap of 4 MB is collected every few hundred events,
// which is what the slowest of a hundred wait for: one of 8 MB is nothing to a function.
func fit() {
	memory, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err == nil && memory < 1769 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// refuse ends the program before it has taken an event.
func refuse(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
