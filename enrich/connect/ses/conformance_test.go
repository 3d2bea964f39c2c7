package ses_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vars has a canary in every place that personal values come from.
func vars() expr.Vars {
	return expr.Vars{
		"user":  map[string]any{"email": "canary.mail@example.com", "given_name": "Canary Née", "locale": "de-AT", "sub": "5b1c"},
		"run":   map[string]any{"key": "r"},
		"steps": map[string]any{"company": map[string]any{"name": "Canary & Sons", "staff": int64(12), "tags": []any{"a", "b"}}},
	}
}

func TestConformance(t *testing.T) {
	for name, fill := range map[string]func(*testing.T, *ses.Config){
		"a stored template": func(t *testing.T, c *ses.Config) {
			c.Templates = templates(t, map[string]string{"de": "welcome-de", "default": "welcome"})
		},
		"a mail written in the file": func(_ *testing.T, c *ses.Config) {
			c.Subject, c.Text = "Welcome", "Hello {{.greeting}} of {{.company}}"
			c.HTML = "<p>Hello {{.greeting}}"
		},
	} {
		t.Run(name, func(t *testing.T) {
			enrichtest.Run(t, enrichtest.Harness{
				New: func(t *testing.T, base string, client *connect.Client) enrich.Connector {
					c := config(t, client, base)
					fill(t, c)
					return made(t, c)
				},
				Vars:     vars(),
				Canaries: []string{"canary.mail@example.com", "Canary Née", "Canary & Sons"},
				Found:    pretend.JSON(200, `{"MessageId":"0102018f"}`),
				Want:     enrich.Result{"message_id": "0102018f"},
			})
		})
	}
}

// config is a step's block with what a file's defaults would fill in.
func config(t testing.TB, client *connect.Client, endpoint string) *ses.Config {
	t.Helper()
	c := ses.Kind(client, &ses.Options{Region: "eu-west-1", Endpoint: endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "canary-secret", "")}).Config().(*ses.Config)
	c.From = "Example <hello@example.com>"
	c.To, c.Greeting, c.Locale = template(t, "${{ user.email }}"), template(t, "${{ user.given_name }}"), template(t, "${{ user.locale }}")
	c.Data = templates(t, map[string]string{"company": "${{ steps.company.name }}"})
	return c
}

func made(t testing.TB, c *ses.Config) enrich.Connector {
	t.Helper()
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	return enrichtest.Listed(t, ses.Kind(connect.NewClient(nil), nil).Page, connector)
}

func template(t testing.TB, source string) *expr.Template {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	made, err := env.Template(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return made
}

func templates(t testing.TB, sources map[string]string) map[string]*expr.Template {
	t.Helper()
	all := map[string]*expr.Template{}
	for name, source := range sources {
		all[name] = template(t, source)
	}
	return all
}

// A kept connection that SES has just closed would make an unknown outcome of a mail that never left.
func TestEachMailHasAConnectionOfItsOwn(t *testing.T) {
	vendor := pretend.New(pretend.JSON(200, `{"MessageId":"1"}`))
	defer vendor.Close()
	client := connect.NewClient(&connect.Options{AllowLoopback: true, Dial: vendor.Dial})
	defer client.Close()
	c := config(t, client, "http://127.0.0.1:8080")
	c.Template = "welcome"
	connector := made(t, c)
	for range 3 {
		if _, err := connector.Run(t.Context(), enrich.Call{EffectKey: "k", Vars: vars()}); err != nil {
			t.Fatal(err)
		}
	}
	if dialed := len(vendor.Dialed()); dialed != 3 {
		t.Errorf("three mails went over %d connections", dialed)
	}
}
