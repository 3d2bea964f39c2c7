package pretend

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Contact is one contact as HubSpot keeps it.
type Contact struct {
	ID         string // HubSpot's number
	Email      string // in lower case
	Properties map[string]string
	Writes     int // the upsert that made it, and those after it
}

// HubSpot keeps the contacts of one account, at the wire of HubSpot's CRM API: batch upsert and batch read of contacts, by
// e-mail address, in a dated version and in v3 (HubSpot API reference, contacts). A batch is refused as a whole if
// anything is wrong with it, as HubSpot does.
//
// It knows the properties that every account begins with, and no limits. Set Token; it is safe for concurrent use.
type HubSpot struct {
	Token string // the access token that it wants

	mu       sync.Mutex
	contacts []*Contact
}

// ServeHTTP is the contacts API.
func (h *HubSpot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+h.Token {
		hubspotError(w, http.StatusUnauthorized, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
		return
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/crm/objects/{version}/contacts/batch/", "/crm/v3/objects/contacts/batch/"} {
		mux.HandleFunc("POST "+path+"upsert", h.upsert)
		mux.HandleFunc("POST "+path+"read", h.read)
	}
	mux.ServeHTTP(w, r)
}

// Contacts are all contacts, oldest first.
func (h *HubSpot) Contacts() []Contact {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Contact, len(h.contacts))
	for i, c := range h.contacts {
		all[i] = *c
		all[i].Properties = maps.Clone(c.Properties)
	}
	return all
}

// Repeated counts the writes beyond the one that made a contact.
func (h *HubSpot) Repeated() int {
	n := 0
	for _, c := range h.Contacts() {
		n += c.Writes - 1
	}
	return n
}

func (h *HubSpot) upsert(w http.ResponseWriter, r *http.Request) {
	body, wrong := readUpsert(w, r)
	if wrong != "" {
		hubspotError(w, http.StatusBadRequest, "VALIDATION_ERROR", wrong)
		return
	}
	var results []any
	for _, in := range body.Inputs {
		contact, isNew := h.put(strings.ToLower(in.ID), in.Properties)
		result := shown(contact)
		result["new"] = isNew
		results = append(results, result)
	}
	reply(w, http.StatusOK, batch(results, nil))
}

// put writes one contact.
func (h *HubSpot) put(email string, properties map[string]string) (c Contact, isNew bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.contacts, func(c *Contact) bool { return c.Email == email })
	if isNew = i < 0; isNew {
		i = len(h.contacts)
		h.contacts = append(h.contacts, &Contact{ID: strconv.Itoa(1001 + i), Email: email, Properties: map[string]string{}})
	}
	kept := h.contacts[i]
	kept.Writes++
	maps.Copy(kept.Properties, properties)
	c = *kept
	c.Properties = maps.Clone(kept.Properties)
	return c, isNew
}

func (h *HubSpot) read(w http.ResponseWriter, r *http.Request) {
	body, wrong := readRead(w, r)
	if wrong != "" {
		hubspotError(w, http.StatusBadRequest, "VALIDATION_ERROR", wrong)
		return
	}
	all, status := h.Contacts(), http.StatusOK
	var results, failures []any
	for _, in := range body.Inputs {
		i := slices.IndexFunc(all, func(c Contact) bool { return c.Email == strings.ToLower(in.ID) })
		if i < 0 {
			status = http.StatusMultiStatus
			failures = append(failures, map[string]any{"status": "error", "category": "OBJECT_NOT_FOUND",
				"message": "Could not get some CONTACT objects, they may be deleted or not exist.", "context": map[string]any{"ids": []string{in.ID}}})
			continue
		}
		results = append(results, shown(all[i]))
	}
	reply(w, status, batch(results, failures))
}

// shown is a contact as HubSpot gives it back.
func shown(c Contact) map[string]any {
	properties := map[string]string{"email": c.Email, "hs_object_id": c.ID}
	maps.Copy(properties, c.Properties)
	return map[string]any{"id": c.ID, "properties": properties, "archived": false}
}

// batch is the answer to a batch.
func batch(results, failures []any) map[string]any {
	now := time.Now().UTC().Format(time.RFC3339)
	out := map[string]any{"status": "COMPLETE", "results": append([]any{}, results...), "startedAt": now, "completedAt": now}
	if len(failures) > 0 {
		out["numErrors"], out["errors"] = len(failures), failures
	}
	return out
}

func hubspotError(w http.ResponseWriter, status int, category, message string) {
	reply(w, status, map[string]any{"status": "error", "category": category, "message": message, "correlationId": "pretend"})
}
