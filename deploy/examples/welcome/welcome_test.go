package welcome_test

import (
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	"github.com/postconfirm/postconfirm/enrich/connect/ses/pretend"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func file(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheExampleHasNothingToMend(t *testing.T) {
	warnings, err := pipefile.Lint("pipeline.yaml", file(t), &pipefile.Options{Kinds: all.Kinds(connect.NewClient(nil))})
	if err != nil || len(warnings) > 0 {
		t.Errorf("%v %v", err, warnings)
	}
}

func TestTheMailIsInTheUsersLanguage(t *testing.T) {
	outbox := &pretend.Outbox{}
	server := httptest.NewServer(outbox)
	defer server.Close()
	client := connect.NewClient(&connect.Options{AllowLoopback: true})
	defer client.Close()
	mails := ses.Kind(client, &ses.Options{Region: "eu-west-1", Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	pipeline, err := pipefile.Parse("pipeline.yaml", file(t), &pipefile.Options{Kinds: []enrich.Kind{httpstep.Kind(client), mails, webhook.Kind(client)}})
	if err != nil {
		t.Fatal(err)
	}
	step := pipeline.Steps[1]
	if step.ID != "welcome" || step.Class != enrich.Unsafe || !pipeline.AfterWrite("welcome") {
		t.Fatalf("the mail is %+v", step)
	}
	if last := pipeline.Steps[2]; last.ID != "tell" || last.Class != enrich.Keyed || !pipeline.AfterWrite("tell") {
		t.Fatalf("the event is %+v", last)
	}
	for _, test := range []struct {
		name   string
		user   map[string]any
		age    time.Duration
		mailed bool
		want   pretend.Mail
	}{
		{"a German", map[string]any{"email": "ann@example.com", "email_verified": "true", "given_name": "Ännchen", "locale": "de_DE"}, time.Minute, true,
			pretend.Mail{To: "ann@example.com", Template: "welcome-de", Data: map[string]any{"greeting": "Ännchen", "company": "ACME"}}},
		{"somebody with a link for a name", map[string]any{"email": "bob@example.com", "email_verified": "true", "given_name": "Visit evil.example", "locale": "fr"}, time.Minute, true,
			pretend.Mail{To: "bob@example.com", Template: "welcome-fr", Data: map[string]any{"greeting": "à vous", "company": "ACME"}}},
		{"somebody without name and language", map[string]any{"email": "eve@example.com", "email_verified": "true"}, time.Minute, true,
			pretend.Mail{To: "eve@example.com", Template: "welcome", Data: map[string]any{"greeting": "there", "company": "ACME"}}},
		{"somebody of a backfill", map[string]any{"email": "old@example.com", "email_verified": "true"}, 73 * time.Hour, false, pretend.Mail{}},
		{"somebody whose address nobody has proved", map[string]any{"email": "x@example.com", "email_verified": "false"}, time.Minute, false, pretend.Mail{}},
		{"somebody without an address", map[string]any{"given_name": "Ann"}, time.Minute, false, pretend.Mail{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			vars := expr.Vars{"user": test.user, "run": map[string]any{"age": test.age},
				"steps": map[string]any{"company": map[string]any{"name": "ACME"}}}
			if mailed, err := step.If.Eval(t.Context(), vars); err != nil || mailed != test.mailed {
				t.Fatalf("the condition is %v, %v", mailed, err)
			}
			if !test.mailed {
				return
			}
			if _, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "0a1b-welcome", Vars: vars}); err != nil {
				t.Fatal(err)
			}
			test.want.From, test.want.ReplyTo, test.want.ConfigurationSet = `"Example" <hello@example.com>`, []string{"support@example.com"}, "postconfirm"
			mails := outbox.Mails()
			if diff := cmp.Diff(test.want, mails[len(mails)-1], cmpopts.IgnoreFields(pretend.Mail{}, "ID", "Tags")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
