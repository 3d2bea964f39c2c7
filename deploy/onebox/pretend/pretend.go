// Package pretend is three outside systems that do not exist: a company directory, a CRM, and a mail service. The demo
// enriches its users from them.
//
// They speak plain HTTP and JSON with a bearer token, as such systems do: the directory answers 404 for a domain it
// does not know; the CRM takes a contact by its external id; the mail service recognises an Idempotency-Key. Each can be
// taken down and brought back ([Vendors.SetDown]), and each counts what it answered and what it refused meanwhile, so that
// a demo or a test can say "nothing was asked twice" by the other side's own word.
package pretend

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Token is what the vendors want as bearer token.
const Token = "pretend-token"

// The names of the vendors.
const (
	Company = "company"
	CRM     = "crm"
	Mail    = "mail"
)

// Names lists the vendors.
func Names() []string { return []string{Company, CRM, Mail} }

// Count is what a vendor did.
type Count struct {
	Answered int `json:"answered"` // calls that it took
	Refused  int `json:"refused"`  // calls while it was down
	Repeated int `json:"repeated"` // answered calls that asked for what it had answered before
}

// Vendors is an http.Handler that is all three. The zero value is ready; it is safe for concurrent use.
type Vendors struct {
	mu     sync.Mutex
	down   map[string]bool
	counts map[string]Count
	seen   map[string]bool
}

// SetDown takes a vendor down or brings it back. A vendor that is down answers 503.
func (v *Vendors) SetDown(name string, down bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down == nil {
		v.down = map[string]bool{}
	}
	v.down[name] = down
}

// Counts is what each vendor did so far.
func (v *Vendors) Counts() map[string]Count {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string]Count{}
	for _, name := range Names() {
		out[name] = v.counts[name]
	}
	return out
}

// ServeHTTP is all three vendors, told apart by their paths.
func (v *Vendors) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /company/v2/find", v.guard(Company, func(r *http.Request) string { return r.URL.Query().Get("for") }, find))
	mux.HandleFunc("PUT /crm/contacts/{id}", v.guard(CRM, func(r *http.Request) string { return r.PathValue("id") }, upsert))
	mux.HandleFunc("POST /mail/messages", v.guard(Mail, func(r *http.Request) string { return r.Header.Get("Idempotency-Key") }, send))
	mux.ServeHTTP(w, r)
}

// guard checks the token, refuses while the vendor is down, and counts. subject is what a call is about: the same one
// answered twice is a repetition.
func (v *Vendors) guard(name string, subject func(*http.Request) string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+Token {
			reply(w, http.StatusUnauthorized, map[string]any{"error": "no valid token"})
			return
		}
		if !v.count(name, subject(r)) {
			reply(w, http.StatusServiceUnavailable, map[string]any{"error": "down for maintenance"})
			return
		}
		answer(w, r)
	}
}

func (v *Vendors) count(name, subject string) (up bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.counts == nil {
		v.counts, v.seen = map[string]Count{}, map[string]bool{}
	}
	c := v.counts[name]
	defer func() { v.counts[name] = c }()
	if v.down[name] {
		c.Refused++
		return false
	}
	c.Answered++
	if v.seen[name+" "+subject] {
		c.Repeated++
	}
	v.seen[name+" "+subject] = true
	return true
}

// find knows every company whose domain is no mail provider's and does not start with "unknown".
func find(w http.ResponseWriter, r *http.Request) {
	domain := r.URL.Query().Get("domain")
	label, _, _ := strings.Cut(domain, ".")
	if label == "" || label == "mailbox" || strings.HasPrefix(label, "unknown") {
		reply(w, http.StatusNotFound, map[string]any{"error": "no such company"})
		return
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(domain))
	n := h.Sum32()
	reply(w, http.StatusOK, map[string]any{
		"name": strings.ToUpper(label[:1]) + label[1:] + [...]string{" Ltd", " GmbH", " Inc", " SA"}[n%4],
		"size": 10 + n%5000, "plan": map[string]any{"name": [...]string{"starter", "team", "business"}[n%3], "seats": 5 + n%200},
		"notes": "fields that nobody reads are not stored", "domain": domain})
}

func upsert(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.PathValue("id")))
	reply(w, http.StatusOK, map[string]any{"id": "crm_" + hex.EncodeToString(sum[:4]), "new": true})
}

func send(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusAccepted, map[string]any{"id": "msg_" + r.Header.Get("Idempotency-Key")})
}

func reply(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}
