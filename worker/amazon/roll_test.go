package amazon_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// listed is a cloud without sockets with n users of a pool, who sign in elsewhere.
func listed(t *testing.T, n int) (c *amazon.Clients, cloud *localcloud.Cloud, pool string, subs []string) {
	t.Helper()
	cloud, pools := localcloud.New(nil), cognito.New(nil)
	cloud.Register(pools)
	cloud.Register(cloudsqs.New(nil))
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: cloud, LocalCloud: "http://local.test"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")})
	if err != nil {
		t.Fatal(err)
	}
	pool = *made.UserPool.Id
	_, err = c.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: &pool, ClientName: aws.String("web")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		u, err := pools.SignInFederated(t.Context(), cognito.FederatedSignIn{Pool: pool, Provider: "Google", ID: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, u.Sub)
	}
	return c, cloud, pool, subs
}

func TestRollListsAPoolPageByPage(t *testing.T) {
	c, _, pool, want := listed(t, 130)
	r := amazon.NewRoll(c.Cognito)
	var got []string
	var sizes []int
	for place := ""; ; {
		page, next, err := r.Page(t.Context(), pool, "", place)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page))
		for _, m := range page {
			got = append(got, m.Sub)
			if m.Status != "EXTERNAL_PROVIDER" || m.Disabled || !strings.HasPrefix(m.Username, "Google_") || time.Since(m.Created) > time.Minute || m.Modified.Before(m.Created) {
				t.Fatalf("%+v", m)
			}
		}
		if place = next; place == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{60, 60, 10}, sizes); diff != "" {
		t.Error(diff)
	}
	if n, err := r.Size(t.Context(), pool); n != 130 || err != nil {
		t.Error(n, err)
	}
	page, next, err := r.Page(t.Context(), pool, `username = "Google_7"`, "")
	if err != nil || next != "" || len(page) != 1 || page[0].Sub != want[7] {
		t.Errorf("with a filter: %v, %q, %v", page, next, err)
	}
}

func TestRollTellsAForgottenPlaceFromAMistake(t *testing.T) {
	c, _, pool, _ := listed(t, 1)
	r := amazon.NewRoll(c.Cognito)
	if _, _, err := r.Page(t.Context(), pool, "", "no place"); !errors.Is(err, worker.ErrPlace) {
		t.Errorf("a place that is none: %v", err)
	}
	for name, ask := range map[string][2]string{"a filter that is none": {pool, "email ="}, "no such pool": {"eu-west-1_Zz12cd34E", ""}} {
		if _, _, err := r.Page(t.Context(), ask[0], ask[1], ""); errors.Is(err, worker.ErrPlace) || enrich.Failure(err).Kind != enrich.Permanent {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Size(t.Context(), "eu-west-1_Zz12cd34E"); enrich.Failure(err).Kind != enrich.Permanent {
		t.Errorf("the size of no pool: %v", err)
	}
	w := &wire{answer: says(400, "application/x-amz-json-1.1", `{"__type":"TooManyRequestsException","message":"Rate exceeded"}`)}
	throttled, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w, LocalCloud: "http://local.test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := amazon.NewRoll(throttled.Cognito).Page(t.Context(), pool, "", "place"); enrich.Failure(err).Kind != enrich.Throttled {
		t.Errorf("a throttle: %v", err)
	}
}

func TestFeedSendsWhatItIsGiven(t *testing.T) {
	c, _, _, _ := listed(t, 0)
	q, err := c.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("confirmed")})
	if err != nil {
		t.Fatal(err)
	}
	var bodies [][]byte
	want := map[string]bool{}
	for i := range 10 {
		bodies = append(bodies, fmt.Append(nil, "body ", i))
		want[string(bodies[i])] = true
	}
	if failed, err := amazon.NewFeed(c.SQS, *q.QueueUrl).Feed(t.Context(), bodies); len(failed) > 0 || err != nil {
		t.Fatal(failed, err)
	}
	out, err := c.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, MaxNumberOfMessages: 10})
	if err != nil || len(out.Messages) != 10 {
		t.Fatal(out, err)
	}
	for _, m := range out.Messages {
		if !want[*m.Body] {
			t.Errorf("%q came", *m.Body)
		}
	}
	if _, err := amazon.NewFeed(c.SQS, *q.QueueUrl+"x").Feed(t.Context(), bodies); enrich.Failure(err).Kind != enrich.Permanent {
		t.Errorf("no such queue: %v", err)
	}
}

func TestFeedSaysWhatWasNotTaken(t *testing.T) {
	w := &wire{answer: says(200, "application/x-amz-json-1.0", `{"Successful":[{"Id":"1","MessageId":"m","MD5OfMessageBody":"9dd4e461268c8034f5c8564e155c67a6"}],
		"Failed":[{"Id":"2","Code":"InternalError","SenderFault":false},{"Id":"0","Code":"InternalError","SenderFault":false},{"Id":"7","Code":"x","SenderFault":true},{"Id":"x","Code":"x","SenderFault":true}]}`)}
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", HTTPClient: w, LocalCloud: "http://local.test"})
	if err != nil {
		t.Fatal(err)
	}
	failed, err := amazon.NewFeed(c.SQS, "http://local.test/000000000000/confirmed").Feed(t.Context(), [][]byte{[]byte("x"), []byte("x"), []byte("x")})
	if diff := cmp.Diff([]int{0, 2}, failed); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
