package amazon_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	"github.com/postconfirm/postconfirm/deploy/localcloud/cognito"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// source makes the queue whose dead-letter queue the case's is, and gives its URL.
func (c *lettersCase) source(receives string) string {
	c.Helper()
	about, err := amazon.DescribeQueue(c.Context(), c.clients.SQS, c.url)
	if err != nil {
		c.Fatal(err)
	}
	made, err := c.clients.SQS.CreateQueue(c.Context(), &sqs.CreateQueueInput{QueueName: aws.String("confirmed"), Attributes: map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"` + about.ARN + `","maxReceiveCount":` + receives + `}`, "MessageRetentionPeriod": "1209600"}})
	if err != nil {
		c.Fatal(err)
	}
	return *made.QueueUrl
}

func (c *lettersCase) about(url string) amazon.QueueFacts {
	c.Helper()
	about, err := amazon.DescribeQueue(c.Context(), c.clients.SQS, url)
	if err != nil {
		c.Fatal(err)
	}
	return about
}

func TestSQSMovesLettersByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := lettersOf(t)
		to := c.source("3")
		c.fill(25)
		tasks, target := amazon.NewMoveTasks(c.clients.SQS, c.about(c.url).ARN), c.about(to).ARN
		if all, err := tasks.List(t.Context()); err != nil || len(all) != 0 {
			t.Fatalf("%+v, %v", all, err)
		}
		if err := tasks.Start(t.Context(), target, 5); err != nil {
			t.Fatal(err)
		}
		if err := tasks.Start(t.Context(), target, 5); err == nil || !strings.Contains(err.Error(), "already a task running") {
			t.Errorf("a second one: %v", err)
		}
		time.Sleep(2 * time.Second)
		all, err := tasks.List(t.Context())
		if err != nil || len(all) != 1 || !all[0].Running() || all[0].Moved != 10 || all[0].ToMove != 25 || all[0].To != target || all[0].Rate != 5 || time.Since(all[0].Started) != 2*time.Second {
			t.Fatalf("%+v, %v", all, err)
		}
		if moved, err := tasks.Cancel(t.Context(), all[0]); err != nil || moved != 10 {
			t.Errorf("%d moved, %v", moved, err)
		}
		if _, err := tasks.Cancel(t.Context(), all[0]); err == nil {
			t.Error("what is stopped can't be stopped")
		}
		if got := c.about(to).Messages; got != 10 {
			t.Errorf("%d messages went back", got)
		}
		if all, err := tasks.List(t.Context()); err != nil || all[0].Status != "CANCELLED" || all[0].Running() || all[0].Handle != "" {
			t.Errorf("%+v, %v", all, err)
		}
		if err := tasks.Start(t.Context(), "arn:aws:sqs:eu-west-1:000000000000:nowhere", 5); err == nil {
			t.Error("there is no such queue")
		}
	})
}

func TestAQueueSaysWhatItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := lettersOf(t)
		c.fill(3)
		if _, err := c.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &c.url, MaxNumberOfMessages: 1}); err != nil {
			t.Fatal(err)
		}
		got := c.about(c.url)
		if got.Region != "eu-west-1" || got.Account == "" || !strings.HasSuffix(c.url, "/"+got.Account+"/"+got.Name) || got.Messages != 2 || got.Hidden != 1 || got.Retention == 0 {
			t.Errorf("%+v", got)
		}
		if _, err := amazon.DescribeQueue(t.Context(), c.clients.SQS, c.url+"x"); err == nil {
			t.Error("there is no such queue")
		}
	})
}

// TestB6_95 shows whose clock begins again: a letter's that the worker sends, not one's that SQS moves.
func TestB6_95_TheAgeOfALetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := lettersOf(t)
		if _, err := c.clients.SQS.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &c.url, Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}}); err != nil {
			t.Fatal(err)
		}
		url, began := c.source("1"), time.Now()
		body := string(event.Message{Pool: "eu-west-1_A", User: "u", Sub: "s"}.Encode())
		if _, err := c.clients.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * 24 * time.Hour)
		for range 2 {
			if _, err := c.clients.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if err := amazon.NewDeadLetters(c.clients.SQS, c.url).Send(t.Context(), worker.Letter{Body: []byte(body), Reason: "http_400"}); err != nil {
			t.Fatal(err)
		}
		ages := map[bool]time.Duration{}
		look := func() {
			clear(ages)
			if err := c.letters.Each(t.Context(), 10, func(l worker.KeptLetter) error { ages[l.Ours] = time.Since(l.Sent).Truncate(time.Hour); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		look()
		if diff := cmp.Diff(map[bool]time.Duration{true: 0, false: 240 * time.Hour}, ages); diff != "" {
			t.Errorf("ages (-want +got):\n%s", diff)
		}
		time.Sleep(time.Until(began.Add(14*24*time.Hour + time.Minute)))
		look()
		if diff := cmp.Diff(map[bool]time.Duration{true: 95 * time.Hour}, ages); diff != "" {
			t.Errorf("after 14 days (-want +got):\n%s", diff)
		}
	})
}

func TestNamesAreFoundBySubs(t *testing.T) {
	cloud := localcloud.New(nil)
	users := cognito.New(nil)
	cloud.Register(users)
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: "http://local.test", HTTPClient: cloud})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := c.Cognito.CreateUserPool(t.Context(), &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("people")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Cognito.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: aws.String("web")}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, name := range []string{"ada", "bob"} {
		made, err := c.Cognito.AdminCreateUser(t.Context(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: pool.UserPool.Id, Username: &name, MessageAction: "SUPPRESS"})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(made.User.Attributes, func(a types.AttributeType) bool { return *a.Name == "sub" })
		want[*made.User.Attributes[i].Value] = name
	}
	federated, err := users.SignInFederated(t.Context(), cognito.FederatedSignIn{Pool: *pool.UserPool.Id, Provider: "Google", ID: "123"})
	if err != nil {
		t.Fatal(err)
	}
	want[federated.Sub] = federated.Username
	names := amazon.NewNames(c.Cognito)
	for sub, name := range want {
		if got, ok, err := names.Username(t.Context(), *pool.UserPool.Id, sub); err != nil || !ok || got != name {
			t.Errorf("%s: %q, %v, %v", name, got, ok, err)
		}
	}
	for _, sub := range []string{"nobody", `" or "`, `\`, `" `, ""} {
		if got, ok, err := names.Username(t.Context(), *pool.UserPool.Id, sub); err != nil || ok || got != "" {
			t.Errorf("%q: %q, %v, %v", sub, got, ok, err)
		}
	}
	if _, _, err := names.Username(t.Context(), "eu-west-1_Nowhere00", "s"); err == nil {
		t.Error("there is no such pool")
	}
}
