package all_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	"github.com/postconfirm/postconfirm/enrich/connect/all"
	"github.com/postconfirm/postconfirm/enrich/enrichtest/pretend"
	"github.com/postconfirm/postconfirm/enrich/expr"
	"github.com/postconfirm/postconfirm/enrich/pipefile"
)

// D8: which addresses may be dialled is held in package connect, on more than 60 of them, with a name that moves and with
// every redirect. Here is what is left: that no connector goes past it.

// sinkVars are the values of sinksFile.
func sinkVars(name string) expr.Vars {
	return expr.Vars{"user": map[string]any{"name": name}, "run": map[string]any{},
		"secrets": map[string]any{"HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "DSN": "postgres://u:p@metadata.example/d?sslmode=disable"}}
}

func withAccount(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_SESV2": ""} {
		t.Setenv(name, value)
	}
}

func isSalesforceToken(r pretend.Request) bool { return r.Target == "/services/oauth2/token" }

func TestThreatD8NoConnectorFollowsARedirect(t *testing.T) {
	withAccount(t)
	for _, location := range []string{"http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "//evil.example/", "/again"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("C6-127 %d to %s", status, location), func(t *testing.T) {
				vendor := pretend.New(pretend.Redirect(status, location))
				defer vendor.Close()
				vendor.When(isSalesforceToken, pretend.JSON(200, `{"access_token":"t"}`))
				pipeline := sinksOf(t, connect.NewClient(&connect.Options{Transport: vendor}))
				for _, step := range pipeline.Steps {
					before := len(vendor.Seen())
					_, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "k", Vars: sinkVars("Ann")})
					seen := slices.DeleteFunc(vendor.Seen()[before:], isSalesforceToken)
					if e := enrich.Failure(err); err == nil || e.Kind != enrich.Permanent || len(seen) != 1 {
						t.Errorf("%s: %v after %d requests", step.ID, err, len(seen))
					}
				}
				expected := []string{"v.example:80", "api.hubapi.com:80", "acme.my.salesforce.com:80", "email.eu-west-1.amazonaws.com:80"}
				for _, address := range vendor.Dialed() {
					if !slices.Contains(expected, address) {
						t.Errorf("%s is dialled", address)
					}
				}
			})
		}
	}
	t.Run("C6-127 the endpoint for tokens", func(t *testing.T) {
		vendor := pretend.New(pretend.Redirect(307, "https://evil.example/token"))
		defer vendor.Close()
		pipeline := sinksOf(t, connect.NewClient(&connect.Options{Transport: vendor}))
		for _, step := range pipeline.Steps {
			if step.Uses != "salesforce" {
				continue
			}
			_, err := step.Connector.Run(t.Context(), enrich.Call{EffectKey: "k", Vars: sinkVars("Ann")})
			if e := enrich.Failure(err); err == nil || e.Sent || strings.Contains(fmt.Sprint(vendor.Dialed()), "evil") {
				t.Errorf("%s: %v, dialled %v", step.ID, err, vendor.Dialed())
			}
		}
	})
}

func sinksOf(t *testing.T, client *connect.Client) *enrich.Pipeline {
	t.Helper()
	t.Cleanup(client.Close)
	pipeline, err := pipefile.Parse("sinks.yaml", []byte(sinksFile), &pipefile.Options{Kinds: all.Kinds(client)})
	if err != nil {
		t.Fatal(err)
	}
	return pipeline
}

// hosts that no worker may reach, as people write them.
func hosts() []string {
	return []string{"169.254.169.254", "[fd00:ec2::254]", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "localhost", "LOCALHOST.", "x.localhost",
		"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "0.0.0.0", "[::]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::1]", "[fe80::1]", "[fc00::1]", "198.18.0.1", "240.0.0.1"}
}

func TestThreatD8AFileCannotNameAnAddressThatIsNotPublic(t *testing.T) {
	for connector, step := range map[string]string{
		"http":           `uses: http, with: { url: "https://HOST/x" }`,
		"http, tokens":   `uses: http, with: { url: "https://v.example/x", token-url: "https://HOST/token", client-id: "${{ secrets.A }}", client-secret: "${{ secrets.A }}" }`,
		"hubspot":        `uses: hubspot, with: { token: "${{ secrets.A }}", base-url: "https://HOST" }`,
		"salesforce":     `uses: salesforce, with: { login: "https://HOST", client-id: "${{ secrets.A }}", client-secret: "${{ secrets.A }}", object: A, external-id: B, value: c, fields: { D: e } }`,
		"webhook":        `uses: webhook, with: { url: "https://HOST/x", secret: "${{ secrets.A }}", json: { a: 1 } }`,
		"a user chooses": `uses: http, with: { url: "https://${{ user.name }}.HOST/x" }`,
	} {
		t.Run(connector, func(t *testing.T) {
			for _, host := range hosts() {
				_, err := pipefile.Parse("p.yaml", []byte("version: 1\npools: [eu-west-1_Ab12cd34E]\nsteps:\n  - { id: a, "+strings.ReplaceAll(step, "HOST", host)+" }\nattributes:\n  custom:x: a\n"),
					&pipefile.Options{Kinds: all.Kinds(connect.NewClient(nil))})
				if err == nil {
					t.Errorf("%s is taken", host)
				}
			}
		})
	}
}

// D8: the one connector whose host is in a secret is held back when it dials: whoever can write a secret is an operator,
// but a name may move.
func TestThreatD8ADatabaseIsDialledThroughTheGuard(t *testing.T) {
	for _, host := range hosts() {
		for _, private := range []string{"false", "true"} {
			if strings.HasSuffix(host, ".localhost") || private == "true" && open(host) {
				continue // the first asks a name server, the others could be somebody's
			}
			client := connect.NewClient(nil)
			pipeline, err := pipefile.Parse("p.yaml", []byte(`
version: 1
pools: [eu-west-1_Ab12cd34E]
steps:
  - { id: a, uses: sql, with: { driver: postgres, dsn: "${{ secrets.DSN }}", query: SELECT 1 AS a, allow-private: `+private+` } }
attributes:
  custom:x: a
`), &pipefile.Options{Kinds: all.Kinds(client)})
			if err != nil {
				t.Fatal(err)
			}
			dsn := url.URL{Scheme: "postgres", User: url.UserPassword("u", "p"), Host: host + ":1", Path: "/d", RawQuery: "sslmode=disable"}
			_, err = pipeline.Steps[0].Connector.Run(t.Context(), enrich.Call{Vars: expr.Vars{"secrets": map[string]any{"DSN": dsn.String()}}})
			if e := enrich.Failure(err); err == nil || e.Sent || e.Code != connect.CodeBlocked && (e.Code != connect.CodeDNS || host != "LOCALHOST.") {
				t.Errorf("%s, private %s: %v", host, private, err)
			}
			if errors.Is(err, connect.ErrBlocked) && strings.Contains(err.Error(), host) {
				t.Errorf("%s: the error names it", host)
			}
			client.Close()
		}
	}
}

// open tells whether allow-private lets a database be there; package connect holds that it does.
func open(host string) bool {
	return slices.Contains([]string{"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "[fc00::1]"}, host)
}
