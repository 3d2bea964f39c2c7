package pretend

import (
	"hash/fnv"
	"net/http"
	"strings"
)

// Companies is a directory of companies: what the examples ask for at api.example.com. It answers 404 for a domain that it
// does not know, which is a mail provider's. It has no state and no effect.
type Companies struct {
	Token string // the bearer token that it wants
}

// ServeHTTP answers GET /v2/companies/find?domain=DOMAIN and GET /v2/companies/DOMAIN.
func (c *Companies) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+c.Token {
		reply(w, http.StatusUnauthorized, map[string]any{"error": "no valid token"})
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/companies/find", func(w http.ResponseWriter, r *http.Request) { describe(w, r.URL.Query().Get("domain")) })
	mux.HandleFunc("GET /v2/companies/{domain}", func(w http.ResponseWriter, r *http.Request) { describe(w, r.PathValue("domain")) })
	mux.ServeHTTP(w, r)
}

// describe says who has a domain.
func describe(w http.ResponseWriter, domain string) {
	name, plan, known := company(domain)
	if !known {
		reply(w, http.StatusNotFound, map[string]any{"error": "no such company"})
		return
	}
	reply(w, http.StatusOK, map[string]any{"company": map[string]any{"legal_name": name, "plan": plan, "domain": domain}})
}

// company knows every company whose domain is no mail provider's and does not start with "unknown".
func company(domain string) (name, plan string, known bool) {
	label, _, _ := strings.Cut(domain, ".")
	if label == "" || label == "mailbox" || strings.HasPrefix(label, "unknown") {
		return "", "", false
	}
	n := number(domain)
	name = strings.ToUpper(label[:1]) + label[1:] + [...]string{" Ltd", " GmbH", " Inc", " SA"}[n%4]
	return name, [...]string{"starter", "team", "business"}[n%3], true
}

// number is always the same for a text.
func number(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return h.Sum32()
}
