package httpstep_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vars has a canary in every place that personal values and secrets come from.
func vars() expr.Vars {
	return expr.Vars{
		"user": map[string]any{"email": "canary.mail@example.com", "given_name": "Canary Née", "email_domain": "canary-domain.example",
			"sub": "5b1c"},
		"run":     map[string]any{"key": "r", "metadata": map[string]any{"plan": "canary/plan"}},
		"secrets": map[string]any{"TOKEN": "canary-token-1", "USER": "canary-user", "PASSWORD": "canary-password", "KEY": "canary-key-2"},
	}
}

// form is one way to use the connector: what the suite must know of it, and the block of the file.
type form struct {
	harness enrichtest.Harness
	fill    func(*testing.T, *httpstep.Config)
}

func TestConformance(t *testing.T) {
	for name, f := range map[string]form{
		"a GET that reads":               reading(),
		"a POST with a key":              keyed(),
		"a POST without a key":           unsafe(),
		"a POST with a key and no body":  bare(),
		"a PUT that looks at no answer":  unread(),
		"a DELETE":                       deleting(),
		"a GET with tokens":              withTokens(),
		"a GET that is remembered":       remembered(),
		"a form with a key in the query": posted(),
	} {
		t.Run(name, func(t *testing.T) {
			f.harness.Vars = vars()
			f.harness.New = func(t *testing.T, base string, client *connect.Client) enrich.Connector {
				c := httpstep.Kind(client).Config().(*httpstep.Config)
				c.URL = template(t, base)
				f.fill(t, c)
				return made(t, c)
			}
			enrichtest.Run(t, f.harness)
		})
	}
}

const company = `{"company":{"legal_name":"ACME","staff":12},"people":[{"id":"7"}]}`

// body is company as a result has it.
func body() map[string]any {
	return map[string]any{"company": map[string]any{"legal_name": "ACME", "staff": int64(12)}, "people": []any{map[string]any{"id": "7"}}}
}

// asks puts canaries into the path, the query and a token.
func asks(t *testing.T, c *httpstep.Config) {
	c.URL = template(t, c.URL.Source()+"/v2/companies/${{ default(user.email_domain, '') }}/x-${{ default(run.metadata.plan, '') }}")
	c.Query = templates(t, map[string]string{"mail": "${{ user.email }}"})
	c.Bearer = template(t, "${{ secrets.TOKEN }}")
	c.Outputs = templates(t, map[string]string{"name": "company.legal_name", "first": "people.0.id", "none": "company.x.y"})
}

func asked() []string {
	return []string{"canary.mail@example.com", "canary-domain.example", "canary/plan", "canary-token-1"}
}

// tells puts canaries into the body, a user with a password, and a key.
func tells(t *testing.T, c *httpstep.Config) {
	c.URL = template(t, c.URL.Source()+"/contacts")
	c.JSON = expr.Map([]string{"email", "name"}, map[string]*expr.Tree{
		"email": expr.Leaf(template(t, "${{ user.email }}")), "name": expr.Leaf(template(t, "${{ user.given_name }}"))})
	c.User, c.Password = template(t, "${{ secrets.USER }}"), template(t, "${{ secrets.PASSWORD }}")
	c.AuthHeader, c.AuthValue = "X-Api-Key", template(t, "${{ secrets.KEY }}")
}

func told() []string {
	return []string{"canary.mail@example.com", "Canary Née", "canary-user", "canary-password", "canary-key-2"}
}

func reading() form {
	notFound := pretend.JSON(404, `{"message":"no such company"}`)
	return form{enrichtest.Harness{
		Canaries: asked(), Found: pretend.JSON(200, company), NotFound: &notFound,
		Want:     enrich.Result{"status": int64(200), "body": body(), "name": "ACME", "first": "7", "none": nil},
		Statuses: map[int]enrichtest.Reading{404: {Kind: enrich.NotFound, Refused: true}},
	}, func(t *testing.T, c *httpstep.Config) {
		asks(t, c)
		c.NotFound = []int{404}
	}}
}

func keyed() form {
	return form{enrichtest.Harness{
		Canaries: told(), Found: pretend.JSON(200, company), Want: enrich.Result{"status": int64(200), "body": body()},
		Key: func(r pretend.Request) string { return r.Header.Get("Idempotency-Key") },
	}, func(t *testing.T, c *httpstep.Config) {
		tells(t, c)
		c.Method, c.Key = http.MethodPost, "Idempotency-Key"
	}}
}

func unsafe() form {
	return form{enrichtest.Harness{
		Canaries: told(), Found: pretend.JSON(201, ""), Want: enrich.Result{"status": int64(201), "body": nil},
	}, func(t *testing.T, c *httpstep.Config) {
		tells(t, c)
		c.Method = http.MethodPost
	}}
}

func bare() form {
	return form{enrichtest.Harness{
		Canaries: []string{"canary-token-1"}, Found: pretend.JSON(204, ""), Want: enrich.Result{"status": int64(204), "body": nil},
		Key: func(r pretend.Request) string { return r.Header.Get("X-Request-Id") },
	}, func(t *testing.T, c *httpstep.Config) {
		c.Method, c.Key = http.MethodPost, "X-Request-Id"
		c.Bearer = template(t, "${{ secrets.TOKEN }}")
	}}
}

func unread() form {
	return form{enrichtest.Harness{
		Canaries: told(), Found: pretend.Reply(202, nil, "ok"), Want: enrich.Result{"status": int64(202), "body": nil}, Opaque: true,
	}, func(t *testing.T, c *httpstep.Config) {
		tells(t, c)
		c.Method, c.Answer = http.MethodPut, "none"
	}}
}

func deleting() form {
	return form{enrichtest.Harness{
		Canaries: asked(), Found: pretend.Reply(204, nil, ""),
		Want: enrich.Result{"status": int64(204), "body": nil, "name": nil, "first": nil, "none": nil},
	}, func(t *testing.T, c *httpstep.Config) {
		asks(t, c)
		c.Method = http.MethodDelete
	}}
}

func withTokens() form {
	f := reading()
	fill := f.fill
	f.harness.Canaries = []string{"canary.mail@example.com", "canary-user", "canary-password", "canary-access-0"}
	f.harness.Statuses[202] = enrichtest.Reading{Kind: enrich.Throttled, Refused: true}
	f.harness.Tokens = &enrichtest.Tokens{
		Is: func(r pretend.Request) bool { return r.Target == "/token" },
		Grant: func(token string) pretend.Answer {
			return pretend.JSON(200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":36000}`, token))
		},
	}
	f.fill = func(t *testing.T, c *httpstep.Config) {
		base := c.URL.Source()
		fill(t, c)
		tokens(t, c)
		c.Bearer, c.TokenURL, c.Pending = nil, base+"/token", []int{202}
	}
	return f
}

func remembered() form {
	f := reading()
	fill := f.fill
	f.fill = func(t *testing.T, c *httpstep.Config) {
		fill(t, c)
		c.Cache = time.Hour
	}
	return f
}

func posted() form {
	return form{enrichtest.Harness{
		Canaries: []string{"canary.mail@example.com", "Canary Née", "canary-key-2"}, Found: pretend.JSON(200, company),
		Want: enrich.Result{"status": int64(200), "body": body()},
		Key:  func(r pretend.Request) string { return r.Header.Get("Idempotency-Key") },
	}, func(t *testing.T, c *httpstep.Config) {
		c.Method, c.Key, c.ClientAuth = http.MethodPost, "Idempotency-Key", "body"
		c.Headers = templates(t, map[string]string{"X-Mail": "${{ user.email }}"})
		c.Form = templates(t, map[string]string{"name": "${{ user.given_name }}", "nothing": "${{ user.nothing }}"})
		c.AuthQuery, c.AuthValue = "api_key", template(t, "${{ secrets.KEY }}")
	}}
}

func made(t testing.TB, c *httpstep.Config) enrich.Connector {
	t.Helper()
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	return enrichtest.Listed(t, httpstep.Kind(connect.NewClient(nil)).Page, connector)
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
