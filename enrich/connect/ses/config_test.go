package ses_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/ses"
)

func TestMistakesOfTheFile(t *testing.T) {
	client := connect.NewClient(nil)
	for _, test := range []struct {
		name string
		fill func(*ses.Config)
		want string
	}{
		{"nothing to write", func(c *ses.Config) { c.Template = "" }, ": nothing to write"},
		{"two ways to write", func(c *ses.Config) { c.Subject = "Hi" }, ": use one of"},
		{"a template and templates", func(c *ses.Config) { c.Templates = templates(t, map[string]string{"default": "a"}) }, ": use one of"},
		{"a template's name with signs", func(c *ses.Config) { c.Template = "../x" }, "template: "},
		{"an expression as a template", func(c *ses.Config) {
			c.Template, c.Templates = "", templates(t, map[string]string{"default": "${{ user.locale }}"})
		}, "templates.default: it is the same"},
		{"no template for everybody else", func(c *ses.Config) {
			c.Template, c.Templates = "", templates(t, map[string]string{"de": "a"})
		}, "templates: default is missing"},
		{"a language that is none", func(c *ses.Config) {
			c.Template, c.Templates = "", templates(t, map[string]string{"default": "a", "german!": "a"})
		}, "templates.german!: a language"},
		{"a language twice", func(c *ses.Config) {
			c.Template, c.Templates = "", templates(t, map[string]string{"default": "a", "de-AT": "a", "de_at": "b"})
		}, "templates.de_at: this language"},
		{"a template without a name", func(c *ses.Config) {
			c.Template, c.Templates = "", templates(t, map[string]string{"default": ""})
		}, "templates.default: a template's name"},
		{"a neutral word with signs", func(c *ses.Config) { c.Neutral = templates(t, map[string]string{"default": "<b>"}) }, "neutral.default: write a word"},
		{"no sender", func(c *ses.Config) { c.From = "" }, "from: it is no address"},
		{"a sender made of an expression", func(c *ses.Config) { c.From = "${{ user.email }}" }, "from: it is the same"},
		{"a sender with two lines", func(c *ses.Config) { c.From = "a@example.com\r\nBcc: b@example.com" }, "from: it is the same"},
		{"two senders", func(c *ses.Config) { c.From = "a@example.com, b@example.com" }, "from: it is no address"},
		{"a sender at this machine", func(c *ses.Config) { c.From = "a@localhost" }, "from: it is no plain address"},
		{"a bad reply address", func(c *ses.Config) { c.ReplyTo = []string{"b@example.com", "b"} }, "reply-to: it is no address"},
		{"a Region that is none", func(c *ses.Config) { c.Region = "evil.example/#" }, "region: "},
		{"a configuration set with signs", func(c *ses.Config) { c.ConfigurationSet = "a b" }, "configuration-set: "},
		{"a key that no template can name", func(c *ses.Config) { c.Data["first-name"] = c.To }, "data.first-name: "},
		{"a key that is taken", func(c *ses.Config) { c.Data["greeting"] = c.To }, "data.greeting: "},
		{"a key without a value", func(c *ses.Config) { c.Data["x"] = nil }, "data.x: "},
		{"no subject", written("", "Hi", ""), "subject: "},
		{"a subject with a value", written("Hi {{.greeting}}", "Hi", ""), "subject: it is the same"},
		{"a subject with an expression", written("Hi ${{ user.name }}", "Hi", ""), "subject: it is the same"},
		{"a subject with two lines", written("Hi\nBcc: x", "Hi", ""), "subject: it is one line"},
		{"a subject without end", written(strings.Repeat("a", 301), "Hi", ""), "subject: it is one line"},
		{"no text", written("Hi", "", "<p>"), "text: "},
		{"an expression in the text", written("Hi", "${{ user.name }}", ""), "text: it has an expression"},
		{"a text that can't be read", written("Hi", "{{.greeting", ""), "text: "},
		{"a key that is not in data", written("Hi", "{{.nobody}}", ""), "text: "},
		{"a key that is not in data, in the html", written("Hi", "Hi", "<p>{{.nobody}}"), "html: "},
		{"html that can't be made safe", written("Hi", "Hi", "<a href='{{if .company}}'{{end}}>"), "html: "},
		{"html that never ends", written("Hi", "Hi", `{{define "x"}}a{{template "x"}}{{end}}{{template "x"}}`), "html: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, client, "")
			c.Template = "welcome"
			test.fill(c)
			connector, err := c.Connector()
			if err == nil || connector != nil || !strings.Contains("\n"+err.Error(), "\n"+test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func written(subject, text, html string) func(*ses.Config) {
	return func(c *ses.Config) { c.Template, c.Subject, c.Text, c.HTML = "", subject, text, html }
}

func TestAMailIsUnsafeAndARegionIsOneDependency(t *testing.T) {
	c := config(t, connect.NewClient(nil), "")
	c.Template = "welcome"
	for region, want := range map[string]string{"": "default", "us-gov-west-1": "us-gov-west-1", "ap-southeast-2": "ap-southeast-2"} {
		c.Region = region
		connector := made(t, c)
		if got := connector.(enrich.Dependent).Dependency(); got != want || enrich.ClassOf(connector) != enrich.Unsafe {
			t.Errorf("the dependency is %q, the class %v", got, enrich.ClassOf(connector))
		}
	}
}
