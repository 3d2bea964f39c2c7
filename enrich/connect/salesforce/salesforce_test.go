package salesforce_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/salesforce"
	"github.com/postconfirm/postconfirm/enrich/enrichtest"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func vars() expr.Vars {
	return expr.Vars{
		"user":    map[string]any{"sub": "canary/sub", "email": "canary.mail@example.com", "family_name": "Canary <Née>"},
		"run":     map[string]any{"age": time.Minute},
		"secrets": map[string]any{"ID": "canary-client", "SECRET": "canary-secret", "USER": "canary.user@example.com"},
	}
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

func tree(t testing.TB, sources map[string]string) *expr.Tree {
	t.Helper()
	items := map[string]*expr.Tree{}
	for name, source := range sources {
		items[name] = expr.Leaf(template(t, source))
	}
	return expr.Map(slices.Sorted(maps.Keys(sources)), items)
}

// config is a block as the documentation shows it.
func config(t testing.TB, login string, client *connect.Client) *salesforce.Config {
	t.Helper()
	c := salesforce.Kind(client).Config().(*salesforce.Config)
	c.Login, c.ClientID, c.Secret = login, template(t, "${{ secrets.ID }}"), template(t, "${{ secrets.SECRET }}")
	c.Object, c.External, c.Value = "Contact", "Cognito_Sub__c", template(t, "${{ user.sub }}")
	c.Fields = tree(t, map[string]string{"Email": "${{ user.email }}", "LastName": "${{ user.family_name }}", "Title": "${{ user.title }}"})
	return c
}

func made(t testing.TB, c *salesforce.Config) enrich.Connector {
	t.Helper()
	connector, err := c.Connector()
	if err != nil {
		t.Fatal(err)
	}
	return enrichtest.Listed(t, salesforce.Kind(connect.NewClient(nil)).Page, connector)
}

func isToken(r pretend.Request) bool { return r.Target == "/services/oauth2/token" }

func granted(token string) pretend.Answer {
	return pretend.JSON(200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","id":"https://login.salesforce.com/id/00D/005","issued_at":"1","signature":"x"}`, token))
}

const saved = `{"id":"003xx0000000001AAA","success":true,"errors":[],"created":true}`

func harness(fill func(*testing.T, *salesforce.Config)) enrichtest.Harness {
	return enrichtest.Harness{
		New: func(t *testing.T, base string, client *connect.Client) enrich.Connector {
			c := config(t, base, client)
			fill(t, c)
			return made(t, c)
		},
		Vars: vars(), Canaries: []string{"canary/sub", "canary.mail@example.com", "Canary <Née>", "canary-access-0"},
		Found: pretend.JSON(201, saved), Want: enrich.Result{"id": "003xx0000000001AAA", "created": true},
		Statuses: map[int]enrichtest.Reading{300: {Kind: enrich.Permanent, Refused: true}},
		Tokens:   &enrichtest.Tokens{Is: isToken, Grant: granted},
	}
}

func TestConformance(t *testing.T) {
	t.Run("client credentials", func(t *testing.T) {
		h := harness(func(*testing.T, *salesforce.Config) {})
		h.Canaries = append(h.Canaries, "canary-client", "canary-secret")
		enrichtest.Run(t, h)
	})
	t.Run("JWT bearer", func(t *testing.T) {
		key := private(t)
		h := harness(func(t *testing.T, c *salesforce.Config) {
			c.Secret, c.PrivateKey, c.Username = nil, template(t, "${{ secrets.KEY }}"), template(t, "${{ secrets.USER }}")
		})
		h.Vars["secrets"].(map[string]any)["KEY"] = key
		h.Unsent = []string{strings.Split(key, "\n")[1]}
		enrichtest.Run(t, h)
	})
}

func private(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// in runs a test of a step whose org is in memory, over http to "this machine", as tests may.
func in(t *testing.T, fill func(*salesforce.Config), test func(*testing.T, enrich.Connector, *pretend.Vendor), script ...pretend.Answer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := pretend.New(script...)
		defer v.Close()
		v.When(isToken, granted("token-1"), granted("token-2"))
		client := connect.NewClient(&connect.Options{AllowLoopback: true, Dial: v.Dial})
		defer client.Close()
		c := config(t, "http://127.0.0.1:8080", client)
		fill(c)
		test(t, made(t, c), v)
	})
}

func asItIs(*salesforce.Config) {}

func run(t *testing.T, s enrich.Connector) (enrich.Result, *enrich.Error) {
	t.Helper()
	result, err := s.Run(t.Context(), enrich.Call{EffectKey: "key", Vars: vars()})
	var e *enrich.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%T is not classified: %v", err, err)
	}
	return result, e
}

func TestWhatSalesforceAnswers(t *testing.T) {
	refusal := func(status int, code string) pretend.Answer {
		return pretend.JSON(status, `[{"message":"canary of `+code+`","errorCode":"`+code+`","fields":[]}]`)
	}
	for name, test := range map[string]struct {
		answer pretend.Answer
		result enrich.Result
		want   enrich.Error
	}{
		"a new record":                {pretend.JSON(201, saved), enrich.Result{"id": "003xx0000000001AAA", "created": true}, enrich.Error{}},
		"a record that was there":     {pretend.JSON(200, `{"id":"003","success":true,"created":false}`), enrich.Result{"id": "003", "created": false}, enrich.Error{}},
		"the same, as long ago":       {pretend.Reply(204, nil, ""), enrich.Result{"id": nil, "created": false}, enrich.Error{}},
		"no id":                       {pretend.JSON(200, `{"id":7}`), enrich.Result{"id": nil, "created": false}, enrich.Error{}},
		"a record that was not saved": {pretend.JSON(200, `{"id":"003","success":false}`), nil, enrich.Error{Kind: enrich.Permanent, Code: "not_saved", Refused: true}},
		"several records":             {pretend.JSON(300, `["/services/data/v62.0/sobjects/Contact/1"]`), nil, enrich.Error{Kind: enrich.Permanent, Code: "several_matches", Refused: true}},
		"an invalid field":            {refusal(400, "INVALID_FIELD"), nil, enrich.Error{Kind: enrich.Permanent, Code: "invalid_field", Refused: true}},
		"a duplicate":                 {refusal(400, "DUPLICATES_DETECTED"), nil, enrich.Error{Kind: enrich.Permanent, Code: "duplicates_detected", Refused: true}},
		"a locked row":                {refusal(400, "UNABLE_TO_LOCK_ROW"), nil, enrich.Error{Kind: enrich.Temporary, Code: "unable_to_lock_row", Refused: true}},
		"a locked row, otherwise":     {refusal(409, "UNABLE_TO_LOCK_ROW"), nil, enrich.Error{Kind: enrich.Temporary, Code: "unable_to_lock_row", Refused: true}},
		"the day's limit":             {refusal(403, "REQUEST_LIMIT_EXCEEDED"), nil, enrich.Error{Kind: enrich.Throttled, Code: "request_limit_exceeded", Refused: true, RetryAfter: time.Hour}},
		"no permission":               {refusal(403, "INSUFFICIENT_ACCESS"), nil, enrich.Error{Kind: enrich.Temporary, Code: "insufficient_access", Refused: true}},
		"a session that ended twice":  {refusal(401, "INVALID_SESSION_ID"), nil, enrich.Error{Kind: enrich.Temporary, Code: "invalid_session_id", Refused: true}},
		"an object that is not there": {refusal(404, "NOT_FOUND"), nil, enrich.Error{Kind: enrich.Permanent, Code: "not_found", Refused: true}},
		"maintenance":                 {refusal(503, "SERVER_UNAVAILABLE"), nil, enrich.Error{Kind: enrich.Temporary, Code: "server_unavailable"}},
		"a code that is none":         {refusal(400, "canary secret"), nil, enrich.Error{Kind: enrich.Permanent, Code: "http_400", Refused: true}},
		"a code at the tenth place": {pretend.JSON(400, `[`+strings.Repeat(`null,`, 9)+`{"errorCode":"INVALID_FIELD"}]`), nil,
			enrich.Error{Kind: enrich.Permanent, Code: "invalid_field", Refused: true}},
		"a code behind the tenth": {pretend.JSON(400, `[`+strings.Repeat(`null,`, 10)+`{"errorCode":"INVALID_FIELD"}]`), nil,
			enrich.Error{Kind: enrich.Permanent, Code: "http_400", Refused: true}},
		"a page":                     {pretend.Reply(400, nil, "<html>"), nil, enrich.Error{Kind: enrich.Permanent, Code: "http_400", Refused: true}},
		"a success that is none":     {pretend.JSON(202, "{}"), nil, enrich.Error{Kind: enrich.Permanent, Code: "http_202"}},
		"an array for a good answer": {pretend.JSON(200, `[]`), enrich.Result{"id": nil, "created": false}, enrich.Error{}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, asItIs, func(t *testing.T, s enrich.Connector, _ *pretend.Vendor) {
				result, e := run(t, s)
				if diff := cmp.Diff(test.result, result); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if test.want.Code == "" || e == nil {
					if test.want.Code != "" || e != nil {
						t.Errorf("got %+v", e)
					}
					return
				}
				test.want.Sent, test.want.Err = true, e.Err
				if diff := cmp.Diff(test.want, *e, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" || strings.Contains(e.Error(), "canary") {
					t.Errorf("%v (-want +got):\n%s", e, diff)
				}
			}, test.answer)
		})
	}
}

func TestTheRequestIsAnUpsert(t *testing.T) {
	schema := compiled(t)
	in(t, func(c *salesforce.Config) {
		c.Fields = expr.Map([]string{"Email", "LastName", "Title", "Age__c", "Account"}, map[string]*expr.Tree{
			"Email": expr.Leaf(template(t, "${{ user.email }}")), "LastName": expr.Leaf(template(t, "${{ user.family_name }}")),
			"Title": expr.Leaf(template(t, "${{ user.title }}")), "Age__c": expr.Leaf(template(t, "${{ run.age }}")),
			"Account": expr.Map([]string{"Domain__c"}, map[string]*expr.Tree{"Domain__c": expr.Leaf(template(t, "${{ user.email }}"))})})
	}, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
		if _, e := run(t, s); e != nil {
			t.Fatal(e)
		}
		seen := v.Seen()
		if len(seen) != 2 {
			t.Fatalf("%d requests", len(seen))
		}
		r := seen[1]
		if r.Method != "PATCH" || r.Target != "/services/data/v62.0/sobjects/Contact/Cognito_Sub__c/canary%2Fsub" ||
			r.Header.Get("Authorization") != "Bearer token-1" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.Target, r.Header)
		}
		const body = `{"Account":{"Domain__c":"canary.mail@example.com"},"Age__c":"1m0s","Email":"canary.mail@example.com","LastName":"Canary <Née>"}`
		if diff := cmp.Diff(body, string(r.Body)); diff != "" {
			t.Errorf("the body (-want +got):\n%s", diff)
		}
		if err := valid(t, schema, r.Body); err != nil {
			t.Error(err)
		}
	}, pretend.JSON(201, saved))
	for _, bad := range []string{`[]`, `{"Id":"1"}`, `{"attributes":{"type":"Contact"}}`, `{"Cognito_Sub__c":"x"}`, `{"A":["b"]}`, `{"a b":1}`, `{"A":{"b":1,"c":2}}`} {
		if valid(t, schema, []byte(bad)) == nil {
			t.Errorf("the schema takes %s", bad)
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/upsert.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("upsert.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("upsert.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(t *testing.T, schema *jsonschema.Schema, body []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

// D9.
func TestAUserCannotChooseTheRecordsPlace(t *testing.T) {
	for value, segment := range map[string]string{
		"a/../b": "a%2F..%2Fb", "a?b=c": "a%3Fb=c", "a#b": "a%23b", "%2e": "%252e", "a b": "a%20b", "a;b": "a;b", "é": "%C3%A9", "...": "...",
		"": "", ".": "", "..": "", strings.Repeat("a", 2000): "",
	} {
		in(t, asItIs, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
			all := vars()
			all["user"].(map[string]any)["sub"] = value
			_, err := s.Run(t.Context(), enrich.Call{Vars: all})
			if segment == "" {
				if e := enrich.Failure(err); e.Kind != enrich.Permanent || e.Code != salesforce.CodeBadValue || e.Sent || len(v.Seen()) != 0 {
					t.Errorf("%.10q: got %+v", value, err)
				}
				return
			}
			seen := v.Seen()
			if err != nil {
				t.Fatal(err)
			}
			got, _ := strings.CutPrefix(seen[len(seen)-1].Target, "/services/data/v62.0/sobjects/Contact/Cognito_Sub__c/")
			if plain, err := url.PathUnescape(got); strings.Contains(got, "/") || err != nil || plain != value {
				t.Errorf("%q became %q", value, got)
			}
		}, pretend.JSON(201, saved))
	}
}

func TestValuesThatCannotBeSent(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*salesforce.Config)
		code   string
	}{
		"the record's own id":       {func(c *salesforce.Config) { c.Fields = tree(t, map[string]string{"id": "x"}) }, salesforce.CodeBadValue},
		"the external id, again":    {func(c *salesforce.Config) { c.Fields = tree(t, map[string]string{"cognito_sub__C": "x"}) }, salesforce.CodeBadValue},
		"a field that has no name":  {func(c *salesforce.Config) { c.Fields = tree(t, map[string]string{"a b": "x"}) }, salesforce.CodeBadValue},
		"fields that are none":      {func(c *salesforce.Config) { c.Fields = expr.Constant("x") }, salesforce.CodeBadValue},
		"a secret that is missing":  {func(c *salesforce.Config) { c.Secret = template(t, "${{ user.none }}") }, salesforce.CodeNoSecret},
		"an id that is missing":     {func(c *salesforce.Config) { c.ClientID = template(t, "${{ user.none }}") }, salesforce.CodeNoSecret},
		"a key that is none, later": {func(c *salesforce.Config) { c.Secret, c.PrivateKey, c.Username = nil, c.Secret, c.ClientID }, "token_bad_key"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, test.change, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
				if _, e := run(t, s); e == nil || e.Code != test.code || e.Sent || len(v.Seen()) != 0 || strings.Contains(e.Error(), "canary") {
					t.Errorf("got %+v after %d requests", e, len(v.Seen()))
				}
			})
		})
	}
}

// D8, D26: an answer does not choose whom we talk to.
func TestTheTokenGoesToSalesforceOnly(t *testing.T) {
	for said, dialled := range map[string]string{
		"":                                    "127.0.0.1:8080",
		"http://127.0.0.1:8080":               "127.0.0.1:8080",
		"https://acme.my.salesforce.com":      "acme.my.salesforce.com:443",
		"https://acme.my.salesforce.com/":     "acme.my.salesforce.com:443",
		"https://ACME.My.SalesForce.com:443":  "ACME.My.SalesForce.com:443",
		"https://acme.my.site.force.com":      "acme.my.site.force.com:443",
		"https://crm.acme.example":            "crm.acme.example:443",
		"http://acme.my.salesforce.com":       "",
		"https://acme.my.salesforce.com:8443": "", "https://salesforce.com.evil.example": "", "https://evilsalesforce.com": "",
		"https://.salesforce.com": "", "https://evil.example/.salesforce.com": "", "https://evil.example#.salesforce.com": "",
		"https://evil.example?.salesforce.com": "", "https://a.salesforce.com@evil.example": "", "https://u:p@a.salesforce.com": "",
		"https://a.salesforce.com/evil": "", "https://169.254.169.254": "", "http://127.0.0.1:9090": "", "file:///etc/passwd": "",
		"//evil.example": "", "https://sub.crm.acme.example": "", "%zz": "", `https://evil.example\.salesforce.com`: "", "https://a_b.salesforce.com": "",
	} {
		t.Run(said, func(t *testing.T) {
			in(t, func(c *salesforce.Config) { c.Instances = []string{"crm.acme.example"} }, func(t *testing.T, s enrich.Connector, v *pretend.Vendor) {
				v.When(isToken, pretend.JSON(200, fmt.Sprintf(`{"access_token":"t","instance_url":%q}`, said)))
				_, e := run(t, s)
				all := v.Dialed()
				if dialled == "" {
					if e == nil || e.Kind != enrich.Denied || e.Code != "token_bad_instance" || e.Sent || len(all) != 1 || strings.Contains(e.Error(), "evil") {
						t.Errorf("got %+v, dialled %q", e, all)
					}
				} else if all[len(all)-1] != dialled {
					t.Errorf("dialled %q, want %s; %v", all, dialled, e)
				}
			}, pretend.JSON(201, saved))
		})
	}
}
