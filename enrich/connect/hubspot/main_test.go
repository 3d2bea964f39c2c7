package hubspot_test

import (
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vars has a canary in every place that personal values and secrets come from.
func vars() expr.Vars {
	return expr.Vars{
		"user":    map[string]any{"email": "canary.mail@example.com", "given_name": "Canary Née", "n": int64(3), "sub": "5b1c"},
		"run":     map[string]any{"key": "r", "metadata": map[string]any{"plan": "canary/plan"}},
		"secrets": map[string]any{"TOKEN": "canary-token-1"},
	}
}

// run makes one call to a vendor with this script.
func run(t *testing.T, values expr.Vars, fill func(*hubspot.Config), script ...pretend.Answer) (result enrich.Result, seen []pretend.Request, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(script...)
		defer vendor.Close()
		c := config(t, connect.NewClient(&connect.Options{Transport: vendor}))
		fill(c)
		result, err = made(t, c).Run(t.Context(), enrich.Call{EffectKey: "effect-1", Vars: values})
		seen = vendor.Seen()
	})
	return result, seen, err
}

// config is the smallest block that works.
func config(t testing.TB, client *connect.Client) *hubspot.Config {
	t.Helper()
	c := hubspot.Kind(client).Config().(*hubspot.Config)
	c.Token, c.Email = template(t, "${{ secrets.TOKEN }}"), template(t, "${{ user.email }}")
	return c
}

func asIs(*hubspot.Config) {}

func lookup(c *hubspot.Config) { c.Action = hubspot.Lookup }

func made(t testing.TB, c *hubspot.Config) enrich.Connector {
	t.Helper()
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	return enrichtest.Listed(t, hubspot.Kind(connect.NewClient(nil)).Page, connector)
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
