package hubspot_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/hubspot"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// found answers every request with a contact.
func found() pretend.Answer { return pretend.JSON(200, `{"results":[{"id":"1","new":false}]}`) }

// valid holds a body against one of our schemas.
func valid(t testing.TB, schema string, body []byte) {
	t.Helper()
	holds(t, compiled(t, schema), body)
}

func compiled(t testing.TB, schema string) *jsonschema.Schema {
	t.Helper()
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
	if err := compiler.AddResource(schema, document); err != nil {
		t.Fatal(err)
	}
	made, err := compiler.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func holds(t testing.TB, schema *jsonschema.Schema, body []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v", body, err)
	}
}

func TestTheRequestIsWhatHubSpotDocuments(t *testing.T) {
	values := vars()
	values["user"].(map[string]any)["email"] = "Ann.O'Neil+x@Example.COM"
	values["run"].(map[string]any)["at"] = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, target, body, schema string
		fill                       func(*hubspot.Config)
	}{
		{"an upsert", "/crm/objects/2026-09/contacts/batch/upsert", `{"inputs":[{"id":"ann.o'neil+x@example.com","idProperty":"email","properties":` +
			`{"at":"2026-03-01T12:00:00Z","clear":"","firstname":"Canary Née","n":"3","source":"a <b>","yes":"true"}}]}`, "upsert.schema.json", func(c *hubspot.Config) {
			c.Properties = templates(t, map[string]string{"firstname": "${{ user.given_name }}", "none": "${{ user.nope }}", "clear": "", "n": "${{ user.n }}",
				"yes": "${{ user.n == 3 }}", "at": "${{ run.at }}", "source": "a <b>"})
		}},
		{"an upsert with v3", "/crm/v3/objects/contacts/batch/upsert", `{"inputs":[{"id":"ann.o'neil+x@example.com","idProperty":"email","properties":{}}]}`,
			"upsert.schema.json", func(c *hubspot.Config) { c.Version = "v3" }},
		{"a lookup", "/crm/objects/2026-03/contacts/batch/read", `{"idProperty":"email","inputs":[{"id":"ann.o'neil+x@example.com"}],"properties":["plan"],"propertiesWithHistory":[]}`,
			"read.schema.json", func(c *hubspot.Config) {
				c.Action, c.Version, c.Fetch = hubspot.Lookup, "2026-03", []string{"plan"}
			}},
		{"a lookup of the id alone", "/crm/objects/2027-03-beta/contacts/batch/read", `{"idProperty":"email","inputs":[{"id":"ann.o'neil+x@example.com"}],"properties":[],"propertiesWithHistory":[]}`,
			"read.schema.json", func(c *hubspot.Config) { c.Action, c.Version = hubspot.Lookup, "2027-03-beta" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, seen, err := run(t, values, test.fill, found())
			if err != nil {
				t.Fatal(err)
			}
			got := seen[0]
			if got.Method != "POST" || got.Target != test.target || got.Host != "api.hubapi.com" {
				t.Errorf("%s %s at %s", got.Method, got.Target, got.Host)
			}
			if diff := cmp.Diff(test.body, string(got.Body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			valid(t, test.schema, got.Body)
			for name, want := range map[string]string{"Authorization": "Bearer canary-token-1", "Content-Type": "application/json", "Accept": "application/json"} {
				if got.Header.Get(name) != want {
					t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
				}
			}
		})
	}
}

// hostile is what users call themselves.
func hostile() []string {
	return []string{"", " ", `","properties":{"admin":"true"},"x":"`, "</script><script>alert(1)</script>", "${{ secrets.TOKEN }}", "{{contact.email}}", "null", "true", "0",
		"'; DROP TABLE users;--", "a\r\nX-Evil: 1", "\x00\x1b[31m", "\u202eevil", "\xff\xfe", strings.Repeat("\U0001f600", 2048), "=cmd|' /C calc'!A0", "../../admin", "a@b"}
}

// D9, C3-63, 64, 69 to 71.
func TestAUsersWordsAreValuesOnly(t *testing.T) {
	fill := func(c *hubspot.Config) {
		c.Properties = templates(t, map[string]string{"firstname": "${{ user.given_name }}"})
	}
	for _, name := range hostile() {
		values := vars()
		values["user"].(map[string]any)["given_name"] = name
		_, seen, err := run(t, values, fill, found())
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		valid(t, "upsert.schema.json", seen[0].Body)
		decoded, err := connect.DecodeJSON(seen[0].Body)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"inputs": []any{map[string]any{"id": "canary.mail@example.com", "idProperty": "email",
			"properties": map[string]any{"firstname": strings.ToValidUTF8(strings.ReplaceAll(name, "\xff\xfe", "\ufffd\ufffd"), "")}}}}
		if diff := cmp.Diff(want, decoded); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
		if seen[0].Host != "api.hubapi.com" || seen[0].Target != "/crm/objects/2026-09/contacts/batch/upsert" || seen[0].Header.Get("X-Evil") != "" {
			t.Errorf("%q changed the request to %s%s", name, seen[0].Host, seen[0].Target)
		}
	}
}

func TestValuesThatFitNowhereStayHere(t *testing.T) {
	const canary = "canary"
	user := func(value any) expr.Vars {
		v := vars()
		v["user"].(map[string]any)["x"] = value
		return v
	}
	email := func(c *hubspot.Config) { c.Email = template(t, "${{ user.x }}") }
	token := func(c *hubspot.Config) { c.Token = template(t, "${{ user.x }}") }
	property := func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"x": "${{ user.x }}"}) }
	for _, test := range []struct {
		name, code string
		vars       expr.Vars
		fill       func(*hubspot.Config)
	}{
		{"no address", hubspot.CodeBadEmail, user(nil), email},
		{"an empty address", hubspot.CodeBadEmail, user(""), email},
		{"an address without an @", hubspot.CodeBadEmail, user(canary), email},
		{"an address that is a domain", hubspot.CodeBadEmail, user("@" + canary), email},
		{"an address without a domain", hubspot.CodeBadEmail, user(canary + "@"), email},
		{"an address with a line end", hubspot.CodeBadEmail, user(canary + "\n@x"), email},
		{"an address with a blank", hubspot.CodeBadEmail, user(canary + " @x"), email},
		{"an address that is no UTF-8", hubspot.CodeBadEmail, user(canary + "\xff@x"), email},
		{"an address longer than any", hubspot.CodeBadEmail, user(strings.Repeat(canary, 50) + "@x"), email},
		{"a list as an address", hubspot.CodeBadValue, user([]any{canary}), email},
		{"no token", hubspot.CodeNoCredential, user(nil), token},
		{"an empty token", hubspot.CodeNoCredential, user(""), token},
		{"a list as a token", hubspot.CodeBadValue, user([]any{canary}), token},
		{"a token with a line end", connect.CodeBadHeader, user(canary + "\r\nX-Evil: 1"), token},
		{"a list in a property", hubspot.CodeBadValue, user([]any{canary}), property},
		{"an expression that fails", hubspot.CodeBadValue, user(canary), func(c *hubspot.Config) { c.Properties = templates(t, map[string]string{"x": "${{ user.x - 1 }}"}) }},
		{"a value longer than any", hubspot.CodeBadValue, user(strings.Repeat(canary, expr.MaxResult)), property},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, seen, err := run(t, test.vars, test.fill, found())
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

func FuzzValue(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name)
	}
	asked := &recorder{}
	c := config(f, connect.NewClient(&connect.Options{Transport: asked}))
	c.Properties = templates(f, map[string]string{"firstname": "${{ user.given_name }}"})
	connector, schema := made(f, c), compiled(f, "upsert.schema.json")
	f.Fuzz(func(t *testing.T, name string) {
		values := vars()
		values["user"].(map[string]any)["given_name"] = name
		if _, err := connector.Run(t.Context(), enrich.Call{Vars: values}); err != nil {
			if code := enrich.Failure(err).Code; code != hubspot.CodeBadValue {
				t.Errorf("%q: %v", name, err)
			}
			return
		}
		holds(t, schema, asked.body)
	})
}
