package inspect

import (
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Row is one run as a list shows it, or a dead letter without a run. It carries no personal value.
type Row struct {
	Key   string          `json:"key,omitempty"` // "" of a letter that is no message
	State worker.RunState `json:"state"`
	worker.Cause
	Pool       string       `json:"pool,omitempty"`
	Generation string       `json:"generation,omitempty"`
	Source     string       `json:"source,omitempty"`
	Client     string       `json:"client,omitempty"`
	Domain     string       `json:"domain,omitempty"`   // a worker.DomainHash
	Pipeline   string       `json:"pipeline,omitempty"` // hash of the file that ran last
	FirstSeen  time.Time    `json:"first_seen,omitzero"`
	Updated    time.Time    `json:"updated,omitzero"`
	Attempts   int          `json:"attempts"` // charged, of the step that had most
	Reopens    int          `json:"reopens"`
	Releases   int          `json:"releases,omitempty"` // given back uncharged
	Crashes    int          `json:"crashes,omitempty"`
	Flags      []string     `json:"flags,omitempty"`        // why a done run is not perfect
	Effects    []string     `json:"open_effects,omitempty"` // steps of which nobody knows whether they happened
	Held       bool         `json:"held,omitempty"`         // a worker is at it now
	LetterSent bool         `json:"letter_sent,omitempty"`  // the worker has sent a dead letter of it
	Letters    *LetterCount `json:"letters,omitempty"`      // nil: the queue was not looked at, or has none
	Message    string       `json:"message,omitempty"`      // of a letter without a run: the queue's message id
}

// LetterCount is what the dead-letter queue has of one run.
type LetterCount struct {
	Copies int       `json:"copies"`
	Native int       `json:"native,omitempty"` // of them, those that SQS moved there itself
	Oldest time.Time `json:"oldest"`           // when the first of them was sent, by the queue's clock
	Reason string    `json:"reason,omitempty"` // of the last that says one
}

func (c *LetterCount) add(l worker.KeptLetter) {
	if c.Copies++; !l.Ours {
		c.Native++
	}
	if c.Oldest.IsZero() || l.Sent.Before(c.Oldest) {
		c.Oldest = l.Sent
	}
	if l.Reason != "" {
		c.Reason = l.Reason
	}
}

// rowOf is a run's row.
func rowOf(r worker.Run, now time.Time) Row {
	return Row{Key: r.Key, State: r.State, Cause: r.Cause(), Pool: r.Pool, Generation: r.Generation, Source: r.Source,
		Client: r.Client, Domain: r.Domain, Pipeline: r.Pipeline, FirstSeen: r.FirstSeen, Updated: r.Updated,
		Attempts: r.Attempts(), Reopens: r.Reopens, Releases: r.Releases, Crashes: r.Crashes, Flags: r.Flags,
		Effects: r.OpenEffects(), Held: r.Owner != "" && r.LeaseUntil.After(now), LetterSent: r.LetterSent}
}

// rowOfLetter is the row of a letter without a run.
func rowOfLetter(l worker.KeptLetter) Row {
	row := Row{Key: l.RunKey(), State: NoRun, Cause: worker.Cause{Step: l.Step, Class: l.Class, Code: l.Reason}, FirstSeen: l.Sent,
		Updated: l.Sent, Attempts: l.Attempts, Reopens: l.Reopens, Pipeline: l.Pipeline, Message: l.ID, Letters: &LetterCount{}}
	row.Letters.add(l)
	m, err := l.Message()
	if err == nil {
		row.Pool, row.Generation, row.Source, row.Client = m.Pool, m.Generation, m.Source, m.Client
	}
	if row.Code == "" {
		row.Code = unread(err)
	}
	return row
}

// unread is why a letter that gives no reason has no run.
func unread(err error) string {
	if known, ok := err.(*event.Error); ok {
		return string(known.Reason)
	}
	return CodeNotInLedger
}

// matches tells whether a row without a run is one that the query wants: a part of the filter that the letter says
// nothing about does not match.
func (r Row) matches(f worker.Filter) bool {
	f.State = ""
	cause := f.Cause
	f.Cause, f.Troubled = worker.Cause{}, false
	same := func(want, got string) bool { return want == "" || want == got }
	if !same(cause.Step, r.Step) || !same(cause.Class, r.Class) || !same(cause.Code, r.Code) || r.Attempts < f.Attempts {
		return false
	}
	f.Attempts = 0
	id := worker.Identity{Pool: r.Pool, Generation: r.Generation, Source: r.Source, Client: r.Client}
	return f.Match(worker.Run{Identity: id, Pipeline: r.Pipeline, FirstSeen: r.FirstSeen, Domain: r.Domain})
}
