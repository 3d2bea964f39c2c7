// Package retention takes personal values out of a ledger: those of runs that ended long ago, day by day (Sweeper), and
// all of one person (Forget).
//
// It promises that what keeps work from being repeated stays: the key, the state, and what became of every step and
// effect, for as long as the user exists. Sweeping takes the answers of steps. It leaves the digests of what was
// written, which tell no value and are how a later run knows whether a person has changed an attribute since. Forgetting
// takes the digests too. Both go through Amend, so they never write over what a worker does at the same moment, and
// both may be killed at any point: doing it again does the rest.
//
// It refuses to touch open and parked runs when it sweeps: their values are still needed.
package retention

import (
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Forgotten is the reason of an open or parked run that was ended by Forget.
const Forgotten = "forgotten"

// erase takes the answers of all steps and what the message said of the person out of a run. The steps' states and outcomes stay.
func erase(r worker.Run, now time.Time) worker.Run {
	steps := make(map[string]worker.StepRecord, len(r.Steps))
	for id, s := range r.Steps {
		s.Output = nil
		steps[id] = s
	}
	r.Steps, r.Erased = steps, now.Round(0).UTC()
	r.Origin = worker.Origin{Region: r.Origin.Region, At: r.Origin.At, Steps: r.Origin.Steps}
	return r
}

// holdsAnswers tells whether there is anything to erase.
func holdsAnswers(r worker.Run) bool {
	for _, s := range r.Steps {
		if len(s.Output) > 0 {
			return true
		}
	}
	return r.Origin.User != "" || len(r.Origin.Metadata) > 0
}
