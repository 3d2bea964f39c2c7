package pretend

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Event is a webhook that was taken: signed with our secret, fresh, and not seen before.
type Event struct {
	ID      string // the webhook-id
	Type    string // the two attributes of a CloudEvent; "" of any other body
	Subject string
}

// tolerance is how far a timestamp may be from the receiver's clock: that of the Standard Webhooks libraries.
const tolerance = 5 * time.Minute

// Receiver takes webhooks as Standard Webhooks 1.0 tells a receiver to: it checks the signature over id, timestamp and body
// before it believes a byte, refuses what is older than five minutes, and recognises a second arrival by its webhook-id.
//
// Set Secret; it is safe for concurrent use.
type Receiver struct {
	Secret string           // whsec_ and base64
	Now    func() time.Time // time.Now

	mu       sync.Mutex
	events   []Event
	repeated int
	refused  int
}

// Events are the events that were taken, oldest first, each once.
func (r *Receiver) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Repeated counts the arrivals of an event that was taken before.
func (r *Receiver) Repeated() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repeated
}

// Refused counts what came without a good signature.
func (r *Receiver) Refused() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// ServeHTTP answers 204 to an event with a good signature, also when it comes again, and 401 to everything else.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if request.Method != http.MethodPost || err != nil || !r.genuine(request.Header, body) {
		r.mu.Lock()
		r.refused++
		r.mu.Unlock()
		reply(w, http.StatusUnauthorized, map[string]any{"error": "no valid signature"})
		return
	}
	r.take(request.Header.Get("Webhook-Id"), body)
	w.WriteHeader(http.StatusNoContent)
}

// genuine tells whether one of the signatures is ours, and fresh (Standard Webhooks 1.0, "Signature scheme").
func (r *Receiver) genuine(h http.Header, body []byte) bool {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil || r.now().Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	encoded, ok := strings.CutPrefix(r.Secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Fields(h.Get("Webhook-Signature")), func(got string) bool { return hmac.Equal([]byte(got), []byte(want)) })
}

func (r *Receiver) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r *Receiver) take(id string, body []byte) {
	var event struct{ Type, Subject string }
	_ = json.Unmarshal(body, &event) // any body can be signed; one that is no CloudEvent has neither
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.events, func(e Event) bool { return e.ID == id }) {
		r.repeated++
		return
	}
	r.events = append(r.events, Event{ID: id, Type: event.Type, Subject: event.Subject})
}
