package app_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/worker/app"
)

// store puts a Parameter Store in front of the cloud of some settings.
func store(t *testing.T, s *app.Settings, parameters map[string]string) {
	t.Helper()
	behind, err := url.Parse(s.Local)
	if err != nil {
		t.Fatal(err)
	}
	cloud := httputil.NewSingleHostReverseProxy(behind)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParameter" {
			cloud.ServeHTTP(w, r)
			return
		}
		var in struct{ Name string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if value, ok := parameters[in.Name]; ok {
			_ = json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]string{"Value": value}})
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "ParameterNotFound"})
	}))
	t.Cleanup(server.Close)
	s.Local = server.URL
}

func TestPipelineAndSecretsFromAService(t *testing.T) {
	const remote = "version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n  - id: company\n    uses: http\n    with:\n" +
		"      url: https://api.example.com/find\n      bearer: ${{ secrets.NOT_IN_THE_ENVIRONMENT }}\nattributes:\n  custom:company: ${{ steps.company.body.name }}\n"
	for _, c := range []struct {
		name       string
		parameters map[string]string
		change     func(*app.Settings)
		want       string // "" is no error
	}{
		{"both are there", map[string]string{"/w/pipeline": remote, "/w/NOT_IN_THE_ENVIRONMENT": "canary"}, nil, ""},
		{"a pipeline on disk, secrets from the service", map[string]string{"/w/NOT_IN_THE_ENVIRONMENT": "canary"},
			func(s *app.Settings) { s.Pipeline = write(t, remote) }, ""},
		{"no pipeline", nil, nil, "ssm: get parameter /w/pipeline: it does not exist"},
		{"a pipeline with mistakes", map[string]string{"/w/pipeline": "version: 1\npool: x\n"}, nil, "ssm:/w/pipeline:2:"},
		{"no secret", map[string]string{"/w/pipeline": remote}, nil, "secret NOT_IN_THE_ENVIRONMENT: ssm: get parameter /w/NOT_IN_THE_ENVIRONMENT"},
		{"a place that is none", nil, func(s *app.Settings) { s.Pipeline = "s3://bucket" }, "want s3://BUCKET/KEY"},
		{"secrets of an unknown kind", nil, func(s *app.Settings) { s.Secrets = "vault:x" }, "want env, ssm:/PREFIX/"},
		{"secrets in two places", nil, func(s *app.Settings) { s.SecretsDir = os.TempDir() }, "--secrets-dir is for secrets from the environment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting(t, "1209600")
			store(t, &s, c.parameters)
			s.Pipeline, s.Secrets = "ssm:/w/pipeline", "ssm:/w/"
			if c.change != nil {
				c.change(&s)
			}
			a, err := app.New(t.Context(), s)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			var usage *app.Usage
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
