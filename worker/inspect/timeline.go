package inspect

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// Moment is one line of a run's timeline.
type Moment struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"` // event, seen, attempt, gap, done, failed, unknown, skipped, intent, reopened, erased, letter, saved, lease
	Step    string    `json:"step,omitempty"`
	Text    string    `json:"text"`              // for people
	Attempt *Attempt  `json:"attempt,omitempty"` // with What "attempt"
}

// Attempt is one delivery that called for a step in vain.
type Attempt struct {
	worker.Failure
	Status int `json:"status,omitempty"` // of HTTP, if the code has one
}

// timeline is what the ledger still knows of a run's life, the oldest first.
func timeline(r worker.Run, now time.Time) []Moment {
	all := []Moment{
		{At: r.Origin.At, What: "event", Text: eventText(r)},
		{At: r.FirstSeen, What: "seen", Text: "first claimed by a worker"},
		{At: r.Reopened, What: "reopened", Text: reopenedText(r)},
		{At: r.Erased, What: "erased", Text: "answers erased"},
	}
	if r.Owner != "" {
		all = append(all, Moment{At: r.LeaseUntil, What: "lease", Text: leaseText(r, now)})
	}
	for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
		all = append(all, stepMoments(id, r.Steps[id])...)
	}
	all = append(all, Moment{At: r.Updated, What: "saved", Text: savedText(r)})
	return inOrder(slices.DeleteFunc(all, func(m Moment) bool { return m.At.IsZero() }))
}

// eventText is what the run's first message was about.
func eventText(r worker.Run) string {
	if r.Source == event.SourceReconcile || r.Source == event.SourceBackfill {
		return "enqueued by " + r.Source
	}
	return "confirmed, says the sender"
}

func inOrder(all []Moment) []Moment {
	const exact = time.Millisecond // of what steps note
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Truncate(exact).Compare(b.At.Truncate(exact)) })
	return all
}

func reopenedText(r worker.Run) string {
	text := "reopened by an operator"
	if r.Reopens > 1 {
		text += ", for the " + strconv.Itoa(r.Reopens) + ". time"
	}
	if r.Plan != "" {
		text += ": " + r.Plan
	}
	return text
}

func savedText(r worker.Run) string {
	if r.State == worker.Open {
		return "saved last: open"
	}
	return strings.TrimSpace("ended " + string(r.State) + " " + r.Reason)
}

func leaseText(r worker.Run, now time.Time) string {
	if r.LeaseUntil.After(now) {
		return "the lease of " + r.Owner + " ends"
	}
	return "the lease of " + r.Owner + " ended without being given back"
}

// stepMoments are the failures of a step and how it stands.
func stepMoments(id string, s worker.StepRecord) (all []Moment) {
	for i, f := range s.Failures {
		if i == 2 && len(s.Failures) == worker.MaxFailures {
			all = append(all, Moment{At: f.At.Add(-time.Duration(f.Took) * time.Millisecond), What: "gap", Step: id,
				Text: "failures before this one may be missing: the first two and the last " + strconv.Itoa(worker.MaxFailures-2) + " are kept"})
		}
		all = append(all, Moment{At: f.At, What: "attempt", Step: id, Text: attemptText(f), Attempt: &Attempt{f, status(f.Code)}})
	}
	at := s.At
	if s.State == worker.StepIntent && at.IsZero() {
		at = s.First
	}
	if s.State == worker.StepOpen || s.State == worker.StepFailed && len(s.Failures) > 0 && !s.Settled {
		return all // its last failure says it
	}
	return append(all, Moment{At: at, What: string(s.State), Step: id, Text: stateText(s)})
}

// stateText says how a step stands.
func stateText(s worker.StepRecord) string {
	switch {
	case s.Settled:
		return "settled as " + string(s.State) + ": " + s.Code
	case s.State == worker.StepIntent:
		return "an effect was about to happen"
	case s.State == worker.StepUnknown:
		return "nobody knows whether the effect happened: " + s.Code
	case s.State == worker.StepDone && s.Took > 0:
		return "done: " + s.Outcome + ", " + millis(s.Took)
	case s.State == worker.StepDone:
		return "done: " + s.Outcome
	}
	return string(s.State) + ": " + s.Code
}

// attemptText says what became of a delivery's calls.
func attemptText(f worker.Failure) string {
	text := f.Code + " (" + f.Kind + "), " + countOf(f.Calls, "call") + " in " + millis(f.Took)
	if f.Wait > 0 {
		text += ", asked to wait " + strconv.FormatInt(f.Wait, 10) + " s"
	}
	if !f.Charged {
		return text + ", not charged"
	}
	return text + ", charged"
}

func millis(ms int64) string { return strconv.FormatInt(ms, 10) + " ms" }

// status is the HTTP status in a code, 0 if there is none.
func status(code string) int {
	number, ok := strings.CutPrefix(code, "http_")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}
