package hubspot_test

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

func TestMistakesAreNamed(t *testing.T) {
	for _, test := range []struct {
		name, field, says string
		fill              func(*hubspot.Config)
	}{
		{"an action that is none", "action", "upsert or lookup", func(c *hubspot.Config) { c.Action = "create" }},
		{"no token", "token", "missing", func(c *hubspot.Config) { c.Token = nil }},
		{"no address", "email", "missing", func(c *hubspot.Config) { c.Email = nil }},
		{"an upsert that fetches", "fetch", "action: lookup", func(c *hubspot.Config) { c.Fetch = []string{"plan"} }},
		{"a lookup that writes", "properties", "fetch", func(c *hubspot.Config) {
			c.Action, c.Properties = hubspot.Lookup, templates(t, map[string]string{"plan": "x"})
		}},
		{"a name in capitals", "properties.FirstName", "write firstname", func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"FirstName": "x"}) }},
		{"a label", "properties.First name", "internal name", func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"First name": "x"}) }},
		{"a name that begins with a digit", "properties.1st", "begin with a letter", func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"1st": "x"}) }},
		{"a name longer than any", "properties." + strings.Repeat("a", 101), "internal name", func(c *hubspot.Config) {
			c.Properties = templates(t, map[string]string{strings.Repeat("a", 101): "x"})
		}},
		{"the address as a property", "properties.email", "into email", func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"email": "x"}) }},
		{"a property without a value", "properties.plan", "missing", func(c *hubspot.Config) { c.Properties = templates(t, nil); c.Properties["plan"] = nil }},
		{"a label in fetch", "fetch", "First name: ", func(c *hubspot.Config) { c.Action, c.Fetch = hubspot.Lookup, []string{"First name"} }},
		{"a property fetched twice", "fetch", "twice", func(c *hubspot.Config) { c.Action, c.Fetch = hubspot.Lookup, []string{"plan", "plan"} }},
		{"a version of long ago", "version", "write 2026-09", func(c *hubspot.Config) { c.Version = "v1" }},
		{"a month without a version", "version", "March or September", func(c *hubspot.Config) { c.Version = "2026-10" }},
		{"a date before the first version", "version", "2025-09", func(c *hubspot.Config) { c.Version = "2025-03" }},
		{"a version that is a path", "version", "no version", func(c *hubspot.Config) { c.Version = "2026-09/../x" }},
		{"an expression in the base URL", "base-url", "plain text", func(c *hubspot.Config) { c.BaseURL = "https://${{ user.x }}/" }},
		{"a base URL that is none", "base-url", "no URL", func(c *hubspot.Config) { c.BaseURL = "https://a b" }},
		{"a base URL without a host", "base-url", "host", func(c *hubspot.Config) { c.BaseURL = "api.hubapi.com" }},
		{"a base URL in another script", "base-url", "ASCII", func(c *hubspot.Config) { c.BaseURL = "https://hübspot.example" }},
		{"a base URL with a path", "base-url", "scheme and host only", func(c *hubspot.Config) { c.BaseURL = "https://api.hubapi.com/crm" }},
		{"a base URL with a query", "base-url", "scheme and host only", func(c *hubspot.Config) { c.BaseURL = "https://api.hubapi.com?x=1" }},
		{"a base URL with a password", "base-url", "password", func(c *hubspot.Config) { c.BaseURL = "https://a:b@api.hubapi.com" }},
		{"plain http", "base-url", "https://", func(c *hubspot.Config) { c.BaseURL = "http://api.hubapi.com" }},
		{"another scheme", "base-url", "https://", func(c *hubspot.Config) { c.BaseURL = "ftp://api.hubapi.com" }},
		{"the metadata service", "base-url", "private address", func(c *hubspot.Config) { c.BaseURL = "https://169.254.169.254" }},
		{"this machine", "base-url", "private address", func(c *hubspot.Config) { c.BaseURL = "http://localhost:8080" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, connect.NewClient(nil))
			test.fill(c)
			_, err := c.Connector()
			var one *enrich.FieldError
			if !errors.As(err, &one) || one.Field != test.field || !strings.Contains(one.Message, test.says) {
				t.Errorf("got %v, want one of %s that says %q", err, test.field, test.says)
			}
		})
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	c := hubspot.Kind(connect.NewClient(nil)).Config().(*hubspot.Config)
	c.Action, c.Version = "x", "x"
	_, err := c.Connector()
	if got := strings.Count(err.Error(), "\n") + 1; got != 4 {
		t.Errorf("%d mistakes, want 4:\n%v", got, err)
	}
}

func TestWhatADeploymentAllowsAPipelineMayUse(t *testing.T) {
	for base, o := range map[string]*connect.Options{
		"http://127.0.0.1:8080":   {AllowLoopback: true},
		"https://10.1.2.3":        {AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		"https://api.hubapi.com/": nil,
	} {
		c := config(t, connect.NewClient(o))
		c.BaseURL = base
		made(t, c)
	}
}

func TestTheExamplePipelineIsFree(t *testing.T) {
	data, err := os.ReadFile("testdata/pipeline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kinds := []enrich.Kind{hubspot.Kind(connect.NewClient(nil))}
	warnings, err := pipefile.Lint("pipeline.yaml", data, &pipefile.Options{Kinds: kinds})
	if err != nil || len(warnings) > 0 {
		t.Errorf("warnings %v, mistakes %v", warnings, err)
	}
	for was, is := range map[string]string{
		"version: 2026-09":          "version: 2026-9",
		"firstname: ${{":            "Firstname: ${{",
		"${{ secrets.HUBSPOT_TOKEN": "${{ secrets.hubspot.token",
		"action: lookup":            "action: upsert",
		"fetch: [":                  "fetched: [",
	} {
		broken := strings.Replace(string(data), was, is, 1)
		if _, err := pipefile.Lint("pipeline.yaml", []byte(broken), &pipefile.Options{Kinds: kinds}); err == nil || broken == string(data) {
			t.Errorf("%q instead of %q is no mistake", is, was)
		}
	}
}

func TestTheFileFillsInTheDefaults(t *testing.T) {
	const file = "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n  - id: contact\n    uses: hubspot\n    with: { token: \"${{ secrets.T }}\" }\n    needs: [attributes]\nattributes: {}\n"
	var seen []*hubspot.Config
	kind := hubspot.Kind(connect.NewClient(nil))
	inner := kind.Config
	kind.Config = func() enrich.Config {
		c := inner().(*hubspot.Config)
		seen = append(seen, c)
		return c
	}
	if _, err := pipefile.Parse("p.yaml", []byte(file), &pipefile.Options{Kinds: []enrich.Kind{kind}}); err != nil {
		t.Fatal(err)
	}
	got := seen[len(seen)-1]
	if got.Version != hubspot.DefaultVersion || got.BaseURL != hubspot.DefaultBaseURL || got.Action != hubspot.Upsert || !slices.Equal(paths(got), []string{"user.email"}) {
		t.Errorf("%+v", got)
	}
}

func paths(c *hubspot.Config) []string {
	all := []string{}
	for _, p := range c.Email.Paths() {
		all = append(all, strings.Join(p, "."))
	}
	return all
}
