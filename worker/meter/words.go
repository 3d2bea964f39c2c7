package meter

import (
	"strings"
	"sync"
)

// The bounds of words that connectors and services choose.
const (
	maxWords = 50 // beside the worker's own
	longest  = 40 // characters
	digits   = 4  // of them at most: "http_503" has three, a run key or a phone number has more
)

// other stands for what is no word, or one too many.
const other = "other"

// none stands for no reason: CloudWatch has no empty dimension.
const none = "none"

// own are the reasons that the worker gives itself; they always have room.
func own() []string {
	return []string{"attributes_rejected", "body_empty", "body_schema", "body_too_large", "body_undecodable",
		"breaker_open", "busy", "condition_failed", "crash_loop", "deadline", "dlq_unavailable", "draining",
		"effect_under_way", "envelope_unknown", "identity_ambiguous", "identity_missing", "interrupted", "key_expired",
		"lease_lost", "ledger_corrupt", "ledger_unavailable", "panic", "parked", "pool_not_allowed", "rate_limit",
		"result_too_large", "result_unreadable", "secret_unavailable", "suspect_waits", "timeout", "too_old", "unclassified",
		"user_gone", "user_replaced", "vendor_asked_to_wait", "version_unknown", "write_budget"}
}

// words bounds a label whose values come from connectors: the first of them are let through, the rest is "other". Its
// zero value is ready; it is safe for concurrent use.
type words struct {
	mu    sync.RWMutex
	known map[string]bool
	room  int
}

// word is s if it is one of the words, or may become one.
func (w *words) word(s string) string {
	if s == "" {
		return none
	}
	w.mu.RLock()
	known := w.known[s]
	w.mu.RUnlock()
	if known {
		return s
	}
	return w.learn(s)
}

func (w *words) learn(s string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		w.known, w.room = map[string]bool{none: true}, maxWords
		for _, o := range own() {
			w.known[o] = true
		}
	}
	switch {
	case w.known[s]:
		return s
	case w.room == 0 || !short(s):
		return other
	}
	w.known[s] = true
	w.room--
	return s
}

// short tells whether s is a code: a letter, then letters, underscores and a few digits. A sub, an address, a phone
// number are none.
func short(s string) bool {
	if len(s) > longest || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	numbers := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			numbers++
		case r != '_' && (r < 'a' || r > 'z'):
			return false
		}
	}
	return numbers <= digits
}

// text is s if both faces can show it as a label: CloudWatch wants printable ASCII, at most 1,024 characters, not only
// blanks (PutMetricData, Amazon CloudWatch API reference). What comes from a pipeline file nearly always is.
func text(s string) string {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	if s == "" || len(s) > 255 || strings.ContainsFunc(s, odd) {
		return other
	}
	return s
}
