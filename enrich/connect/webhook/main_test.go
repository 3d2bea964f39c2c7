package webhook_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secretOf is a signing secret of that many bytes.
func secretOf(size int, letter string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, size)))
}

// vars has a canary in every place that personal values and secrets come from.
func vars() expr.Vars {
	return expr.Vars{
		"user":    map[string]any{"email": "canary.mail@example.com", "given_name": "Canary Née", "sub": "canary-sub"},
		"run":     map[string]any{"key": "r", "metadata": map[string]any{"plan": "canary/plan"}},
		"secrets": map[string]any{"NEW": secretOf(32, "n"), "OLD": secretOf(24, "o"), "NONE": ""},
	}
}

// config is the smallest block that works.
func config(t testing.TB, client *connect.Client) *webhook.Config {
	t.Helper()
	c := webhook.Kind(client).Config().(*webhook.Config)
	c.URL, c.Secret = "https://hooks.example.com/users?v=1", template(t, "${{ secrets.NEW }}")
	c.JSON = tree(t, map[string]string{"email": "${{ user.email }}", "name": "${{ user.given_name }}"})
	return c
}

// event makes the block one of a CloudEvent.
func event(t testing.TB) func(*webhook.Config) {
	return func(c *webhook.Config) {
		c.Format, c.Type, c.Source = webhook.CloudEvents, "com.example.user.confirmed", "https://example.com/sign-up"
		c.Subject = template(t, "${{ user.sub }}")
	}
}

// receiver is a connector and the vendor behind it, in a bubble.
type receiver struct {
	*pretend.Vendor
	connector enrich.Connector
}

func in(t *testing.T, fill func(*webhook.Config), test func(*testing.T, *receiver), script ...pretend.Answer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(script...)
		defer vendor.Close()
		c := config(t, connect.NewClient(&connect.Options{Transport: vendor}))
		fill(c)
		test(t, &receiver{vendor, made(t, c)})
	})
}

func (r *receiver) run(t *testing.T, values expr.Vars) (enrich.Result, error) {
	return r.connector.Run(t.Context(), enrich.Call{EffectKey: "effect-1", Vars: values})
}

func asIs(*webhook.Config) {}

func made(t testing.TB, c *webhook.Config) enrich.Connector {
	t.Helper()
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	return enrichtest.Listed(t, webhook.Kind(connect.NewClient(nil)).Page, connector)
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

// tree is a map of texts.
func tree(t testing.TB, sources map[string]string) *expr.Tree {
	t.Helper()
	keys, items := []string{}, map[string]*expr.Tree{}
	for key, source := range sources {
		keys = append(keys, key)
		items[key] = expr.Leaf(template(t, source))
	}
	return expr.Map(keys, items)
}
