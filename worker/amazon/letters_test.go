package amazon_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// lettersCase is a dead-letter queue of the local cloud.
type lettersCase struct {
	*testing.T
	clients *amazon.Clients
	url     string
	letters *amazon.Letters
}

func lettersOf(t *testing.T) *lettersCase {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: "http://local.test", HTTPClient: cloud})
	if err != nil {
		t.Fatal(err)
	}
	url := makeQueue(t, c)
	return &lettersCase{T: t, clients: c, url: url, letters: amazon.NewLetters(c.SQS, url, nil)}
}

// native puts a body on the queue without attributes, as a redrive policy does.
func (c *lettersCase) native(body string) {
	c.Helper()
	if _, err := c.clients.SQS.SendMessage(c.Context(), &sqs.SendMessageInput{QueueUrl: &c.url, MessageBody: &body}); err != nil {
		c.Fatal(err)
	}
}

func (c *lettersCase) fill(n int) {
	c.Helper()
	for i := range n {
		c.native(strconv.Itoa(i))
	}
}

// all are the bodies that one look sees, and how often.
func (c *lettersCase) all(limit int) map[string]int {
	c.Helper()
	got := map[string]int{}
	if err := c.letters.Each(c.Context(), limit, func(l worker.KeptLetter) error { got[string(l.Body)]++; return nil }); err != nil {
		c.Fatal(err)
	}
	return got
}

func TestALookAtDeadLetters(t *testing.T) {
	play := func(name string, f func(c *lettersCase)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(lettersOf(t)) }) })
	}
	play("sees each once, and takes none away", func(c *lettersCase) {
		c.fill(57)
		for range 3 {
			if got := c.all(1000); len(got) != 57 || slices.Max(slices.Collect(maps.Values(got))) != 1 {
				c.Fatalf("got %v", got)
			}
		}
	})
	play("ends at its limit", func(c *lettersCase) {
		c.fill(57)
		if got := c.all(13); len(got) != 13 {
			c.Errorf("got %d", len(got))
		}
		if got := c.all(1000); len(got) != 57 {
			c.Errorf("then got %d", len(got))
		}
	})
	play("of an empty queue is none, soon", func(c *lettersCase) {
		began := time.Now()
		if got := c.all(10); len(got) != 0 || time.Since(began) > 3*time.Second {
			c.Errorf("got %v after %v", got, time.Since(began))
		}
	})
	play("reads what the worker wrote, and knows what SQS moved", (*lettersCase).readsBoth)
	play("sees what a redrive policy moved, once", (*lettersCase).seesRedriven)
	play("shows all again when it is cut", (*lettersCase).isCut)
	play("that takes longer than its letters are hidden still sees each once", func(c *lettersCase) {
		c.fill(25)
		seen := map[string]int{}
		err := c.letters.Each(c.Context(), 1000, func(l worker.KeptLetter) error {
			time.Sleep(30 * time.Second)
			seen[string(l.Body)]++
			return nil
		})
		if err != nil || len(seen) != 25 || slices.Max(slices.Collect(maps.Values(seen))) != 1 {
			c.Errorf("%v: %v", err, seen)
		}
	})
	play("may delete on its way", (*lettersCase).deletes)
	play("says which receipts are no good any more", (*lettersCase).deletesStale)
}

func (c *lettersCase) readsBoth() {
	m := event.Message{Pool: "eu-west-1_A", User: "u", Sub: "s", Generation: "0"}
	letter := worker.Letter{Body: m.Encode(), Reason: "http_400", Run: m.Key(), Step: "crm", Class: "permanent", Attempts: 8, Reopens: 2, Pipeline: "abc"}
	if err := amazon.NewDeadLetters(c.clients.SQS, c.url).Send(c.Context(), letter); err != nil {
		c.Fatal(err)
	}
	c.native(string(m.Encode()))
	c.native("hello")
	seen := map[bool]worker.KeptLetter{}
	err := c.letters.Each(c.Context(), 10, func(l worker.KeptLetter) error {
		if string(l.Body) == "hello" {
			if _, err := l.Message(); err == nil || l.RunKey() != "" || l.Ours {
				c.Errorf("got %+v", l)
			}
			return nil
		}
		seen[l.Ours] = l
		if l.RunKey() != m.Key() || l.ID == "" || l.Receipt == "" || l.Receives != 1 || l.Sent.IsZero() || l.Altered {
			c.Errorf("got %+v", l)
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
	if diff := cmp.Diff(letter, seen[true].Letter); diff != "" {
		c.Errorf("ours (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(worker.Letter{Body: m.Encode()}, seen[false].Letter); diff != "" {
		c.Errorf("moved by SQS (-want +got):\n%s", diff)
	}
}

func (c *lettersCase) seesRedriven() {
	sqsClient := c.clients.SQS
	about, err := sqsClient.GetQueueAttributes(c.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &c.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		c.Fatal(err)
	}
	source := makeQueue(c.T, c.clients)
	policy := map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + about.Attributes["QueueArn"] + `","maxReceiveCount":1}`}
	if _, err := sqsClient.SetQueueAttributes(c.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &source, Attributes: policy}); err != nil {
		c.Fatal(err)
	}
	m := event.Message{Pool: "eu-west-1_A", User: "u", Sub: "s", Generation: "0"}
	body := string(m.Encode())
	if _, err := sqsClient.SendMessage(c.Context(), &sqs.SendMessageInput{QueueUrl: &source, MessageBody: &body}); err != nil {
		c.Fatal(err)
	}
	q := amazon.NewQueue(sqsClient, source, &amazon.QueueOptions{Visibility: time.Second})
	for range 2 {
		if _, err := q.Receive(c.Context()); err != nil {
			c.Fatal(err)
		}
		time.Sleep(2 * time.Second)
	}
	var found []worker.KeptLetter
	if err := c.letters.Each(c.Context(), 10, func(l worker.KeptLetter) error { found = append(found, l); return nil }); err != nil {
		c.Fatal(err)
	}
	if len(found) != 1 || found[0].Ours || found[0].RunKey() != m.Key() || found[0].Receives != 2 {
		c.Errorf("got %+v", found)
	}
}

func (c *lettersCase) isCut() {
	c.fill(30)
	enough := errors.New("enough")
	if err := c.letters.Each(c.Context(), 1000, func(worker.KeptLetter) error { return enough }); !errors.Is(err, enough) {
		c.Error(err)
	}
	if got := c.all(1000); len(got) != 30 {
		c.Errorf("after an error: %d", len(got))
	}
	ctx, cancel := context.WithCancel(c.Context())
	if err := c.letters.Each(ctx, 1000, func(worker.KeptLetter) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		c.Error(err)
	}
	if got := c.all(1000); len(got) != 30 {
		c.Errorf("after an interruption: %d", len(got))
	}
}

func (c *lettersCase) deletes() {
	c.fill(30)
	err := c.letters.Each(c.Context(), 1000, func(l worker.KeptLetter) error {
		if n, _ := strconv.Atoi(string(l.Body)); n%2 == 0 {
			return nil
		}
		failed, err := c.letters.Delete(c.Context(), []string{l.Receipt})
		if len(failed) > 0 {
			c.Error("not deleted")
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
	if got := c.all(1000); len(got) != 15 || got["1"] != 0 || got["2"] != 1 {
		c.Errorf("left: %v", got)
	}
}

func (c *lettersCase) deletesStale() {
	c.fill(23)
	var receipts []string
	if err := c.letters.Each(c.Context(), 1000, func(l worker.KeptLetter) error { receipts = append(receipts, l.Receipt); return nil }); err != nil {
		c.Fatal(err)
	}
	bad := "no receipt at all"
	failed, err := c.letters.Delete(c.Context(), append([]string{bad}, receipts...))
	if err != nil || !slices.Equal(failed, []string{bad}) {
		c.Errorf("failed %v, %v", failed, err)
	}
	if got := c.all(1000); len(got) != 0 {
		c.Errorf("left: %v", got)
	}
}

func TestALookThatFails(t *testing.T) {
	c, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: "http://local.test",
		HTTPClient: &wire{answer: awsError("AccessDeniedException", "no")}})
	if err != nil {
		t.Fatal(err)
	}
	letters := amazon.NewLetters(c.SQS, "http://local.test/000000000000/dead", nil)
	if err := letters.Each(t.Context(), 10, func(worker.KeptLetter) error { return nil }); err == nil {
		t.Error("a refusal is no empty queue")
	}
	if failed, err := letters.Delete(t.Context(), []string{"a", "b"}); err == nil || len(failed) != 2 {
		t.Errorf("%v, %v", failed, err)
	}
}
