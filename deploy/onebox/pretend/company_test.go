package pretend_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/deploy/onebox/pretend"
)

func TestTheDirectoryKnowsCompaniesAndNoMailProviders(t *testing.T) {
	for _, c := range []struct {
		name, target, token string
		status              int
		want                string
	}{
		{"by query", "/v2/companies/find?domain=acme.example", "t", 200, `"legal_name":"Acme SA","plan":"starter"`},
		{"by path", "/v2/companies/acme.example", "t", 200, `"legal_name":"Acme SA","plan":"starter"`},
		{"a mail provider", "/v2/companies/mailbox.example", "t", 404, "no such company"},
		{"a domain that is unknown", "/v2/companies/find?domain=unknown7.example", "t", 404, "no such company"},
		{"no domain", "/v2/companies/find", "t", 404, "no such company"},
		{"another token", "/v2/companies/acme.example", "x", 401, "no valid token"},
		{"another path", "/v1/companies/acme.example", "t", 404, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.target, http.NoBody)
			r.Header.Set("Authorization", "Bearer "+c.token)
			w := httptest.NewRecorder()
			(&pretend.Companies{Token: "t"}).ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}
