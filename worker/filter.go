package worker

import (
	"slices"
	"time"
)

// Filter chooses runs of a ledger, in the order of their keys. The zero Filter is the first hundred of all. Every part
// that is not zero must match.
type Filter struct {
	State      RunState  // only runs in this state
	Cause      Cause     // only runs whose cause has these parts; an empty part matches any
	Troubled   bool      // only runs that have a cause
	Pool       string    // only of this user pool
	Source     string    // only from this source: signup, reconcile, backfill
	Generation string    // only of this generation
	Client     string    // only of this app client
	Domain     string    // only of this DomainHash
	Pipeline   string    // only runs that a pipeline file with this hash, or hashes that begin so, worked on last
	Plan       string    // only runs that this plan, or operator's command, reopened last
	Since      time.Time // only first seen at or after this
	Until      time.Time // only first seen before this
	Attempts   int       // only with at least so many charged attempts of a step
	After      string    // only keys behind this one: the last key of the page before
	Limit      int       // at most so many; 100
}

// Match tells whether a run is one that the filter wants; After and Limit have no say.
func (f Filter) Match(r Run) bool {
	cause := r.Cause()
	equal := []struct{ want, got string }{
		{string(f.State), string(r.State)}, {f.Cause.Step, cause.Step}, {f.Cause.Class, cause.Class}, {f.Cause.Code, cause.Code},
		{f.Pool, r.Pool}, {f.Source, r.Source}, {f.Generation, r.Generation}, {f.Client, r.Client}, {f.Domain, r.Domain},
		{f.Plan, r.Plan}, {f.Pipeline, r.Pipeline[:min(len(f.Pipeline), len(r.Pipeline))]},
	}
	if slices.ContainsFunc(equal, func(e struct{ want, got string }) bool { return e.want != "" && e.want != e.got }) {
		return false
	}
	return (!f.Troubled || cause != Cause{}) && (f.Since.IsZero() || !r.FirstSeen.Before(f.Since)) &&
		(f.Until.IsZero() || r.FirstSeen.Before(f.Until)) && r.Attempts() >= f.Attempts
}
