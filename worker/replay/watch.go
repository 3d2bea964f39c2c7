package replay

import (
	"context"
	"fmt"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// When a plan pauses itself: of the last sickOf runs that it reopened and of which something is known, at least
// sickLeast, more than half failed again for one cause.
const (
	sickOf    = 50
	sickLeast = 10
	pollSize  = 50 // runs looked at in a second
)

// watch looks how the runs fare that were reopened.
type watch struct {
	ledger worker.Index
	plan   string
	open   []*tracked // not known to be over
	recent []*tracked // reopened by this running, the last ones at the end
	next   int        // the one of open that is looked at next
}

// tracked is a run that was reopened.
type tracked struct {
	Entry
	before map[string]time.Time // when each step had failed last, as it was reopened
	at     time.Time            // when it was reopened
	known  bool                 // something is known about how it fares
	cause  worker.Cause         // the zero Cause if it fares well
}

// add tracks a run. It counts for the plan's health if this running reopened it.
func (w *watch) add(e Entry, run worker.Run, now bool) {
	t := &tracked{Entry: e, before: map[string]time.Time{}, at: run.Reopened}
	for id, s := range run.Steps {
		t.before[id] = lastFailure(s)
	}
	w.open = append(w.open, t)
	if !now {
		return
	}
	if w.recent = append(w.recent, t); len(w.recent) > 4*sickOf {
		w.recent = append([]*tracked(nil), w.recent[2*sickOf:]...)
	}
}

func lastFailure(s worker.StepRecord) (at time.Time) {
	if n := len(s.Failures); n > 0 {
		at = s.Failures[n-1].At
	}
	return at
}

// poll looks at up to n of the unfinished runs, one after the other. One that can't be read now is looked at later.
func (w *watch) poll(ctx context.Context, n int) {
	for range min(n, len(w.open)) {
		if len(w.open) == 0 || ctx.Err() != nil {
			return
		}
		w.next %= len(w.open)
		t := w.open[w.next]
		run, known, err := w.ledger.Find(ctx, t.Identity)
		if err == nil && t.look(run, known, w.plan) {
			w.open = append(w.open[:w.next], w.open[w.next+1:]...)
			continue
		}
		w.next++
	}
}

// look notes how a run fares. It is true when it is over, or not this plan's any more.
func (t *tracked) look(run worker.Run, known bool, plan string) (ended bool) {
	f := t.see(run, known, plan)
	switch {
	case f == over && run.State == worker.Parked:
		t.known, t.cause = true, run.Cause()
	case f == over:
		t.known, t.cause = true, worker.Cause{}
	case f == woken:
		t.waits(run)
	}
	return f != woken
}

// waits notes that an open run failed again since it was reopened. The clock of the worker that noted the failure has no
// say: a failure is new if it is not the one that was there.
func (t *tracked) waits(run worker.Run) {
	if t.before == nil || run.Updated.Equal(t.at) {
		return
	}
	for id, s := range run.Steps {
		throttledWrite := id == enrich.AttributesStep && s.Kind == enrich.Throttled.String() // the budget sees to that
		if s.State.Terminal() || s.Code == "" || throttledWrite {
			continue
		}
		if !lastFailure(s).Equal(t.before[id]) || s.Code == worker.BreakerOpen {
			t.known, t.cause = true, worker.Cause{Step: id, Class: s.Kind, Code: s.Code}
		}
	}
}

// sick tells whether too many failed again, and why. Those whom an open breaker kept away count with the failures of
// that step.
func (w *watch) sick() (why string, sick bool) {
	all, steps := 0, map[string]int{}
	codes := map[string]map[string]int{}
	for i := len(w.recent) - 1; i >= 0 && all < sickOf; i-- {
		t := w.recent[i]
		if !t.known {
			continue
		}
		all++
		if t.cause == (worker.Cause{}) {
			continue
		}
		if codes[t.cause.Step] == nil {
			codes[t.cause.Step] = map[string]int{}
		}
		codes[t.cause.Step][t.cause.Code]++
		steps[t.cause.Step]++
	}
	for step, by := range codes {
		code, most := worker.BreakerOpen, 0
		for c, n := range by {
			if c != worker.BreakerOpen && (n > most || n == most && c < code) {
				code, most = c, n
			}
		}
		if most += by[worker.BreakerOpen]; all >= sickLeast && 2*most > all {
			return fmt.Sprintf("%d of the last %d runs failed again: %s %s", most, all, step, code), true
		}
	}
	return "", false
}
