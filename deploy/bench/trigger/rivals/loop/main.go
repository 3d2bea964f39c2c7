// Command loop is the practical floor of a warm invocation: net/http against the Lambda Runtime API and against SQS, a
// signature, and nothing around them. It checks nothing and gives up at the first error.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func main() {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		id, event := ask(http.Get(base + "next"))
		send(event)
		ask(http.Post(base+id+"/response", "application/json", bytes.NewReader(event)))
	}
}

// ask reads an answer to its end.
func ask(r *http.Response, err error) (id string, body []byte) {
	if err != nil {
		log.Fatal(err)
	}
	body, err = io.ReadAll(r.Body)
	if err != nil || r.StatusCode >= http.StatusMultipleChoices {
		log.Fatalf("status %d, %v", r.StatusCode, err)
	}
	_ = r.Body.Close()
	return r.Header.Get("Lambda-Runtime-Aws-Request-Id"), body
}

// send puts the event itself on the queue.
func send(event []byte) {
	body, err := json.Marshal(map[string]string{"QueueUrl": os.Getenv("POSTCONFIRM_QUEUE_URL"), "MessageBody": string(event)})
	if err != nil {
		log.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL_SQS"), bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	keys := aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, r, hex.EncodeToString(sum[:]), "sqs", os.Getenv("AWS_REGION"), time.Now()); err != nil {
		log.Fatal(err)
	}
	if _, answer := ask(http.DefaultClient.Do(r)); !bytes.Contains(answer, []byte("MessageId")) {
		log.Fatal(fmt.Errorf("answer %q", answer))
	}
}
