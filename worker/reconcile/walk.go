package reconcile

import (
	"maps"
	"time"
)

// Phase is how far a walk is.
type Phase string

// The phases, in their order.
const (
	Walking Phase = "walking" // goes through the list
	Found   Phase = "found"   // knows whom the ledger lacks; nothing is sent
	Sending Phase = "sending" // sends them
	Sent    Phase = "sent"    // all are on the queue
)

// Counts are users by what a walk thinks of them. Listed is the sum of all others.
type Counts struct {
	Listed   int            `json:"listed"`
	Others   map[string]int `json:"others,omitempty"`   // by a status that is not wanted
	Disabled int            `json:"disabled,omitempty"` // of a wanted status, but turned off
	Before   int            `json:"before,omitempty"`   // created before Scope.Since
	After    int            `json:"after,omitempty"`    // created at or after Scope.Until
	Young    int            `json:"young,omitempty"`    // changed within the settle time
	Nameless int            `json:"nameless,omitempty"` // listed without a sub: never seen
	Known    int            `json:"known"`              // the ledger has a run of theirs
	Found    int            `json:"found"`              // the ledger has none
}

func (c *Counts) other(status string) {
	c.Others = maps.Clone(c.Others) // a walk that is not stored must not change the one that is
	if c.Others == nil {
		c.Others = map[string]int{}
	}
	c.Others[status]++
}

// Walk is how far a walk has come: the paper of it.
type Walk struct {
	ID       string    `json:"id"` // a random word
	Scope    Scope     `json:"scope"`
	Phase    Phase     `json:"phase"`
	Began    time.Time `json:"began"`
	Updated  time.Time `json:"updated"`
	Place    string    `json:"place,omitempty"` // of the next page
	Pages    int       `json:"pages"`           // read so far: calls of ListUsers that were answered
	Restarts int       `json:"restarts,omitempty"`
	Counts   Counts    `json:"counts"`
	Messages int       `json:"messages"` // users that were sent; one that was sent twice, because the answer was lost, counts once
	Settled  int       `json:"settled"`  // users found who had a run by the time they were to be sent
	Head     string    `json:"head,omitempty"`
	At       int       `json:"at,omitempty"`      // the next user of the head pile
	Earlier  int       `json:"earlier,omitempty"` // users whom walks before it sent, under the same generation
}

// fresh is the beginning of a walk.
func fresh(s Scope, now time.Time) Walk {
	now = now.UTC().Round(0)
	return Walk{ID: word(), Scope: s, Phase: Walking, Began: now, Updated: now}
}

// Left is how many users are still to be sent.
func (w Walk) Left() int { return w.Counts.Found - w.Messages - w.Settled }
