package onebox_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/deploy/onebox"
	"github.com/postconfirm/postconfirm/trigger/presignup/fromenv"
	"github.com/postconfirm/postconfirm/trigger/sqsout"
	"github.com/postconfirm/postconfirm/worker"
)

// TestMain lets this test binary be both Lambdas, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "presignup" {
		handler, err := fromenv.Handler(os.Getenv, os.Stdout)
		if err != nil {
			panic(err)
		}
		lambda.Start(handler)
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "trigger" {
		handler, err := sqsout.FromEnvironment(os.Getenv, os.Stdout)
		if err != nil {
			panic(err)
		}
		lambda.Start(handler)
		return
	}
	goleak.VerifyTestMain(m)
}

// ends is told of every verdict.
type ends chan worker.Verdict

func (ends) Stepped(worker.StepNote) {}

func (e ends) Finished(v worker.Verdict) { e <- v }

func start(t *testing.T, o onebox.Options) (*onebox.Box, ends) {
	t.Helper()
	said := make(ends, 100)
	o.Trigger, o.Observer, o.Log = []string{os.Args[0], "trigger"}, said, slog.New(slog.NewTextHandler(io.Discard, nil))
	b, err := onebox.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return b, said
}

func TestAPersonIsEnriched(t *testing.T) {
	b, said := start(t, onebox.Options{})
	person := onebox.People(1)[0]
	if _, err := b.SignUp(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if err := b.Confirm(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if v := <-said; v.Outcome != worker.Completed {
		t.Errorf("verdict: %+v", v)
	}
	attributes, err := b.Attributes(t.Context(), person)
	if err != nil || attributes["custom:company"] == "" || attributes["custom:crm_id"] == "" {
		t.Errorf("%v %v", attributes, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestAPolicyDecidesWhoSignsUp: one person is let in without a code, and enriched; the other is refused.
func TestAPolicyDecidesWhoSignsUp(t *testing.T) {
	people := onebox.People(2)
	_, first, _ := strings.Cut(people[0].Email, "@")
	_, second, _ := strings.Cut(people[1].Email, "@")
	path := filepath.Join(t.TempDir(), "policy.yaml")
	text := "version: 1\ndeny: [{ name: rivals, domains: " + second + " }]\nconfirm: [{ name: friends, domains: " + first + ", verify: email }]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, said := start(t, onebox.Options{Policy: path, PreSignUp: []string{os.Args[0], "presignup"}})
	if _, err := b.SignUp(t.Context(), people[0]); err != nil {
		t.Fatal(err)
	}
	if v := <-said; v.Outcome != worker.Completed {
		t.Errorf("verdict: %+v", v)
	}
	if _, err := b.SignUp(t.Context(), people[1]); err == nil || !strings.Contains(err.Error(), "PreSignUp failed with error Sign-up is not possible") {
		t.Errorf("%v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestMailsStayOnThisMachine: a ses step of a local cloud reaches an outbox, whatever credentials are around.
func TestMailsStayOnThisMachine(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "real")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "real")
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	text := "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n  - id: welcome\n    uses: ses\n    needs: [attributes]\n" +
		"    with: { from: hello@example.com, subject: Welcome, text: Hello, to: \"${{ user.email }}\" }\n" +
		"attributes: { website: https://example.com }\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, said := start(t, onebox.Options{Pipeline: path, AllowLoopback: true})
	person := onebox.People(1)[0]
	if _, err := b.SignUp(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if err := b.Confirm(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	if v := <-said; v.Outcome != worker.Completed {
		t.Errorf("verdict: %+v", v)
	}
	if mails := b.Outbox.Mails(); len(mails) != 1 || b.Outbox.Repeated() != 0 {
		t.Errorf("%d mails: %+v", len(mails), mails)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestALedgerOutlivesItsBox(t *testing.T) {
	ledger := filepath.Join(t.TempDir(), "ledger.db")
	for range 2 {
		b, _ := start(t, onebox.Options{Ledger: ledger})
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(ledger); err != nil {
		t.Error(err)
	}
}

func TestAPipelineWithMistakesLeavesNothingRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := os.WriteFile(path, []byte("version: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := onebox.Start(t.Context(), onebox.Options{Pipeline: path, Trigger: []string{os.Args[0], "trigger"}}); err == nil {
		t.Error("it started")
	}
}

func TestPeopleAreDifferent(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range onebox.People(500) {
		if seen[p.Email] {
			t.Errorf("%s twice", p.Email)
		}
		seen[p.Email] = true
	}
}
