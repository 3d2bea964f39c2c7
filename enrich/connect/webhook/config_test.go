package webhook_test

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func TestMistakesAreNamed(t *testing.T) {
	const canary = "canary"
	url := func(text string) func(*webhook.Config) { return func(c *webhook.Config) { c.URL = text } }
	events := func(change func(*webhook.Config)) func(*webhook.Config) {
		return func(c *webhook.Config) { event(t)(c); change(c) }
	}
	for _, test := range []struct {
		name, field, says string
		fill              func(*webhook.Config)
	}{
		{"no URL", "url", "missing", url("")},
		{"an expression in the URL", "url", "plain text", url("https://hooks.example.com/${{ user.x }}")},
		{"a URL that is none", "url", "no URL", url("https://a b/canary")},
		{"a URL without a host", "url", "host", url("hooks.example.com/canary")},
		{"a URL without its port", "url", "port", url("https://hooks.example.com:/canary")},
		{"a host in another script", "url", "ASCII", url("https://hööks.example/canary")},
		{"a password in the URL", "url", "password", url("https://a:canary@hooks.example.com")},
		{"a fragment", "url", "#", url("https://hooks.example.com/#canary")},
		{"plain http", "url", "https://", url("http://hooks.example.com/canary")},
		{"another scheme", "url", "https://", url("ftp://hooks.example.com/canary")},
		{"the metadata service", "url", "private address", url("https://169.254.169.254/canary")},
		{"this machine", "url", "private address", url("http://localhost:8080/canary")},
		{"no secret", "secret", "missing", func(c *webhook.Config) { c.Secret = nil }},
		{"a secret in the file that is none", "secret", "whsec_", func(c *webhook.Config) { c.Secret = template(t, canary) }},
		{"a secret in the file that is short", "secret", "24 to 64", func(c *webhook.Config) { c.Secret = template(t, "whsec_Y2FuYXJ5") }},
		{"an old secret in the file that is none", "previous-secret", "base64", func(c *webhook.Config) { c.Previous = template(t, "whsec_canary!") }},
		{"no body", "json", "missing", func(c *webhook.Config) { c.JSON = nil }},
		{"a body longer than any", "json", "longer than 20480 bytes", func(c *webhook.Config) {
			long := expr.Leaf(template(t, strings.Repeat(canary, 2000)))
			c.JSON = expr.List([]*expr.Tree{long, long})
		}},
		{"a format that is none", "format", "json or cloudevents", func(c *webhook.Config) { c.Format = "xml" }},
		{"a type without a CloudEvent", "type", "format: cloudevents", func(c *webhook.Config) { c.Type = "x" }},
		{"a source without a CloudEvent", "source", "format: cloudevents", func(c *webhook.Config) { c.Source = "x" }},
		{"a subject without a CloudEvent", "subject", "format: cloudevents", func(c *webhook.Config) { c.Subject = template(t, "x") }},
		{"a CloudEvent without a type", "type", "needs one", events(func(c *webhook.Config) { c.Type = "" })},
		{"an expression in the type", "type", "plain text", events(func(c *webhook.Config) { c.Type = "${{ user.x }}" })},
		{"a type with a line end", "type", "control", events(func(c *webhook.Config) { c.Type = "a\nb" })},
		{"a CloudEvent without a source", "source", "needs one", events(func(c *webhook.Config) { c.Source = "" })},
		{"an expression in the source", "source", "URI", events(func(c *webhook.Config) { c.Source = "https://x/${{ user.x }}" })},
		{"a source that is no URI", "source", "URI", events(func(c *webhook.Config) { c.Source = "our sign-up" })},
		{"keys that live for a moment", "key-life", "1m", func(c *webhook.Config) { c.KeyLife = time.Second }},
		{"keys that live for ever", "key-life", "720h", func(c *webhook.Config) { c.KeyLife = 721 * time.Hour }},
		{"keys that live backwards", "key-life", "1m", func(c *webhook.Config) { c.KeyLife = -time.Hour }},
		{"gone for ever", "gone-for", "720h", func(c *webhook.Config) { c.GoneFor = 721 * time.Hour }},
		{"gone backwards", "gone-for", "720h", func(c *webhook.Config) { c.GoneFor = -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, connect.NewClient(nil))
			test.fill(c)
			_, err := c.Connector()
			var one *enrich.FieldError
			if !errors.As(err, &one) || one.Field != test.field || !strings.Contains(one.Message, test.says) {
				t.Fatalf("got %v, want one of %s that says %q", err, test.field, test.says)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the message quotes the file: %v", err)
			}
		})
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	_, err := webhook.Kind(connect.NewClient(nil)).Config().Connector()
	if got := strings.Count(err.Error(), "\n") + 1; got != 3 {
		t.Errorf("%d mistakes, want 3:\n%v", got, err)
	}
}

func TestWhatADeploymentAllowsAPipelineMayUse(t *testing.T) {
	for address, o := range map[string]*connect.Options{
		"http://127.0.0.1:8080/x":   {AllowLoopback: true},
		"https://10.1.2.3/x":        {AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		"https://hooks.example:444": nil,
	} {
		c := config(t, connect.NewClient(o))
		c.URL, c.Previous = address, template(t, "")
		made(t, c)
	}
}

func TestTheExamplePipelineIsFree(t *testing.T) {
	data, err := os.ReadFile("testdata/pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kinds := []enrich.Kind{webhook.Kind(connect.NewClient(nil))}
	warnings, err := pipefile.Lint("pipeline.yaml", data, &pipefile.Options{Kinds: kinds})
	if err != nil || len(warnings) > 0 {
		t.Errorf("warnings %v, mistakes %v", warnings, err)
	}
	for was, is := range map[string]string{
		"url: https://hooks":          "url: http://hooks",
		"format: cloudevents":         "format: cloudevent",
		"type: com.example":           "typ: com.example",
		"key-life: 72h":               "key-life: 72",
		"secret: ${{ secrets.WEBHOOK": "secret: whsec_x # ${{ secrets.WEBHOOK",
	} {
		broken := strings.Replace(string(data), was, is, 1)
		if _, err := pipefile.Lint("pipeline.yaml", []byte(broken), &pipefile.Options{Kinds: kinds}); err == nil || broken == string(data) {
			t.Errorf("%q instead of %q is no mistake", is, was)
		}
	}
}

func TestTheFileFillsInTheDefaults(t *testing.T) {
	data, err := os.ReadFile("testdata/pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pipeline, err := pipefile.Parse("p.yaml", data, &pipefile.Options{Kinds: []enrich.Kind{webhook.Kind(connect.NewClient(nil))}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []time.Duration{72 * time.Hour, webhook.DefaultKeyLife} {
		if got := enrich.KeyLife(pipeline.Steps[i].Connector); got != want || pipeline.Steps[i].Class != enrich.Keyed {
			t.Errorf("%s: %v, keys live for %v", pipeline.Steps[i].ID, pipeline.Steps[i].Class, got)
		}
	}
}
