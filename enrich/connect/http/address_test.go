package httpstep_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/connect"
	httpstep "github.com/postconfirm/postconfirm/enrich/connect/http"
	"github.com/postconfirm/postconfirm/enrich/expr"
)

// D9, C3-75.
func TestAValueInThePathIsOneSegment(t *testing.T) {
	a := newAim(t)
	for value, want := range map[string]string{
		"acme.com":                       "/v1/a/x-acme.com.json/acme.com/end",
		"a b":                            "/v1/a/x-a%20b.json/a%20b/end",
		"a/b":                            "/v1/a/x-a%2Fb.json/a%2Fb/end",
		"a?b#c&d=e":                      "/v1/a/x-a%3Fb%23c&d=e.json/a%3Fb%23c&d=e/end",
		"%2e%2e":                         "/v1/a/x-%252e%252e.json/%252e%252e/end",
		"é\u202e\x00\r\n":                "/v1/a/x-%C3%A9%E2%80%AE%00%0D%0A.json/%C3%A9%E2%80%AE%00%0D%0A/end",
		"//evil.example.com":             "/v1/a/x-%2F%2Fevil.example.com.json/%2F%2Fevil.example.com/end",
		"@evil.example.com":              "/v1/a/x-@evil.example.com.json/@evil.example.com/end",
		"https://evil.example.com/":      "/v1/a/x-https:%2F%2Fevil.example.com%2F.json/https:%2F%2Fevil.example.com%2F/end",
		"...":                            "/v1/a/x-....json/.../end",
		"\xff":                           "/v1/a/x-%FF.json/%FF/end",
		".":                              "", // a segment of its own would vanish
		"..":                             "",
		"../../admin":                    "",
		"a/../b":                         "",
		`..\admin`:                       "",
		"..;/admin":                      "",
		"a/.;x=y":                        "",
		"":                               "",
		strings.Repeat("longer ", 2_000): "",
	} {
		got, err := a.at(t, value)
		switch {
		case want == "" && err == nil:
			t.Errorf("%.40q: got %s, want a refusal", value, got)
		case want != "" && err != nil:
			t.Errorf("%q: %v", value, err)
		case want != "" && got.RequestURI() != want+"?fixed=1":
			t.Errorf("%q: got %s, want %s", value, got.RequestURI(), want)
		}
		if err != nil && len(value) > 2 && strings.Contains(err.Error(), value) {
			t.Errorf("the error shows the value: %v", err)
		}
	}
}

// aim is a step whose path has a user's name in it twice, and the URL that it asked for last.
type aim struct {
	connector enrich.Connector
	asked     *url.URL
}

func newAim(t testing.TB) *aim {
	t.Helper()
	a := &aim{}
	c := httpstep.Kind(connect.NewClient(&connect.Options{Transport: a})).Config().(*httpstep.Config)
	c.URL = template(t, "https://api.example.com:8443/v1/a/x-${{ default(user.name, '') }}.json/${{ default(user.name, '') }}/end?fixed=1")
	a.connector = made(t, c)
	return a
}

// RoundTrip notes the URL and answers with nothing.
func (a *aim) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = r.URL
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}, nil
}

// at gives the URL for a user with that name.
func (a *aim) at(t testing.TB, name string) (*url.URL, error) {
	t.Helper()
	_, err := a.connector.Run(t.Context(), enrich.Call{Vars: expr.Vars{"user": map[string]any{"name": name}}})
	return a.asked, err
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"acme.com", "../../x", "@evil", "//evil", "\\\\evil", "%2e%2e", "?a", "#a", ":80", "é", "\x00", "x\r\nHost: evil", ".", "..;"} {
		f.Add(seed)
	}
	a := newAim(f)
	f.Fuzz(func(t *testing.T, value string) {
		u, err := a.at(t, value)
		if err != nil {
			return
		}
		if u.Scheme != "https" || u.Host != "api.example.com:8443" || u.User != nil || u.RawQuery != "fixed=1" || u.Fragment != "" {
			t.Errorf("%q moves the request to %s", value, u.Redacted())
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if len(segments) != 6 || strings.Join(segments[:3], "/") != "/v1/a" || segments[5] != "end" ||
			!strings.HasPrefix(segments[3], "x-") || !strings.HasSuffix(segments[3], ".json") {
			t.Errorf("%q changes the path to %s", value, u.EscapedPath())
		}
		if plain, err := url.PathUnescape(segments[4]); err != nil || plain != value {
			t.Errorf("%q arrives as %q", value, plain)
		}
		if segments[4] == "" || segments[4] == "." || segments[4] == ".." {
			t.Errorf("%q is a segment that servers remove", value)
		}
	})
}
