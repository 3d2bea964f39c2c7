package worker

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
)

// Identity says which run is meant: one person in one generation. Source and Client are kept when the run is new.
type Identity struct {
	Pool, Sub, Generation string
	Source, Client        string
}

// Key is the run key.
func (id Identity) Key() string { return event.RunKey(id.Pool, id.Sub, id.Generation) }

// RunState is where a run stands.
type RunState string

// The states of a run. Every state but Open is final until an operator reopens a parked run.
const (
	Open     RunState = "open"
	Done     RunState = "done"     // perhaps with flags
	Parked   RunState = "parked"   // waits for a person
	Gone     RunState = "gone"     // the user was deleted
	Replaced RunState = "replaced" // the name belongs to another person now
)

// StepState is where a step of a run stands.
type StepState string

// The states of a step. The empty state, Intent included, is one that will be tried again.
const (
	StepOpen    StepState = ""
	StepIntent  StepState = "intent"  // an effect is about to happen; found again, nobody knows if it did
	StepDone    StepState = "done"    // Output holds what expressions need
	StepFailed  StepState = "failed"  // for good; Code says why
	StepUnknown StepState = "unknown" // sent, and nobody knows if it arrived: an open effect
	StepSkipped StepState = "skipped" // Code says why
)

// Terminal tells whether the step is not tried again.
func (s StepState) Terminal() bool { return s != StepOpen && s != StepIntent }

// The outcomes that expressions see as steps.ID.outcome, beside the failed and unknown states.
const (
	OutcomeFound    = "found"
	OutcomeNotFound = "not-found"
	OutcomeDefault  = "default"
	OutcomeSkipped  = "skipped"
)

// StepRecord is what the ledger keeps of one step.
type StepRecord struct {
	State    StepState       `json:"state,omitempty"`
	Outcome  string          `json:"outcome,omitempty"`
	Output   json.RawMessage `json:"output,omitempty"`   // only the fields that expressions read, ≤ 16 KiB
	If       *bool           `json:"if,omitempty"`       // the condition's result, decided once
	Attempts int             `json:"attempts,omitempty"` // charged: deliveries that really tried it and failed
	Code     string          `json:"code,omitempty"`     // of the last failure, or why it was skipped
	At       time.Time       `json:"at,omitzero"`        // when Output was observed, or the intent recorded
	First    time.Time       `json:"first,omitzero"`     // when the first intent was recorded: the age of the effect key
	Kind     string          `json:"kind,omitempty"`     // of the last failure: an enrich.FailureKind in a word
	Took     int64           `json:"ms,omitempty"`       // milliseconds of the last delivery's calls, with the pauses between them
	Failures []Failure       `json:"failures,omitempty"` // the last of them, MaxFailures at most, the oldest first
	Again    int             `json:"again,omitempty"`    // how often an operator wanted it done anew: each has an effect key of its own
	Settled  bool            `json:"settled,omitempty"`  // State is what Settle was told, not what an answer said
}

// Run is one entry of the ledger. Personal values can stand in step outputs only.
type Run struct {
	Identity
	Key        string
	State      RunState
	Reason     string // why it was parked
	Owner      string // of the lease; "" when nobody holds it
	Fence      int64  // grows with every claim
	LeaseUntil time.Time
	FirstSeen  time.Time
	Updated    time.Time
	Crashes    int
	Releases   int // given back uncharged
	Reopens    int
	LetterSent bool // a parked run's dead letter is durable
	Steps      map[string]StepRecord
	Flags      []string         // why a done run is not perfect: "attribute custom:x: too_long"
	Written    map[string]Wrote // by attribute
	Pipeline   string           // hash of the file that ran last
	Reopened   time.Time        // by an operator, the last time; the age limit counts from it
	Plan       string           // the plan, or the operator's command, that reopened it last
	Origin     Origin           // what its message said; leaves with the answers
	Domain     string           // DomainHash of the user's e-mail address; "" if there is none
	Erased     time.Time        // since when it has no answers any more, and no digests if the person was forgotten
	// Others tells whether the ledger knows other runs of this person. Claim says it; it is not stored.
	Others bool
}

// Wrote is what the ledger keeps of a value that was written to the pool: enough to recognise it, and to know whether
// another one is newer.
type Wrote struct {
	Digest   string    `json:"digest"`
	Observed time.Time `json:"observed"` // when the oldest of the answers that it was made of arrived
}

func (r *Run) wrote(attribute string, w Wrote) {
	if r.Written == nil {
		r.Written = map[string]Wrote{}
	}
	r.Written[attribute] = w
}

// MergeWritten is what the runs of one person wrote: of each attribute the value that was observed last, whichever
// run was saved last.
func MergeWritten(runs []Run) map[string]Wrote {
	all := map[string]Wrote{}
	for _, r := range runs {
		for name, w := range r.Written {
			if before, ok := all[name]; !ok || before.Observed.Before(w.Observed) {
				all[name] = w
			}
		}
	}
	return all
}

// since is what the age limit counts from: a reopened run has a fresh one.
func (r *Run) since() time.Time {
	if r.Reopened.After(r.FirstSeen) {
		return r.Reopened
	}
	return r.FirstSeen
}

// Flag adds a flag once.
func (r *Run) Flag(f string) {
	if !slices.Contains(r.Flags, f) {
		r.Flags = append(r.Flags, f)
	}
}

// OpenEffects are the steps whose effect nobody knows: for good, or, in a parked run, until it is reopened and looks.
func (r *Run) OpenEffects() []string {
	var ids []string
	for id, s := range r.Steps {
		if r.openEffect(s) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// EffectKey names the effect of a step of this run: what the other side was given, if it takes idempotency keys.
func (r *Run) EffectKey(step string) string { return effectKey(r.Key, step, r.Steps[step].Again) }
