package salesforce_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/salesforce"
)

func TestMistakesInTheBlock(t *testing.T) {
	for name, test := range map[string]struct {
		field  string
		change func(*salesforce.Config)
	}{
		"no login":                 {"login", func(c *salesforce.Config) { c.Login = "" }},
		"a login without https":    {"login", func(c *salesforce.Config) { c.Login = "http://acme.my.salesforce.com" }},
		"a login with a path":      {"login", func(c *salesforce.Config) { c.Login = "https://acme.my.salesforce.com/services" }},
		"a login with a query":     {"login", func(c *salesforce.Config) { c.Login = "https://acme.my.salesforce.com?a" }},
		"a login with a password":  {"login", func(c *salesforce.Config) { c.Login = "https://u:hunter2@acme.my.salesforce.com" }},
		"a login of a user":        {"login", func(c *salesforce.Config) { c.Login = "https://${{user.sub}}.my.salesforce.com" }},
		"a login inside":           {"login", func(c *salesforce.Config) { c.Login = "https://10.0.0.1" }},
		"no secret":                {"client-secret", func(c *salesforce.Config) { c.Secret = nil }},
		"two secrets":              {"client-secret", func(c *salesforce.Config) { c.PrivateKey, c.Username = c.Secret, c.Secret }},
		"a key without a user":     {"username", func(c *salesforce.Config) { c.PrivateKey, c.Secret = c.Secret, nil }},
		"a user without a key":     {"username", func(c *salesforce.Config) { c.Username = c.Secret }},
		"no id":                    {"client-id", func(c *salesforce.Config) { c.ClientID = nil }},
		"an audience that is none": {"audience", func(c *salesforce.Config) { c.Audience = "salesforce" }},
		"an object of a user":      {"object", func(c *salesforce.Config) { c.Object = "${{ user.sub }}" }},
		"an object with a path":    {"object", func(c *salesforce.Config) { c.Object = "Contact/x" }},
		"a field with a path":      {"external-id", func(c *salesforce.Config) { c.External = "../x" }},
		"an old version":           {"version", func(c *salesforce.Config) { c.Version = "45.0" }},
		"a version that is none":   {"version", func(c *salesforce.Config) { c.Version = "v62" }},
		"any host":                 {"instances", func(c *salesforce.Config) { c.Instances = []string{"*.example.com"} }},
		"a host with a scheme":     {"instances", func(c *salesforce.Config) { c.Instances = []string{"https://crm.example.com"} }},
		"no value":                 {"value", func(c *salesforce.Config) { c.Value = nil }},
		"no fields":                {"fields", func(c *salesforce.Config) { c.Fields = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, "https://acme.my.salesforce.com", connect.NewClient(nil))
			test.change(c)
			_, err := c.Connector()
			var field *enrich.FieldError
			if !errors.As(err, &field) || field.Field != test.field || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want a mistake at %s", err, test.field)
			}
		})
	}
	c := config(t, "https://acme.my.salesforce.com/", connect.NewClient(nil))
	s := made(t, c)
	if enrich.ClassOf(s) != enrich.Idempotent || s.(enrich.Dependent).Dependency() != "acme.my.salesforce.com" {
		t.Errorf("class %v, dependency %q", enrich.ClassOf(s), s.(enrich.Dependent).Dependency())
	}
}
