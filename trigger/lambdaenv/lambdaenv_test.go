package lambdaenv_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/trigger/lambdaenv"
)

func env(all map[string]string) *lambdaenv.Environment {
	return &lambdaenv.Environment{Getenv: func(name string) string { return all[name] }}
}

func TestRegionAndEndpoint(t *testing.T) {
	const emulator, elsewhere = "http://127.0.0.1:4566", "https://elsewhere.example"
	for name, tt := range map[string]struct {
		all              map[string]string
		region, endpoint string
	}{
		"the Region":                        {map[string]string{"AWS_REGION": " eu-west-1\n", "AWS_DEFAULT_REGION": "x"}, "eu-west-1", ""},
		"the default Region":                {map[string]string{"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1", ""},
		"the service's endpoint goes first": {map[string]string{"AWS_REGION": "r", "AWS_ENDPOINT_URL_SQS": emulator + "/", "AWS_ENDPOINT_URL": elsewhere}, "r", emulator},
		"the general endpoint":              {map[string]string{"AWS_REGION": "r", "AWS_ENDPOINT_URL_OTHER": emulator, "AWS_ENDPOINT_URL": elsewhere}, "r", elsewhere},
		"endpoints that are to be ignored":  {map[string]string{"AWS_REGION": "r", "AWS_ENDPOINT_URL": emulator, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, "r", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := env(tt.all)
			region, endpoint := e.Region(), e.Endpoint("SQS")
			if region != tt.region || endpoint != tt.endpoint || e.Err() != nil {
				t.Errorf("%q, %q, %v", region, endpoint, e.Err())
			}
		})
	}
}

func TestMistakesAreToldAllAtOnceWithoutSecrets(t *testing.T) {
	for name, tt := range map[string]struct{ endpoint, shown string }{
		"no scheme":        {"127.0.0.1:4566", `"127.0.0.1:4566"`},
		"a password":       {"http://ada:hunter2@127.0.0.1", `"[hidden]@127.0.0.1"`},
		"a query":          {"http://127.0.0.1?key=hunter2", `"http://127.0.0.1?[hidden]"`},
		"a fragment":       {"http://127.0.0.1#x", `"http://127.0.0.1#x"`},
		"no host":          {"http://", `"http://"`},
		"no end":           {strings.Repeat("x", 200), strings.Repeat("x", 120) + "…"},
		"a control letter": {"http://a\x01b", `\x01`},
	} {
		t.Run(name, func(t *testing.T) {
			e := env(map[string]string{"AWS_ENDPOINT_URL": tt.endpoint})
			e.Region()
			e.Endpoint("SQS")
			e.Fail(errors.New("and another"))
			err := e.Err()
			if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "AWS_REGION is not set") ||
				!strings.Contains(err.Error(), "AWS_ENDPOINT_URL is ") || !strings.Contains(err.Error(), tt.shown) || strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
		})
	}
}

func TestCredentialsAreReadAnew(t *testing.T) {
	all := map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
	provider := lambdaenv.Credentials(func(name string) string { return all[name] })
	for _, key := range []string{"first", "second"} {
		all["AWS_ACCESS_KEY_ID"] = key
		c, err := provider.Retrieve(t.Context())
		if err != nil || c.AccessKeyID != key || c.SecretAccessKey != "b" || c.SessionToken != "c" {
			t.Errorf("%v", err)
		}
	}
	all["AWS_SECRET_ACCESS_KEY"] = ""
	if _, err := provider.Retrieve(t.Context()); !errors.Is(err, lambdaenv.ErrNoCredentials) {
		t.Error(err)
	}
}

func TestTheClientIsBoundedAndFollowsNobody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") != "" {
			t.Error("the mark for net/http was sent")
		}
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append(body, strings.Repeat("x", 100)...))
	}))
	defer server.Close()
	c := lambdaenv.NewClient(lambdaenv.NewTransport(), 50)
	defer c.CloseIdleConnections()
	for path, status := range map[string]int{"/": 200, "/away": 307} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		var tooLarge *http.MaxBytesError
		if answer.StatusCode != status || status == 200 && (!errors.As(err, &tooLarge) || !strings.HasPrefix(string(data), "hello") || len(data) > 50) {
			t.Errorf("%s: %d, %q, %v", path, answer.StatusCode, data, err)
		}
	}
}
