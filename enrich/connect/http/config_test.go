package httpstep_test

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// config is a block that says only where to.
func config(t testing.TB, url string) *httpstep.Config {
	t.Helper()
	c := httpstep.Kind(connect.NewClient(nil)).Config().(*httpstep.Config)
	c.URL = template(t, url)
	return c
}

// mistakes are the fields and messages that the block is refused for.
func mistakes(t testing.TB, c *httpstep.Config) (fields, messages []string) {
	t.Helper()
	_, err := c.Connector()
	if err == nil {
		return nil, nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T is not a joined error", err)
	}
	for _, one := range joined.Unwrap() {
		var field *enrich.FieldError
		if !errors.As(one, &field) {
			t.Fatalf("%T is no *enrich.FieldError", one)
		}
		fields, messages = append(fields, field.Field), append(messages, field.Message)
	}
	return fields, messages
}

// D8, D9: nothing of a user chooses whom we talk to.
func TestTheHostIsPlainText(t *testing.T) {
	for _, test := range []struct{ name, url, message string }{
		{"a value for everything", "${{ secrets.URL }}", "plain text"},
		{"a value for the scheme", "${{ run.source }}://api.example.com/", "plain text"},
		{"a value for the host", "https://${{ run.sub }}/", "host and port as plain text"},
		{"a value before the host", "https://${{ run.sub }}.example.com/", "host and port as plain text"},
		{"a value behind the host", "https://api.example.com${{ run.sub }}", "host and port as plain text"},
		{"a value behind the host, before a slash", "https://api.example.com${{ run.sub }}/x", "host and port as plain text"},
		{"a value for the port", "https://api.example.com:${{ run.sub }}/", "host and port as plain text"},
		{"a value in the user information", "https://${{ run.sub }}@api.example.com/", "host and port as plain text"},
		{"a value before a backslash", `https://api.example.com${{ run.sub }}\@evil.example.com/`, "host and port as plain text"},
		{"a value behind the question mark", "https://api.example.com/x?mail=${{ run.sub }}", "query"},
		{"a value behind the hash", "https://api.example.com/x#${{ run.sub }}", "#"},
		{"braces inside a text of the expression", `https://api.example.com${{ "}}/" + run.sub }}`, "host and port as plain text"},
		{"no scheme", "api.example.com/x", "https://"},
		{"two slashes only", "//api.example.com/x", "https://"},
		{"a file", "file:///etc/passwd", "host"},
		{"another scheme", "ftp://api.example.com/", "https://"},
		{"http to another machine", "http://api.example.com/", "use https"},
		{"a user", "https://someone@api.example.com/", "user or password"},
		{"a user and a password", "https://someone:hunter2@api.example.com/", "user or password"},
		{"no host", "https:///x", "host is missing"},
		{"no host but a port", "https://:443/x", "host is missing"},
		{"no port behind the colon", "https://api.example.com:/x", "port is missing"},
		{"a port that is none", "https://api.example.com:http/x", "no URL"},
		{"a host of another script", "https://exämple.com/", "plain ASCII"},
		{"a host with an escape", "https://api%2eexample.com/", "no URL"},
		{"a fragment", "https://api.example.com/x#y", "#"},
		{"an empty fragment", "https://api.example.com/x#", "#"},
		{"a way up", "https://api.example.com/a/../b", ".. segments"},
		{"a way up, escaped", "https://api.example.com/a/%2e%2E/b", ".. segments"},
		{"a blank", "https://api.example.com/a b", "blank"},
		{"a line end", "https://api.example.com/\nx", "control character"},
		{"a bad escape", "https://api.example.com/%zz", "no URL"},
		{"loopback", "https://127.0.0.1/", "whoever runs the worker"},
		{"loopback by name", "http://localhost:8080/", "whoever runs the worker"},
		{"loopback of IPv6", "https://[::1]/", "whoever runs the worker"},
		{"a private address", "https://10.0.0.1/", "whoever runs the worker"},
		{"the metadata service", "http://169.254.169.254/latest/", "whoever runs the worker"},
		{"loopback mapped into IPv6", "https://[::ffff:127.0.0.1]/", "whoever runs the worker"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fields, messages := mistakes(t, config(t, test.url))
			if !slices.Contains(fields, "url") || !strings.Contains(strings.Join(messages, "\n"), test.message) {
				t.Errorf("got %q %q, want one with %q", fields, messages, test.message)
			}
			if text := strings.Join(messages, "\n"); strings.Contains(text, "hunter2") || strings.Contains(text, "someone") {
				t.Errorf("the message quotes the URL: %q", text)
			}
		})
	}
	for _, good := range []string{"https://api.example.com", "https://api.example.com:8443/v1?a=b&c", "https://8.8.8.8/", "https://[2606:4700::1111]:443/x",
		"https://api.example.com/${{ run.sub }}", "https://api.example.com/a/x-${{ run.sub }}.json/b", "HTTPS://API.example.com/",
		`https://api.example.com/${{ "}}" + run.sub }}/${{ '?#' }}`, "https://xn--exmple-cua.com/"} {
		if _, messages := mistakes(t, config(t, good)); messages != nil {
			t.Errorf("%s: %q", good, messages)
		}
	}
}

func TestWhoRunsTheWorkerDecidesAboutPrivateHosts(t *testing.T) {
	client := connect.NewClient(&connect.Options{AllowLoopback: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for url, want := range map[string]string{
		"http://localhost:8080/x": "", "http://127.0.0.1/": "", "http://[::1]:80/": "", "https://10.1.2.3/": "",
		"http://10.1.2.3/": "use https", "https://192.168.0.1/": "whoever runs the worker",
	} {
		c := httpstep.Kind(client).Config().(*httpstep.Config)
		c.URL = template(t, url)
		_, messages := mistakes(t, c)
		if text := strings.Join(messages, "\n"); (want == "") != (text == "") || !strings.Contains(text, want) {
			t.Errorf("%s: got %q, want %q", url, text, want)
		}
	}
	c := httpstep.Kind(client).Config().(*httpstep.Config)
	c.URL, c.AllowHTTP = template(t, "http://crm.internal.example.com/"), true
	if _, messages := mistakes(t, c); messages != nil {
		t.Errorf("with allow-http: %q", messages)
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	c := config(t, "http://api.example.com/")
	c.Method = "get"
	c.Headers = templates(t, map[string]string{"Host": "x", "X-Key": "a", "x-key": "b"})
	c.Headers["X-Nil"] = nil
	c.Query = map[string]*expr.Template{"q": nil}
	c.Bearer, c.User = template(t, "x"), template(t, "y")
	c.AuthHeader = "Authorization"
	c.Key = "Content-Length"
	c.Outputs = templates(t, map[string]string{"body": "a", "a-b": "a", "x": "${{ run.sub }}", "y": "a..b", "z": ""})
	c.Outputs["nil"] = nil
	c.Answer, c.MaxBody, c.NotFound = "xml", 1<<20+1, []int{404, 500}
	fields, _ := mistakes(t, c)
	slices.Sort(fields)
	want := []string{"answer", "auth-header", "auth-header", "basic-user", "bearer", "headers", "headers", "headers", "idempotency-key",
		"max-body", "method", "not-found", "outputs", "outputs", "outputs", "outputs", "outputs", "outputs", "query", "url"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("the fields with mistakes (-want +got):\n%s", diff)
	}
}

func TestWhatDoesNotGoTogether(t *testing.T) {
	for _, test := range []struct {
		name, field string
		change      func(*httpstep.Config)
	}{
		{"a GET with a body", "json", func(c *httpstep.Config) { c.JSON = expr.Constant(int64(1)) }},
		{"a HEAD with a body", "json", func(c *httpstep.Config) { c.Method, c.JSON = "HEAD", expr.Constant(int64(1)) }},
		{"a GET with a key", "idempotency-key", func(c *httpstep.Config) { c.Key = "Idempotency-Key" }},
		{"a user without a password", "basic-user", func(c *httpstep.Config) { c.User = template(t, "x") }},
		{"a password without a user", "basic-user", func(c *httpstep.Config) { c.Password = template(t, "x") }},
		{"a header without its key", "auth-header", func(c *httpstep.Config) { c.AuthHeader = "X-Key" }},
		{"a key without its header", "auth-header", func(c *httpstep.Config) { c.AuthValue = template(t, "x") }},
		{"bearer and an Authorization of one's own", "headers", func(c *httpstep.Config) {
			c.Bearer, c.Headers = template(t, "x"), templates(t, map[string]string{"authorization": "y"})
		}},
		{"outputs of an answer that nobody reads", "outputs", func(c *httpstep.Config) {
			c.Answer, c.Outputs = "none", templates(t, map[string]string{"x": "a"})
		}},
		{"a negative limit", "max-body", func(c *httpstep.Config) { c.MaxBody = -1 }},
		{"a status that is none", "not-found", func(c *httpstep.Config) { c.NotFound = []int{0} }},
		{"no URL", "url", func(c *httpstep.Config) { c.URL = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, "https://api.example.com/")
			test.change(c)
			if fields, messages := mistakes(t, c); !slices.Equal(fields, []string{test.field}) {
				t.Errorf("got %q %q, want one at %s", fields, messages, test.field)
			}
		})
	}
}

func TestWhatDoesNotGoTogetherWithFormsTokensAndMemory(t *testing.T) {
	for _, test := range []struct {
		name, field string
		change      func(*httpstep.Config)
	}{
		{"a body and a form", "form", func(c *httpstep.Config) {
			c.Method, c.JSON, c.Form = "PUT", expr.Constant(int64(1)), templates(t, map[string]string{"a": "b"})
		}},
		{"a GET with a form", "form", func(c *httpstep.Config) { c.Form = templates(t, map[string]string{"a": "b"}) }},
		{"a form with a hole", "form", func(c *httpstep.Config) { c.Method, c.Form = "PUT", map[string]*expr.Template{"a": nil} }},
		{"a key in two places", "auth-query", func(c *httpstep.Config) {
			c.AuthHeader, c.AuthQuery, c.AuthValue = "X-Key", "key", template(t, "x")
		}},
		{"a parameter without its key", "auth-query", func(c *httpstep.Config) { c.AuthQuery = "key" }},
		{"a key that hides a parameter", "auth-query", func(c *httpstep.Config) {
			c.AuthQuery, c.AuthValue, c.Query = "key", template(t, "x"), templates(t, map[string]string{"key": "y"})
		}},
		{"an id without where to", "token-url", func(c *httpstep.Config) { c.ClientID = template(t, "x") }},
		{"where to without a secret", "token-url", func(c *httpstep.Config) {
			c.TokenURL, c.ClientID = "https://login.example.com/token", template(t, "x")
		}},
		{"a scope for nobody", "token-url", func(c *httpstep.Config) { c.Scope = "x" }},
		{"two kinds of tokens", "token-url", func(c *httpstep.Config) { tokens(t, c); c.Bearer = template(t, "x") }},
		{"tokens and an Authorization of one's own", "headers", func(c *httpstep.Config) {
			tokens(t, c)
			c.Headers = templates(t, map[string]string{"Authorization": "y"})
		}},
		{"a token from this machine", "token-url", func(c *httpstep.Config) { tokens(t, c); c.TokenURL = "https://127.0.0.1/token" }},
		{"a token without https", "token-url", func(c *httpstep.Config) { tokens(t, c); c.TokenURL = "http://login.example.com/token" }},
		{"a token from wherever a user says", "token-url", func(c *httpstep.Config) { tokens(t, c); c.TokenURL = "https://${{user.sub}}.example.com/" }},
		{"a way to say who we are that there is not", "client-auth", func(c *httpstep.Config) { tokens(t, c); c.ClientAuth = "query" }},
		{"waiting for what must not be repeated", "pending", func(c *httpstep.Config) { c.Method, c.Pending = "POST", []int{202} }},
		{"not ready and not there", "pending", func(c *httpstep.Config) { c.NotFound, c.Pending = []int{404}, []int{404} }},
		{"not ready for a server that is down", "pending", func(c *httpstep.Config) { c.Pending = []int{503} }},
		{"remembering an effect", "cache", func(c *httpstep.Config) { c.Method, c.Cache = "PUT", time.Hour }},
		{"remembering for ever", "cache", func(c *httpstep.Config) { c.Cache = 25 * time.Hour }},
		{"remembering the future", "cache", func(c *httpstep.Config) { c.Cache = -time.Hour }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, "https://api.example.com/")
			test.change(c)
			if fields, messages := mistakes(t, c); !slices.Equal(fields, []string{test.field}) {
				t.Errorf("got %q %q, want one at %s", fields, messages, test.field)
			}
		})
	}
}

// tokens makes a block get access tokens.
func tokens(t testing.TB, c *httpstep.Config) {
	t.Helper()
	c.TokenURL, c.ClientID, c.ClientSecret = "https://login.example.com/token", template(t, "${{ secrets.USER }}"), template(t, "${{ secrets.PASSWORD }}")
}

func TestTheMethodGivesTheClass(t *testing.T) {
	for _, test := range []struct {
		method, key string
		want        enrich.Class
	}{
		{"", "", enrich.Read}, {"GET", "", enrich.Read}, {"HEAD", "", enrich.Read},
		{"PUT", "", enrich.Idempotent}, {"DELETE", "", enrich.Idempotent}, {"PUT", "Idempotency-Key", enrich.Idempotent},
		{"POST", "", enrich.Unsafe}, {"PATCH", "", enrich.Unsafe},
		{"POST", "Idempotency-Key", enrich.Keyed}, {"PATCH", "X-Request-Id", enrich.Keyed},
	} {
		c := config(t, "https://api.example.com/")
		c.Method, c.Key = test.method, test.key
		if got := enrich.ClassOf(made(t, c)); got != test.want {
			t.Errorf("%q with key %q: got %v, want %v", test.method, test.key, got, test.want)
		}
	}
}

// The reader of the pipeline file fills the block by its tags, so each field must be of a type that it knows.
func TestTheBlockIsOneThatTheFileReaderKnows(t *testing.T) {
	known := []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[[]int](),
		reflect.TypeFor[*expr.Template](), reflect.TypeFor[map[string]*expr.Template](), reflect.TypeFor[*expr.Tree](), reflect.TypeFor[time.Duration]()}
	names := map[string]bool{}
	for field := range reflect.TypeFor[httpstep.Config]().Fields() {
		if !field.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("pipe"), ",")
		if name == "" || names[name] || field.Tag.Get("doc") == "" || !slices.Contains(known, field.Type) {
			t.Errorf("%s: name %q, doc %q, type %v", field.Name, name, field.Tag.Get("doc"), field.Type)
		}
		names[name] = true
	}
	if kind := httpstep.Kind(connect.NewClient(nil)); kind.Name != "http" || kind.Doc == "" || kind.Config() == kind.Config() {
		t.Errorf("the kind is %+v", kind)
	}
}
