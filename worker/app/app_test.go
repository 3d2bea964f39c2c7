package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/deploy/localcloud"
	cloudsqs "github.com/postconfirm/postconfirm/deploy/localcloud/sqs"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/app"
)

const pipeline = `version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - id: company
    uses: http
    with:
      url: https://api.example.com/find
      bearer: ${{ secrets.APP_TEST_TOKEN }}
attributes:
  custom:company: ${{ steps.company.body.name }}
`

// setting is a local cloud with two queues, and settings that fit but for the pool, which is not there.
func setting(t *testing.T, retention string) app.Settings {
	t.Helper()
	s, _ := clouded(t, retention)
	return s
}

func clouded(t *testing.T, retention string) (app.Settings, *localcloud.Cloud) {
	t.Helper()
	cloud := localcloud.New(nil)
	cloud.Register(cloudsqs.New(nil))
	server, err := cloud.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	clients, err := amazon.Connect(t.Context(), &amazon.ConnectOptions{Region: "eu-west-1", LocalCloud: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	url := func(name, retention string) string {
		q, err := clients.SQS.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(name),
			Attributes: map[string]string{"MessageRetentionPeriod": retention}})
		if err != nil {
			t.Fatal(err)
		}
		return *q.QueueUrl
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "pipeline.yaml")
	if err := os.WriteFile(file, []byte(pipeline), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("APP_TEST_TOKEN", "a-token")
	return app.Settings{Pipeline: file, Queue: url("confirmed", retention), DeadLetters: url("dlq", "1209600"),
		Ledger: "sqlite:" + filepath.Join(dir, "ledger.db"), Local: server.URL(), Region: "eu-west-1"}, cloud
}

func TestAWorkerThatFitsIsMade(t *testing.T) {
	s := newPool(t, pipeline).Settings
	a, err := app.New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Warnings) != 0 {
		t.Errorf("warnings: %v", a.Warnings)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatDoesNotFitIsSaidBeforeTheFirstMessage(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*app.Settings)
		want   []string
	}{
		{"everything that is missing, at once", func(s *app.Settings) { *s = app.Settings{} },
			[]string{"--pipeline", "POSTCONFIRM_QUEUE_URL", "--dlq", "sqlite:./ledger.db"}},
		{"a ledger of another kind", func(s *app.Settings) { s.Ledger = "postgres:x" }, []string{`"postgres:x" is not known`}},
		{"a dead-letter queue that is the queue", func(s *app.Settings) { s.DeadLetters = s.Queue }, []string{"the queue itself"}},
		{"numbers out of range", func(s *app.Settings) { s.InFlight, s.Pollers = -1, 1000 }, []string{"--in-flight is -1", "--pollers is 1000"}},
		{"numbers of workers that are none, with the rest", func(s *app.Settings) { s.Workers, s.Pollers, s.Queue = "many", 1000, "" },
			[]string{`--workers is "many": want 1 to 1000`, "--pollers is 1000", "POSTCONFIRM_QUEUE_URL"}},
		{"no workers", func(s *app.Settings) { s.Workers = "0" }, []string{`--workers is "0"`}},
		{"too many workers", func(s *app.Settings) { s.Workers = "1001" }, []string{`--workers is "1001"`}},
		{"a pipeline that is not there", func(s *app.Settings) { s.Pipeline += "x" }, []string{"read pipeline", "no such file"}},
		{"a pipeline with mistakes", func(s *app.Settings) { s.Pipeline = write(t, "version: 1\npool: x\nsteps: 5\n") }, []string{"yaml:2:", "yaml:3:"}},
		{"a secret that is not set", func(*app.Settings) { t.Setenv("APP_TEST_TOKEN", "") }, []string{"APP_TEST_TOKEN is not set"}},
		{"a queue that is not there", func(s *app.Settings) { s.Queue += "x" }, []string{"does not exist"}},
		{"a queue that is none", func(s *app.Settings) { s.Queue = "confirmed" }, []string{"no queue URL"}},
		{"a ledger in a folder that is not there", func(s *app.Settings) { s.Ledger = "sqlite:/nowhere/at/all/ledger.db" }, []string{"/nowhere/at/all"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting(t, "1209600")
			c.change(&s)
			a, err := app.New(t.Context(), s)
			if err == nil {
				t.Fatal(errors.Join(errors.New("nothing was said"), a.Close()))
			}
			var usage *app.Usage
			if !errors.As(err, &usage) {
				t.Errorf("%v is not marked as wrong use", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
	t.Run("a queue whose messages could expire unseen", func(t *testing.T) {
		if _, err := app.New(t.Context(), setting(t, "345600")); err == nil || !strings.Contains(err.Error(), "MessageRetentionPeriod") {
			t.Errorf("got %v", err)
		}
	})
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
