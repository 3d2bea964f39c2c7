package sqlstep_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	sqlstep "github.com/postconfirm/postconfirm/enrich/connect/sql"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func template(t testing.TB, source string) *expr.Template {
	t.Helper()
	env, err := expr.NewEnv(enrich.Roots()...)
	if err != nil {
		t.Fatal(err)
	}
	made, err := env.Template(source)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func templates(t testing.TB, sources ...string) []*expr.Template {
	t.Helper()
	var all []*expr.Template
	for _, source := range sources {
		all = append(all, template(t, source))
	}
	return all
}

// config is a step that is fine; fill changes it.
func config(t testing.TB, client *connect.Client, driver, query string, args ...string) *sqlstep.Config {
	t.Helper()
	c := sqlstep.Kind(client).Config().(*sqlstep.Config)
	c.Driver, c.DSN, c.Query, c.Args = driver, template(t, "${{ secrets.DATABASE }}"), query, templates(t, args...)
	return c
}

func made(t testing.TB, c *sqlstep.Config) enrich.Connector {
	t.Helper()
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	return enrichtest.Listed(t, sqlstep.Kind(connect.NewClient(nil)).Page, connector)
}

func call(dsn string, user map[string]any) enrich.Call {
	return enrich.Call{EffectKey: "3f0c8a52", Vars: expr.Vars{"user": user, "secrets": map[string]any{"DATABASE": dsn}}}
}
