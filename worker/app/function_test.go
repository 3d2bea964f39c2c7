package app_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// noted is a ledger that remembers how long the lease of the last claim was.
type noted struct {
	fake.Ledger
	lease time.Duration
}

func (n *noted) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	n.lease = until.Sub(now)
	return n.Ledger.Claim(ctx, id, owner, now, until)
}

func TestALambdaFunction(t *testing.T) {
	made := func(t *testing.T, visibility string) (*app.App, *noted, error) {
		t.Helper()
		s, l := setting(t, "1209600"), &noted{}
		s.Pipeline = write(t, "version: 1\npools: [eu-west-1_Ab12cd34E]\nattributes:\n  custom:source: website\n")
		plain, err := app.New(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = plain.Clients.SQS.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &s.Queue,
			Attributes: map[string]string{"VisibilityTimeout": visibility}})
		if err := errors.Join(err, plain.Close()); err != nil {
			t.Fatal(err)
		}
		a, err := app.NewFunction(t.Context(), s, l)
		return a, l, err
	}
	invoke := func(t *testing.T, a *app.App, limit time.Duration) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		answer, err := a.Function.Invoke(ctx, []byte(`{"Records":[{"messageId":"m1","receiptHandle":"r1","body":`+
			strconv.Quote(`{"v":1,"pool":"eu-west-1_Ab12cd34E","user":"u","sub":"s"}`)+`}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	for _, c := range []struct {
		name                     string
		limit, shortest, longest time.Duration
	}{
		{"its lease ends before the queue's visibility", time.Hour, 354 * time.Second, 355 * time.Second},
		{"its lease ends with the invocation", 30 * time.Second, 25 * time.Second, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, l, err := made(t, "360")
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			// There is no user pool at all: the run is given back, and its message named.
			if answer := invoke(t, a, c.limit); answer != `{"batchItemFailures":[{"itemIdentifier":"m1"}]}` {
				t.Errorf("answered %s", answer)
			}
			if l.lease < c.shortest || l.lease > c.longest {
				t.Errorf("the lease was %v", l.lease)
			}
			if err := a.Run(t.Context()); err == nil {
				t.Error("it polls, too")
			}
		})
	}
	t.Run("a visibility that leaves no room is refused", func(t *testing.T) {
		if _, _, err := made(t, "10"); err == nil || !strings.Contains(err.Error(), "VisibilityTimeout is 10s") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file is no ledger for it", func(t *testing.T) {
		s := setting(t, "1209600")
		s.Lambda = true
		_, err := app.New(t.Context(), s)
		var usage *app.Usage
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "Want dynamodb:TABLE") {
			t.Errorf("got %v", err)
		}
	})
}
