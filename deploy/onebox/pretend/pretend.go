// Package pretend is outside systems that do not exist, for the demo to enrich its users from.
//
// [Vendors] are three of no make: a company directory, a CRM and a mail service that speak plain HTTP and JSON with a
// bearer token. The directory answers 404 for a domain it does not know; the CRM takes a contact by its external id; the
// mail service recognises an Idempotency-Key.
//
// A [Web] is the internet of a scene: real host names, TLS, and behind them vendors that speak the wire of the systems
// that they stand for: [Companies], [HubSpot], a [Receiver] of webhooks that checks signatures. It lets nobody out.
//
// Each can be taken down and brought back (SetDown), and each counts what it answered and what it refused meanwhile, so
// that a demo or a test can say "nothing was done twice" by the other side's own word. Standard library only.
package pretend

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
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
	Repeated int `json:"repeated"` // answered calls that asked for what it had answered before; in a Web, effects asked for twice
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

// find is the directory of the demo's own pipeline.
func find(w http.ResponseWriter, r *http.Request) {
	domain := r.URL.Query().Get("domain")
	name, plan, known := company(domain)
	if !known {
		reply(w, http.StatusNotFound, map[string]any{"error": "no such company"})
		return
	}
	n := number(domain)
	reply(w, http.StatusOK, map[string]any{"name": name, "size": 10 + n%5000, "plan": map[string]any{"name": plan, "seats": 5 + n%200},
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
