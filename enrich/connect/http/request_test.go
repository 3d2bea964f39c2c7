package httpstep_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// run makes one call to a vendor in memory, with the block as fill leaves it.
func run(t *testing.T, answer pretend.Answer, vars expr.Vars, fill func(*httpstep.Config)) (result enrich.Result, seen []pretend.Request, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		vendor := pretend.New(answer)
		defer vendor.Close()
		client := connect.NewClient(&connect.Options{Transport: vendor})
		c := httpstep.Kind(client).Config().(*httpstep.Config)
		c.URL = template(t, "https://api.example.com/v1?fixed=1")
		fill(c)
		result, err = made(t, c).Run(t.Context(), enrich.Call{EffectKey: "effect-1", Vars: vars})
		seen = vendor.Seen()
	})
	return result, seen, err
}

func TestTheRequestIsWhatTheFileSays(t *testing.T) {
	vars := expr.Vars{
		"user":    map[string]any{"email": "a+b@example.com", "name": "Zoë & <Co>", "n": int64(3), "f": 0.5, "yes": true},
		"run":     map[string]any{"age": 90 * time.Minute, "at": time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		"secrets": map[string]any{"T": "tok", "U": "me", "P": "p:w"},
	}
	_, seen, err := run(t, pretend.JSON(200, "{}"), vars, func(c *httpstep.Config) {
		c.Method, c.Key = "POST", "Idempotency-Key"
		c.Query = templates(t, map[string]string{"mail": "${{ user.email }}", "none": "${{ user.nope }}", "empty": "", "n": "${{ user.n }}", "o": "a&b=c"})
		c.Headers = templates(t, map[string]string{"X-Plan": "p-${{ default(user.n, 0) }}", "X-None": "${{ user.nope }}", "accept": "application/vnd.x+json"})
		c.AuthHeader, c.AuthValue = "x-api-key", template(t, "${{ secrets.T }}")
		c.User, c.Password = template(t, "${{ secrets.U }}"), template(t, "${{ secrets.P }}")
		c.JSON = expr.Map([]string{"name", "none", "n", "f", "yes", "age", "at", "list", "null"}, map[string]*expr.Tree{
			"name": expr.Leaf(template(t, "${{ user.name }}")), "none": expr.Leaf(template(t, "${{ user.nope }}")),
			"n": expr.Leaf(template(t, "${{ user.n }}")), "f": expr.Leaf(template(t, "${{ user.f }}")), "yes": expr.Leaf(template(t, "${{ user.yes }}")),
			"age": expr.Leaf(template(t, "${{ run.age }}")), "at": expr.Leaf(template(t, "${{ run.at }}")),
			"list": expr.List([]*expr.Tree{expr.Constant(int64(1)), expr.Leaf(template(t, "${{ run.age }}"))}), "null": expr.Constant(nil)})
	})
	if err != nil {
		t.Fatal(err)
	}
	got := seen[0]
	if want := "/v1?fixed=1&empty=&mail=a%2Bb%40example.com&n=3&o=a%26b%3Dc"; got.Target != want {
		t.Errorf("the target is %s, want %s", got.Target, want)
	}
	if want := `{"age":"1h30m0s","at":"2026-03-01T12:00:00Z","f":0.5,"list":[1,"1h30m0s"],"n":3,"name":"Zoë & <Co>","yes":true}`; string(got.Body) != want {
		t.Errorf("the body is %s, want %s", got.Body, want)
	}
	headers := map[string]string{"X-Plan": "p-3", "Accept": "application/vnd.x+json", "Content-Type": "application/json", "X-Api-Key": "tok",
		"Authorization": "Basic bWU6cDp3", "Idempotency-Key": "effect-1", "X-None": ""}
	for name, want := range headers {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestAGETAsksForJSONAndNothingElse(t *testing.T) {
	_, seen, err := run(t, pretend.JSON(200, "{}"), nil, func(c *httpstep.Config) { c.Bearer = template(t, "x") })
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for name := range seen[0].Header {
		names = append(names, name)
	}
	want := map[string]bool{"Accept": true, "Accept-Encoding": true, "Authorization": true, "User-Agent": true}
	if len(names) != len(want) || seen[0].Method != "GET" || seen[0].Target != "/v1?fixed=1" {
		t.Errorf("%s %s with %v", seen[0].Method, seen[0].Target, names)
	}
}

func TestValuesThatFitNowhereStayHere(t *testing.T) {
	const canary = "canary"
	user := func(value any) expr.Vars { return expr.Vars{"user": map[string]any{"x": value}} }
	list := []any{canary}
	for _, test := range []struct {
		name, code string
		vars       expr.Vars
		fill       func(*httpstep.Config)
	}{
		{"a line end in a header", connect.CodeBadHeader, user(canary + "\r\nX-Evil: 1"), func(c *httpstep.Config) { c.Headers = templates(t, map[string]string{"X": "${{ user.x }}"}) }},
		{"another script in a header", connect.CodeBadHeader, user(canary + "é"), func(c *httpstep.Config) { c.Headers = templates(t, map[string]string{"X": "${{ user.x }}"}) }},
		{"12 KiB in a header", connect.CodeBadHeader, user(strings.Repeat(canary, 2000)), func(c *httpstep.Config) { c.Headers = templates(t, map[string]string{"X": "${{ user.x }}"}) }},
		{"a line end in a token", connect.CodeBadHeader, user(canary + "\n"), func(c *httpstep.Config) { c.Bearer = template(t, "${{ user.x }}") }},
		{"a line end in a key", connect.CodeBadHeader, user(canary + "\n"), func(c *httpstep.Config) { c.AuthHeader, c.AuthValue = "X", template(t, "${{ user.x }}") }},
		{"a list in a header", httpstep.CodeBadValue, user(list), func(c *httpstep.Config) { c.Headers = templates(t, map[string]string{"X": "${{ user.x }}"}) }},
		{"a list in the query", httpstep.CodeBadValue, user(list), func(c *httpstep.Config) { c.Query = templates(t, map[string]string{"x": "${{ user.x }}"}) }},
		{"a list in the path", connect.CodeBadURL, user(list), func(c *httpstep.Config) { c.URL = template(t, "https://h.example/${{ default(user.x, '') }}") }},
		{"a list as a token", httpstep.CodeBadValue, user(list), func(c *httpstep.Config) { c.Bearer = template(t, "${{ user.x }}") }},
		{"an expression that fails", httpstep.CodeBadValue, user(canary), func(c *httpstep.Config) { c.Query = templates(t, map[string]string{"x": "${{ user.x - 1 }}"}) }},
		{"an expression in the body that fails", httpstep.CodeBadValue, user(canary), func(c *httpstep.Config) {
			c.Method, c.JSON = "PUT", expr.Leaf(template(t, "${{ user.x - 1 }}"))
		}},
		{"a number that JSON does not know", httpstep.CodeBadValue, user(0.0), func(c *httpstep.Config) {
			c.Method, c.JSON = "PUT", expr.Leaf(template(t, "${{ user.x / 0.0 }}"))
		}},
		{"no token", httpstep.CodeNoCredential, user(nil), func(c *httpstep.Config) { c.Bearer = template(t, "${{ user.x }}") }},
		{"an empty token", httpstep.CodeNoCredential, user(""), func(c *httpstep.Config) { c.Bearer = template(t, "${{ user.x }}") }},
		{"an empty key", httpstep.CodeNoCredential, user(""), func(c *httpstep.Config) { c.AuthHeader, c.AuthValue = "X", template(t, "${{ user.x }}") }},
		{"an empty user", httpstep.CodeNoCredential, user(""), func(c *httpstep.Config) { c.User, c.Password = template(t, "${{ user.x }}"), template(t, "p") }},
		{"an empty password", httpstep.CodeNoCredential, user(""), func(c *httpstep.Config) { c.User, c.Password = template(t, "u"), template(t, "${{ user.x }}") }},
		{"a user with a colon", httpstep.CodeBadValue, user("a:canary"), func(c *httpstep.Config) { c.User, c.Password = template(t, "${{ user.x }}"), template(t, "p") }},
		{"an empty value in the path", connect.CodeBadURL, user(""), func(c *httpstep.Config) { c.URL = template(t, "https://h.example/a${{ default(user.x, '') }}b") }},
		{"a missing value in the path", connect.CodeBadURL, user(nil), func(c *httpstep.Config) { c.URL = template(t, "https://h.example/${{ default(user.x, '') }}/b") }},
		{"a path longer than any", connect.CodeBadURL, user(strings.Repeat(canary, 2000)), func(c *httpstep.Config) { c.URL = template(t, "https://h.example/${{ default(user.x, '') }}") }},
		{"a query longer than any", connect.CodeBadURL, user(strings.Repeat(canary, 2000)), func(c *httpstep.Config) { c.Query = templates(t, map[string]string{"x": "${{ user.x }}"}) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, seen, err := run(t, pretend.JSON(200, "{}"), test.vars, test.fill)
			var e *enrich.Error
			if !errors.As(err, &e) || e.Code != test.code || e.Kind != enrich.Permanent || e.Sent {
				t.Errorf("got %v, want %s, permanent, not sent", err, test.code)
			}
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("the error shows the value: %v", err)
			}
			if len(seen) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestABodyLongerThanTheLimitStaysHere(t *testing.T) {
	items := make([]*expr.Tree, 100)
	for i := range items {
		items[i] = expr.Leaf(template(t, "${{ user.x }}"))
	}
	_, seen, err := run(t, pretend.JSON(200, "{}"), expr.Vars{"user": map[string]any{"x": strings.Repeat("a", 15<<10)}}, func(c *httpstep.Config) {
		c.Method, c.JSON = "PUT", expr.List(items)
	})
	var e *enrich.Error
	if !errors.As(err, &e) || e.Code != httpstep.CodeTooLarge || e.Sent || len(seen) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestTheAnswerBecomesTheResult(t *testing.T) {
	outputs := map[string]string{"name": "company.name", "first": "results.0.id", "beyond": "results.1.id", "minus": "results.-1.id",
		"deep": "company.name.x", "key": "by.0", "all": "company"}
	company := map[string]any{"name": "ACME"}
	for _, test := range []struct {
		name   string
		answer pretend.Answer
		want   enrich.Result
	}{
		{"an object", pretend.JSON(200, `{"company":{"name":"ACME"},"results":[{"id":7}],"by":{"0":"zero"}}`), enrich.Result{
			"status": int64(200), "body": map[string]any{"company": company, "results": []any{map[string]any{"id": int64(7)}}, "by": map[string]any{"0": "zero"}},
			"name": "ACME", "first": int64(7), "beyond": nil, "minus": nil, "deep": nil, "key": "zero", "all": company}},
		{"a number", pretend.JSON(201, "5"), enrich.Result{"status": int64(201), "body": int64(5),
			"name": nil, "first": nil, "beyond": nil, "minus": nil, "deep": nil, "key": nil, "all": nil}},
		{"nothing", pretend.Reply(204, nil, ""), enrich.Result{"status": int64(204), "body": nil,
			"name": nil, "first": nil, "beyond": nil, "minus": nil, "deep": nil, "key": nil, "all": nil}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := run(t, test.answer, nil, func(c *httpstep.Config) { c.Outputs = templates(t, outputs) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotFoundIsWhatTheFileSaysItIs(t *testing.T) {
	for _, test := range []struct {
		status   int
		notFound []int
		want     enrich.FailureKind
	}{
		{404, []int{404}, enrich.NotFound}, {404, nil, enrich.Permanent}, {410, []int{404, 410}, enrich.NotFound},
		{204, []int{204}, enrich.NotFound}, {410, []int{404}, enrich.Permanent},
	} {
		result, _, err := run(t, pretend.JSON(test.status, ""), nil, func(c *httpstep.Config) { c.NotFound = test.notFound })
		if result != nil || enrich.Failure(err).Kind != test.want {
			t.Errorf("%d with %v: got %v, %v", test.status, test.notFound, result, err)
		}
	}
}

func TestAHEADHasAStatusOnly(t *testing.T) {
	got, seen, err := run(t, pretend.JSON(200, `{"a":1}`), nil, func(c *httpstep.Config) { c.Method = "HEAD" })
	if err != nil || seen[0].Method != "HEAD" {
		t.Fatal(err)
	}
	if diff := cmp.Diff(enrich.Result{"status": int64(200), "body": nil}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALowerLimitIsTheFilesToSet(t *testing.T) {
	_, _, err := run(t, pretend.JSON(200, `"12345678"`), nil, func(c *httpstep.Config) { c.MaxBody = 9 })
	if e := enrich.Failure(err); e.Code != connect.CodeBodyTooLarge {
		t.Errorf("got %v", err)
	}
}

func TestWhatMustNotBeRepeatedHasAConnectionOfItsOwn(t *testing.T) {
	for key, want := range map[string]int{"": 2, "Idempotency-Key": 1} {
		synctest.Test(t, func(t *testing.T) {
			vendor := pretend.New()
			defer vendor.Close()
			client := connect.NewClient(&connect.Options{Dial: vendor.Dial})
			defer client.Close()
			c := httpstep.Kind(client).Config().(*httpstep.Config)
			c.URL, c.Method, c.Key, c.JSON = template(t, "http://h.example/"), "POST", key, expr.Constant(true)
			c.AllowHTTP = true
			connector := made(t, c)
			for range 2 {
				if _, err := connector.Run(t.Context(), enrich.Call{EffectKey: "e"}); err != nil {
					t.Fatal(err)
				}
			}
			if got := len(vendor.Dialed()); got != want {
				t.Errorf("with key %q: %d connections for two calls, want %d", key, got, want)
			}
		})
	}
}

func TestACancelledCallIsNotAMistakeOfTheValues(t *testing.T) {
	connector := made(t, config(t, "https://api.example.com/${{ run.sub }}"))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, stop := context.WithTimeout(t.Context(), -1)
	defer stop()
	for code, ctx := range map[string]context.Context{connect.CodeCanceled: canceled, connect.CodeTimeout: expired} {
		_, err := connector.Run(ctx, enrich.Call{})
		if e := enrich.Failure(err); e.Code != code || e.Kind != enrich.Temporary || e.Sent || !errors.Is(err, ctx.Err()) {
			t.Errorf("got %+v, want %s", e, code)
		}
	}
}
