package app_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/dynamo"
	"github.com/postconfirm/postconfirm/worker/mailevents"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

const mailing = `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: welcome
    uses: ses
    with:
      from: hello@example.com
      subject: Welcome
      text: "Hello {{.greeting}}"
      configuration-set: events
`

// post is a cloud with a pool, an SES that sends nothing, and a queue for its events.
type post struct {
	*poolWorld
	outbox pretend.Outbox
	lines  lines
}

// lines is a log whose lines can be waited for.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// wait goes on when a line has all these words.
func (l lines) wait(t *testing.T, words ...string) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line := <-l:
			if strings.Contains(line, "canary") {
				t.Errorf("the log shows somebody: %s", line)
			}
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return
			}
		case <-late:
			t.Fatalf("no line has %q", words)
		}
	}
}

func newPost(t *testing.T) *post {
	p := &post{poolWorld: newPool(t, mailing), lines: make(lines, 10_000)}
	server := httptest.NewServer(&p.outbox)
	t.Cleanup(server.Close)
	p.Mail, p.AllowLoopback = server.URL, true
	p.Log = slog.New(slog.NewJSONHandler(p.lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	made, err := p.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("mails"), Attributes: map[string]string{"MessageRetentionPeriod": "1209600"}})
	p.must(err)
	p.SESEvents = *made.QueueUrl
	return p
}

func (p *post) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// confirmed puts a confirmed user on the queue.
func (p *post) confirmed() worker.Identity {
	p.t.Helper()
	client := p.client()
	up, err := p.Cognito.SignUp(p.t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: &client, Username: aws.String("somebody"),
		Password: aws.String("Correct-Horse-7"), UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("canary@acme.example")}}})
	p.must(err)
	_, err = p.Cognito.AdminConfirmSignUp(p.t.Context(), &cognitoidentityprovider.AdminConfirmSignUpInput{UserPoolId: &p.pool, Username: aws.String("somebody")})
	p.must(err)
	id := worker.Identity{Pool: p.pool, Sub: *up.UserSub, Generation: event.Onboarding}
	p.send(p.Queue, event.Message{Pool: id.Pool, Region: "eu-west-1", User: "somebody", Sub: id.Sub}.Encode())
	return id
}

func (p *post) send(queue string, body []byte) {
	p.t.Helper()
	_, err := p.SQS.SendMessage(p.t.Context(), &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(body))})
	p.must(err)
}

// left is how many messages a queue has, hidden ones included.
func (p *post) left(queue string) string {
	p.t.Helper()
	out, err := p.SQS.GetQueueAttributes(p.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible}})
	p.must(err)
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// stands checks the step of the run, its flags, and that the mail was sent once.
func (p *post) stands(l mailevents.Ledger, id worker.Identity, step worker.StepState, flags string) {
	p.t.Helper()
	r, ok, err := l.Find(p.t.Context(), id)
	if err != nil || !ok || r.State != worker.Done || r.Steps["welcome"].State != step || strings.Join(r.Flags, ";") != flags {
		p.t.Fatalf("found %v, %v: the run is %s, the step %+v, flags %v", ok, err, r.State, r.Steps["welcome"], r.Flags)
	}
	if mails := p.outbox.Mails(); len(mails) != 1 || p.outbox.Calls() != 1 {
		p.t.Fatalf("%d mails after %d calls", len(mails), p.outbox.Calls())
	}
}

// ledgers are the settings of every ledger that is there.
func ledgers(t *testing.T) map[string]func(*testing.T, *post) {
	all := map[string]func(*testing.T, *post){"a file": func(*testing.T, *post) {}}
	if os.Getenv("POSTCONFIRM_TEST_DYNAMODB") == "" {
		t.Log("NOT RUN: POSTCONFIRM_TEST_DYNAMODB names no DynamoDB; make check-dynalite does")
		return all
	}
	all["a DynamoDB table"] = onTable
	return all
}

// onTable gives the worker a table of the DynamoDB that the variable names.
func onTable(t *testing.T, p *post) {
	endpoint, table := os.Getenv("POSTCONFIRM_TEST_DYNAMODB"), "postconfirm-test-"+rand.Text()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": p.Local, "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"} {
		t.Setenv(name, value)
	}
	p.Local = "" // which would be DynamoDB, too
	client := dynamodb.NewFromConfig(p.Config, func(o *dynamodb.Options) { o.BaseEndpoint = &endpoint })
	p.must(dynamo.CreateTable(t.Context(), client, table))
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
			t.Error(err)
		}
	})
	p.Ledger = "dynamodb:" + table
}

// TestAnEventOfSESSettlesWhatALostAnswerLeftOpen is the whole way: SES takes a mail and its answer is lost, so the run ends
// with an open effect; the event comes, and the effect is known.
func TestAnEventOfSESSettlesWhatALostAnswerLeftOpen(t *testing.T) {
	for ledger, on := range ledgers(t) {
		for _, c := range []struct {
			eventType string
			wrapped   func([]byte) []byte
			step      worker.StepState
			flags     string
		}{
			{"Send", func(e []byte) []byte { return e }, worker.StepDone, ""},
			{"Delivery", pretend.Envelope, worker.StepDone, ""},
			{"Rendering Failure", func(e []byte) []byte { return pretend.Bridged("Email Rendering Failed", e) }, worker.StepFailed, "step welcome: ses_rendering_failure"},
		} {
			t.Run(c.eventType+" on "+ledger, func(t *testing.T) {
				p := newPost(t)
				on(t, p)
				a, err := app.New(t.Context(), p.Settings)
				p.must(err)
				p.outbox.Fail(pretend.Failure{Lost: true})
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- a.Run(ctx) }()

				id := p.confirmed()
				p.lines.wait(t, "worker: verdict", `"outcome":"done"`, id.Key())
				effects := a.Ledger.(mailevents.Ledger)
				p.stands(effects, id, worker.StepUnknown, "step welcome: unknown")

				told := c.wrapped(p.outbox.Mails()[0].Event(c.eventType, time.Now()))
				p.send(p.SESEvents, told)
				p.lines.wait(t, "mail event: handled", id.Key(), `"outcome":"`+string(c.step)+`"`)
				p.stands(effects, id, c.step, c.flags)
				p.send(p.SESEvents, told)
				p.lines.wait(t, "mail event: handled", id.Key(), `"outcome":"known"`)
				p.send(p.SESEvents, []byte("canary, whoever that is"))
				p.lines.wait(t, "mail event: handled", `"outcome":"unreadable"`)

				stop()
				p.must(<-ended) // what is settled is deleted by now
				p.stands(effects, id, c.step, c.flags)
				if left := p.left(p.SESEvents); left != "0+0" {
					t.Errorf("%s events are left", left)
				}
				p.must(a.Close())
			})
		}
	}
}

// TestAFunctionReadsTheEventsOfSES: the same behind two event source mappings.
func TestAFunctionReadsTheEventsOfSES(t *testing.T) {
	for _, on := range []string{"a ledger in memory", "a DynamoDB table"} {
		if on != "a ledger in memory" && os.Getenv("POSTCONFIRM_TEST_DYNAMODB") == "" {
			t.Log("NOT RUN: POSTCONFIRM_TEST_DYNAMODB names no DynamoDB; make check-dynalite does")
			continue
		}
		t.Run("on "+on, func(t *testing.T) {
			p, memory := newPost(t), &fake.Ledger{}
			var effects mailevents.Ledger = memory.Records()
			open := func() (*app.App, error) { return app.NewFunction(t.Context(), p.Settings, memory) }
			var metrics strings.Builder
			p.Out = &metrics
			if on != "a ledger in memory" {
				onTable(t, p)
				p.Lambda = true
				open = func() (*app.App, error) { return app.New(t.Context(), p.Settings) }
			}
			a, err := open()
			p.must(err)
			if on != "a ledger in memory" {
				effects = a.Ledger.(mailevents.Ledger)
			}
			p.outbox.Fail(pretend.Failure{Lost: true})
			id := p.confirmed()
			const nothing, again = `{"batchItemFailures":[]}`, `{"batchItemFailures":[{"itemIdentifier":"`
			if answer := p.invoke(a, p.Queue); answer != nothing {
				t.Errorf("the worker answered %s", answer)
			}
			p.stands(effects, id, worker.StepUnknown, "step welcome: unknown")
			told := p.outbox.Mails()[0].Event("Send", time.Now())
			r, _, err := effects.Find(t.Context(), id)
			p.must(err)
			r.State = worker.Open // as if a worker were still at it
			p.must(effects.Amend(t.Context(), r))
			p.send(p.SESEvents, told)
			if answer := p.invoke(a, p.SESEvents); !strings.HasPrefix(answer, again) {
				t.Errorf("while the run is open: answered %s", answer)
			}
			r.State, r.Fence = worker.Done, r.Fence+1
			p.must(effects.Amend(t.Context(), r))
			p.send(p.SESEvents, told)
			if answer := p.invoke(a, p.SESEvents); answer != nothing {
				t.Errorf("answered %s", answer)
			}
			p.stands(effects, id, worker.StepDone, "")
			if !strings.Contains(metrics.String(), `"postconfirm_mail_events_total":1`) || strings.Contains(metrics.String(), id.Sub) {
				t.Errorf("metrics: %s", metrics.String())
			}
			p.must(a.Close())
		})
	}
}

// invoke receives a message as Lambda would, and hands it to the function as an event of that queue.
func (p *post) invoke(a *app.App, queue string) string {
	p.t.Helper()
	got, err := p.SQS.ReceiveMessage(p.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
	p.must(err)
	if len(got.Messages) != 1 {
		p.t.Fatalf("%d messages", len(got.Messages))
	}
	about, err := p.SQS.GetQueueAttributes(p.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	p.must(err)
	m := got.Messages[0]
	raw, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"messageId": *m.MessageId, "receiptHandle": *m.ReceiptHandle, "body": *m.Body,
		"attributes": m.Attributes, "eventSource": "aws:sqs", "eventSourceARN": about.Attributes["QueueArn"]}}})
	p.must(err)
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	answer, err := a.Function.Invoke(ctx, raw)
	p.must(err)
	return string(answer)
}

func TestTheQueueOfSESEventsIsLookedAt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*post)
		want   string // in the error
		warned string
	}{
		"one that fits":                {func(*post) {}, "", ""},
		"none":                         {func(p *post) { p.SESEvents = "" }, "", ""},
		"the worker's own":             {func(p *post) { p.SESEvents = p.Queue }, "it needs one of its own", ""},
		"the one for dead letters":     {func(p *post) { p.SESEvents = p.DeadLetters }, "it needs one of its own", ""},
		"one that is no queue":         {func(p *post) { p.SESEvents = "mails" }, "no queue URL", ""},
		"one that is not there":        {func(p *post) { p.SESEvents += "x" }, "does not exist", ""},
		"one of another Region":        {func(p *post) { p.SESEvents = "https://sqs.us-east-1.amazonaws.com/123456789012/mails" }, "set AWS_REGION=us-east-1", ""},
		"one that forgets too early":   {func(p *post) { p.set("MessageRetentionPeriod", "345600") }, "", "Set MessageRetentionPeriod"},
		"one with a dead-letter queue": {func(p *post) { p.set("RedrivePolicy", p.redrive()) }, "", "maxReceiveCount"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t)
			c.change(p)
			a, err := app.New(t.Context(), p.Settings)
			if err == nil {
				p.must(a.Close())
			}
			switch {
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v", err)
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "" && (c.warned == "") != (len(a.Warnings) == 0) || c.want == "" && !strings.Contains(strings.Join(a.Warnings, ";"), c.warned):
				t.Errorf("warnings: %q", a.Warnings)
			}
		})
	}
}

func (p *post) set(attribute, value string) {
	p.t.Helper()
	_, err := p.SQS.SetQueueAttributes(p.t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &p.SESEvents, Attributes: map[string]string{attribute: value}})
	p.must(err)
}

// redrive lets the events go to the worker's dead-letter queue after five receives.
func (p *post) redrive() string {
	p.t.Helper()
	about, err := p.SQS.GetQueueAttributes(p.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &p.DeadLetters, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	p.must(err)
	return `{"maxReceiveCount":5,"deadLetterTargetArn":"` + about.Attributes["QueueArn"] + `"}`
}
