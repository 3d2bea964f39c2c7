package webhook_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/webhook"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// compiled is our schema of a CloudEvent.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	const schema = "cloudevent.schema.json"
	file, err := os.Open("testdata/" + schema)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(schema, document); err != nil {
		t.Fatal(err)
	}
	made, err := compiler.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func valid(t testing.TB, schema *jsonschema.Schema, body []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v", body, err)
	}
}

func TestTheBodyIsWhatTheFileSays(t *testing.T) {
	values := vars()
	values["run"].(map[string]any)["age"] = 90 * time.Minute
	values["run"].(map[string]any)["at"] = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	block := func(c *webhook.Config) {
		c.JSON = expr.Map([]string{"name", "none", "age", "list", "n"}, map[string]*expr.Tree{
			"name": expr.Leaf(template(t, "${{ default(user.given_name, '') }} & <Co>")), "none": expr.Leaf(template(t, "${{ user.nope }}")),
			"age": expr.Leaf(template(t, "${{ run.age }}")), "n": expr.Constant(int64(3)),
			"list": expr.List([]*expr.Tree{expr.Leaf(template(t, "${{ run.at }}")), expr.Constant(true)})})
	}
	const data = `{"age":"1h30m0s","list":["2026-03-01T12:00:00Z",true],"n":3,"name":"Canary Née & <Co>"}`
	for _, test := range []struct {
		name, contentType, body string
		fill                    func(*webhook.Config)
	}{
		{"plain", "application/json", data, block},
		{"plain, said so", "application/json", data, func(c *webhook.Config) { block(c); c.Format = webhook.JSON }},
		{"a CloudEvent", "application/cloudevents+json", `{"specversion":"1.0","id":"effect-1","source":"https://example.com/sign-up",` +
			`"type":"com.example.user.confirmed","subject":"canary-sub","time":"1999-12-31T22:30:00Z","datacontenttype":"application/json","data":` + data + `}`,
			func(c *webhook.Config) { block(c); event(t)(c) }},
		{"a CloudEvent without a subject", "application/cloudevents+json", `{"specversion":"1.0","id":"effect-1","source":"/sign-up",` +
			`"type":"t","time":"1999-12-31T22:30:00Z","datacontenttype":"application/json","data":null}`,
			func(c *webhook.Config) {
				c.Format, c.Type, c.Source, c.Subject = webhook.CloudEvents, "t", "/sign-up", template(t, "${{ user.nope }}")
				c.JSON = expr.Leaf(template(t, "${{ user.nope }}"))
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			in(t, test.fill, func(t *testing.T, r *receiver) {
				if _, err := r.run(t, values); err != nil {
					t.Fatal(err)
				}
				got := r.Seen()[0]
				if diff := cmp.Diff(test.body, string(got.Body)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got.Header.Get("Content-Type") != test.contentType {
					t.Errorf("the content type is %q", got.Header.Get("Content-Type"))
				}
				if test.contentType == "application/cloudevents+json" {
					valid(t, compiled(t), got.Body)
				}
			})
		})
	}
}

func TestTheTimeOfAnEventIsTheSameOnEveryTry(t *testing.T) {
	in(t, event(t), func(t *testing.T, r *receiver) {
		began := time.Now()
		for range 2 {
			values := vars()
			values["run"].(map[string]any)["age"] = time.Since(began)
			if _, err := r.run(t, values); err != nil {
				t.Fatal(err)
			}
			time.Sleep(7 * time.Hour)
		}
		if seen := r.Seen(); !bytes.Equal(seen[0].Body, seen[1].Body) {
			t.Errorf("%s and %s", seen[0].Body, seen[1].Body)
		}
	})
}

func TestValuesThatFitNowhereStayHere(t *testing.T) {
	const canary = "canary"
	user := func(value any) expr.Vars {
		v := vars()
		v["user"].(map[string]any)["x"] = value
		return v
	}
	subject := func(c *webhook.Config) { event(t)(c); c.Subject = template(t, "${{ user.x }}") }
	repeated := func(count int) func(*webhook.Config) {
		return func(c *webhook.Config) {
			items := make([]*expr.Tree, count)
			for i := range items {
				items[i] = expr.Leaf(template(t, "${{ user.x }}"))
			}
			c.JSON = expr.List(items)
		}
	}
	for _, test := range []struct {
		name, code string
		vars       expr.Vars
		fill       func(*webhook.Config)
	}{
		{"a list as a subject", webhook.CodeBadValue, user([]any{canary}), subject},
		{"a subject with a line end", webhook.CodeBadValue, user(canary + "\r\n"), subject},
		{"a subject with a control character", webhook.CodeBadValue, user(canary + "\u0085"), subject},
		{"a subject that is no UTF-8", webhook.CodeBadValue, user(canary + "\xff"), subject},
		{"a subject with what is no character", webhook.CodeBadValue, user(canary + "\U0001ffff"), subject},
		{"an expression that fails", webhook.CodeBadValue, user(canary), func(c *webhook.Config) { c.JSON = expr.Leaf(template(t, "${{ user.x - 1 }}")) }},
		{"a number that JSON does not know", webhook.CodeBadValue, user(0.0), func(c *webhook.Config) { c.JSON = expr.Leaf(template(t, "${{ user.x / 0.0 }}")) }},
		{"a secret that is a list", webhook.CodeBadValue, user([]any{canary}), func(c *webhook.Config) { c.Secret = template(t, "${{ user.x }}") }},
		{"a body one byte too long", webhook.CodeTooLarge, user(strings.Repeat("a", 10_237)), repeated(2)},
		{"data one byte too long", webhook.CodeTooLarge, user(strings.Repeat("a", 10_200)), func(c *webhook.Config) { repeated(2)(c); event(t)(c) }},
		{"a body of a hundred long values", webhook.CodeTooLarge, user(strings.Repeat(canary, 2000)), repeated(100)},
	} {
		t.Run(test.name, func(t *testing.T) {
			in(t, test.fill, func(t *testing.T, r *receiver) {
				_, err := r.run(t, test.vars)
				e := enrich.Failure(err)
				if e.Code != test.code || e.Kind != enrich.Permanent || e.Sent || len(r.Seen()) != 0 {
					t.Errorf("got %v, want %s, permanent, not sent", err, test.code)
				}
				if err != nil && strings.Contains(err.Error(), canary) {
					t.Errorf("the error shows the value: %v", err)
				}
			})
		})
	}
	t.Run("a body as long as can be is sent", func(t *testing.T) {
		in(t, repeated(2), func(t *testing.T, r *receiver) {
			values := user(strings.Repeat("a", 10_237))
			values["user"].(map[string]any)["x"] = strings.Repeat("a", (webhook.MaxBody-7)/2)
			if _, err := r.run(t, values); err != nil || len(r.Seen()[0].Body) != webhook.MaxBody-1 {
				t.Errorf("%v, %d bytes", err, len(r.Seen()[0].Body))
			}
		})
	})
}

func FuzzEvent(f *testing.F) {
	for _, word := range []string{"", "ann", `","id":"x`, "</script>", "\x00\r\n", "\u202e", "\xff", "${{ secrets.NEW }}", "\ufdd0", strings.Repeat("é", 9000)} {
		f.Add(word, word)
	}
	asked := &recorder{}
	c := config(f, connect.NewClient(&connect.Options{Transport: asked}))
	event(f)(c)
	connector, schema := made(f, c), compiled(f)
	f.Fuzz(func(t *testing.T, subject, name string) {
		values := vars()
		values["user"].(map[string]any)["sub"], values["user"].(map[string]any)["given_name"] = subject, name
		asked.request = nil
		_, err := connector.Run(t.Context(), enrich.Call{EffectKey: "effect-1", Vars: values})
		if err != nil {
			if e := enrich.Failure(err); e.Kind != enrich.Permanent || e.Sent || asked.request != nil {
				t.Errorf("%q, %q: %v", subject, name, err)
			}
			return
		}
		valid(t, schema, asked.body)
		if len(asked.body) > webhook.MaxBody || asked.request.Header.Get("webhook-id") != "effect-1" || asked.request.URL.String() != c.URL {
			t.Errorf("%q, %q: %s", subject, name, asked.body)
		}
	})
}
