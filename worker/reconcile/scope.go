package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Scope says which users a walk is about, and as what they are sent.
type Scope struct {
	Pool       string        `json:"pool"`
	Generation string        `json:"generation"`       // event.Onboarding to reconcile; a backfill has a name of its own
	Steps      []string      `json:"steps,omitzero"`   // of a backfill: the steps to run, none if it is empty; nil is all
	Statuses   []string      `json:"statuses"`         // of users who are wanted
	Filter     string        `json:"filter,omitempty"` // ListUsers' own; "" is all
	Since      time.Time     `json:"since,omitzero"`   // only users created at or after it
	Until      time.Time     `json:"until,omitzero"`   // only users created before it
	Asked      string        `json:"asked,omitempty"`  // how Since and Until were typed: "2h" is the same an hour later
	Settle     time.Duration `json:"settle_ns"`        // only users who have not changed for so long
	Limit      int           `json:"limit,omitempty"`  // the walk ends when it has found so many; 0 is no limit
}

// Wanted are the statuses of users who are confirmed: those who signed up here, and those who sign in elsewhere. Federated
// users are never CONFIRMED (Amazon Cognito API reference, UserType).
func Wanted() []string { return []string{"CONFIRMED", "EXTERNAL_PROVIDER"} }

// Statuses are all that a user can have (Amazon Cognito API reference, UserType, UserStatus).
func Statuses() []string {
	return []string{"UNCONFIRMED", "CONFIRMED", "EXTERNAL_PROVIDER", "ARCHIVED", "UNKNOWN", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD"}
}

// maxGeneration is the longest name of a backfill.
const maxGeneration = 64

// Check says what is wrong with a scope.
func (s Scope) Check() error {
	switch {
	case strings.Trim(s.Pool, paperLetters) != "" || !strings.Contains(s.Pool, "_") || len(s.Pool) > 55:
		return fmt.Errorf("%q is no pool id; one looks like eu-west-1_Ab12cd34E", s.Pool)
	case s.Generation == "" || len(s.Generation) > maxGeneration || strings.Trim(s.Generation, paperLetters) != "":
		return fmt.Errorf("a generation has 1 to %d letters (a-z, A-Z), digits and any of -_. in it", maxGeneration)
	case len(s.Statuses) == 0:
		return errors.New("no status is wanted")
	case s.Settle < 0:
		return errors.New("the settle time is negative")
	case !s.Since.IsZero() && !s.Until.IsZero() && !s.Since.Before(s.Until):
		return fmt.Errorf("since %s is not before until %s (UTC)", s.Since.UTC().Format(time.RFC3339), s.Until.UTC().Format(time.RFC3339))
	}
	for _, status := range s.Statuses {
		if !slices.Contains(Statuses(), status) {
			return fmt.Errorf("%q is no status of a user; there are %s", status, strings.Join(Statuses(), ", "))
		}
	}
	return nil
}

// paperLetters are those of a paper's name without the colon, which stands between the parts of ours.
const paperLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

// source is who enqueues.
func (s Scope) source() string {
	if s.Generation == event.Onboarding {
		return event.SourceReconcile
	}
	return event.SourceBackfill
}

// same tells whether two scopes ask for the same, so that one walk does for both.
func (s Scope) same(o Scope) bool {
	window := s.Asked != "" && s.Asked == o.Asked || s.Asked == o.Asked && s.Since.Equal(o.Since) && s.Until.Equal(o.Until)
	return window && s.Pool == o.Pool && s.Generation == o.Generation && s.Filter == o.Filter && s.Settle == o.Settle &&
		s.Limit == o.Limit && slices.Equal(s.Statuses, o.Statuses) && s.SameSteps(o.Steps)
}

// SameSteps tells whether these steps are the scope's.
func (s Scope) SameSteps(steps []string) bool {
	return (s.Steps == nil) == (steps == nil) && slices.Equal(s.Steps, steps)
}

// identity is the run of a user.
func (s Scope) identity(sub string) worker.Identity {
	return worker.Identity{Pool: s.Pool, Sub: sub, Generation: s.Generation, Source: s.source()}
}

// wants counts a user, and tells whether the ledger has to be asked about them.
func (s Scope) wants(m worker.Member, now time.Time, c *Counts) bool {
	c.Listed++
	last := m.Created
	if m.Modified.After(last) {
		last = m.Modified
	}
	switch {
	case !slices.Contains(s.Statuses, m.Status):
		c.other(m.Status)
	case m.Disabled:
		c.Disabled++
	case m.Created.Before(s.Since):
		c.Before++
	case !s.Until.IsZero() && !m.Created.Before(s.Until):
		c.After++
	case last.After(now.Add(-s.Settle)):
		c.Young++
	case m.Sub == "":
		c.Nameless++
	default:
		return true
	}
	return false
}
