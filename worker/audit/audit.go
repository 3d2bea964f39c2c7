// Package audit is the log of what operators did: who, when, what, why, with which plan and configuration, and how much
// of it came to be. Every command that changes something writes an entry before it begins and one when it has ended, so
// a command that was killed is seen as begun.
//
// It promises that entries are only ever added, that their order is that of their times (UTC, of the machine that wrote
// them), and that two machines never write over each other. It keeps them in the ledger's own store, for as long as the
// ledger is.
//
// It refuses values: an entry has names of commands, run keys, counts and what the operator wrote as a reason, no
// attribute of a user.
package audit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/postconfirm/postconfirm/worker"
)

// drawer is where the entries are among the papers.
const drawer = "audit"

// maxText is the longest Who and Why, in bytes; the rest is cut.
const maxText = 500

// Entry is one line of the log.
type Entry struct {
	ID     string         `json:"id"` // set by Append: its order is that of time
	At     time.Time      `json:"at"` // UTC; set by Append
	Who    string         `json:"who"`
	Action string         `json:"action"`           // the command, such as "replay run"
	State  string         `json:"state"`            // begun, done, partly, failed, refused
	Why    string         `json:"why,omitempty"`    // what the operator gave: a ticket, a sentence
	Plan   string         `json:"plan,omitempty"`   // id of the plan
	Run    string         `json:"run,omitempty"`    // run key, if it was about a single run
	Step   string         `json:"step,omitempty"`   // likewise
	Config string         `json:"config,omitempty"` // hash of the pipeline file
	Counts map[string]int `json:"counts,omitempty"` // by what was counted: "reopened", "sent", …
}

// The states of an entry.
const (
	Begun   = "begun"
	Done    = "done"
	Partly  = "partly"
	Failed  = "failed"
	Refused = "refused"
)

// Log is the log in a ledger's papers. It is safe for concurrent use.
type Log struct {
	Papers worker.Papers
	Now    func() time.Time // time.Now
}

// Append adds an entry, durably when it returns nil.
func (l *Log) Append(ctx context.Context, e Entry) (id string, err error) {
	if e.Who == "" || e.Action == "" || e.State == "" {
		return "", errors.New("audit: append: who, action and state are needed")
	}
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	e.At = now().UTC()
	e.ID = Before(e.At) + "-" + strings.ToLower(rand.Text()[:8])
	e.Who, e.Why = plain(e.Who), plain(e.Why)
	body, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("audit: append: %w", err)
	}
	if _, err := l.Papers.PutPaper(ctx, worker.Paper{Drawer: drawer, Name: e.ID, Body: body}); err != nil {
		return "", fmt.Errorf("audit: append: %w", err)
	}
	return e.ID, nil
}

// Before is the place before the first entry of a moment or later: List behind it gives those.
func Before(at time.Time) string { return at.UTC().Format("20060102T150405.000000000Z") }

// List reads entries behind an id, the oldest first, at most limit (100 if it is not positive). Fewer than limit are the
// last. One that can't be read ends the list with an error.
func (l *Log) List(ctx context.Context, after string, limit int) ([]Entry, error) {
	papers, err := l.Papers.Papers(ctx, drawer, after, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: list: %w", err)
	}
	entries := make([]Entry, len(papers))
	for i, p := range papers {
		if err := json.Unmarshal(p.Body, &entries[i]); err != nil {
			return entries[:i], fmt.Errorf("audit: read entry %s: %w", p.Name, err)
		}
	}
	return entries, nil
}

// plain makes one short line of what a person typed: no control characters, no other direction.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.TrimSpace(s)
}
