package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/app"
	"github.com/postconfirm/postconfirm/worker/sqlite"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestPipelineFilesAreKept(t *testing.T) {
	client := connect.NewClient(nil)
	t.Cleanup(client.Close)
	hash := hashOf(pipeline)
	t.Run("and come back as they were", func(t *testing.T) {
		papers := (&fake.Ledger{}).Records()
		for range 2 { // two workers start with it
			if err := app.KeepPipeline(t.Context(), papers, hash, []byte(pipeline)); err != nil {
				t.Fatal(err)
			}
		}
		p, err := app.KeptPipeline(t.Context(), papers, hash, client)
		if err != nil || p.Hash != hash || len(p.Steps) != 1 || p.Steps[0].ID != "company" {
			t.Errorf("got %+v, %v", p, err)
		}
	})
	t.Run("one of the greatest size too", func(t *testing.T) {
		papers := (&fake.Ledger{}).Records()
		text := pipeline + strings.Repeat("# a comment that says the same again\n", 20_000)
		if err := app.KeepPipeline(t.Context(), papers, hashOf(text), []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := app.KeptPipeline(t.Context(), papers, hashOf(text), client); err != nil {
			t.Error(err)
		}
	})
	t.Run("and one that is not, or is not what it should be, is none", func(t *testing.T) {
		records := (&fake.Ledger{}).Records()
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write([]byte("version: 1\n"))
		_ = z.Close()
		for name, body := range map[string][]byte{hash: packed.Bytes(), hashOf("a"): []byte("not compressed"), hashOf("version: 1\n"): packed.Bytes()} {
			if _, err := records.PutPaper(t.Context(), worker.Paper{Drawer: "pipeline", Name: name, Body: body}); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{hash, hashOf("a"), hashOf("version: 1\n"), hashOf("b"), "../../etc/passwd", ""} {
			if _, err := app.KeptPipeline(t.Context(), records, name, client); !errors.Is(err, worker.ErrNoPipeline) {
				t.Errorf("%q: got %v", name, err)
			}
		}
	})
	t.Run("a ledger that can't be asked is another matter", func(t *testing.T) {
		l := &fake.Ledger{}
		l.FailNext(fake.Paper, errors.New("away"))
		if _, err := app.KeptPipeline(t.Context(), l.Records(), hash, client); err == nil || errors.Is(err, worker.ErrNoPipeline) {
			t.Errorf("got %v", err)
		}
	})
}

// A worker that starts with another file keeps both, and works with the one of then where a message wants it.
func TestAWorkerKeepsItsFileAndFindsThoseOfBefore(t *testing.T) {
	const then = "version: 1\npools: [POOL]\nattributes:\n  custom:company: then\n"
	w := newPool(t, pipeline)
	var hash string
	for _, text := range []string{then, strings.Replace(then, "company: then", "company: now", 1)} {
		text = strings.Replace(text, "POOL", w.pool, 1)
		w.Pipeline = filepath.Join(t.TempDir(), "pipeline.yaml")
		if err := os.WriteFile(w.Pipeline, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if hash == "" {
			hash = hashOf(text)
			a, err := app.New(t.Context(), w.Settings)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := make(verdicts, 8)
	w.Worker.Observer = said
	a, err := app.New(t.Context(), w.Settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	defer func() {
		stop()
		if err := errors.Join(<-ended, a.Close()); err != nil {
			t.Error(err)
		}
	}()
	sub := w.user("ada@acme.example")
	body := string(event.Message{Pool: w.pool, Sub: sub, User: "ada@acme.example", Generation: event.Onboarding, Pipeline: hash}.Encode())
	if _, err := w.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &w.Queue, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
	if v := <-said; v.Outcome != worker.Completed {
		t.Fatalf("got %+v", v)
	}
	b, err := sqlite.OpenReader(strings.TrimPrefix(w.Ledger, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	r, ok, err := b.Find(t.Context(), worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding})
	if err != nil || !ok || r.Pipeline != hash {
		t.Errorf("the run says that %q worked on it, want %q: %v", r.Pipeline, hash, err)
	}
	files, err := b.Papers(t.Context(), "pipeline", "", 0)
	if err != nil || len(files) != 2 {
		t.Errorf("%d files are kept: %v", len(files), err)
	}
}

// user makes a user of the pool and gives the sub.
func (w *poolWorld) user(name string) (sub string) {
	w.t.Helper()
	made, err := w.Cognito.AdminCreateUser(w.t.Context(), &cognitoidentityprovider.AdminCreateUserInput{UserPoolId: &w.pool, Username: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range made.User.Attributes {
		if aws.ToString(a.Name) == "sub" {
			sub = aws.ToString(a.Value)
		}
	}
	return sub
}

// verdicts are told what became of each message.
type verdicts chan worker.Verdict

func (verdicts) Stepped(worker.StepNote) {}

func (v verdicts) Finished(got worker.Verdict) { v <- got }
