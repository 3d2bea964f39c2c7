//go:build unix

package kill

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// Verdict is what the facts say about the ledger. No violation is what is wanted.
type Verdict struct {
	People     int
	States     map[string]int // runs by state, parked ones by reason
	Unsafe     int            // unsafe effects that happened
	Open       int            // unsafe effects whose outcome nobody knows, flagged
	Repeated   int            // keyed effects that happened more than once, under one key
	Rewritten  int            // people whose attributes were written more than once
	Looked     int            // deletes at which the ledger was read
	Violations []string
}

func (v *Verdict) wrong(p *Person, format string, values ...any) {
	v.Violations = append(v.Violations, fmt.Sprintf("run %s (%s): ", p.Key, p.Kind)+fmt.Sprintf(format, values...))
}

// judge reads the ledger, which nobody else has open, and holds the facts against it.
func (w *World) judge(ctx context.Context, most int) (v Verdict, err error) {
	ledger, err := sqlite.OpenReader(w.Ledger)
	if err != nil {
		return v, err
	}
	defer func() { _ = ledger.Close() }()
	f := w.Facts
	f.mu.Lock()
	defer f.mu.Unlock()
	v = Verdict{States: map[string]int{}, People: len(f.people), Looked: w.early.looked, Violations: slices.Clone(f.early)}
	if _, err := ledger.Verify(ctx); err != nil {
		v.Violations = append(v.Violations, "the ledger: "+err.Error())
	}
	directory := amazon.NewDirectory(w.clients.Cognito)
	for _, p := range f.people {
		run, known, err := ledger.Run(ctx, p.Key)
		if err != nil {
			return v, err
		}
		if !known {
			v.wrong(p, "lost: the ledger does not know it")
			continue
		}
		there := ""
		if run.State == worker.Done {
			user, err := directory.User(ctx, w.pool, p.Sub)
			if err != nil {
				return v, err
			}
			there = user.Attributes[attribute]
		}
		v.judge(p, run, there, most)
	}
	return v, nil
}

// judge holds what is known of one person against the run. There is what the pool holds in the end.
func (v *Verdict) judge(p *Person, r worker.Run, there string, most int) {
	if !p.Deleted {
		v.wrong(p, "its message is still somewhere")
	}
	v.end(p, r, there, most)
	v.attributes(p)
	for _, step := range []string{register, welcome} {
		v.unsafe(p, r, step)
	}
	if len(p.Keys) > 1 {
		v.wrong(p, "the keyed effect had %d keys", len(p.Keys))
	}
	if p.Acts[order] > 1 {
		v.Repeated++
	}
}

// end judges how the run ended.
func (v *Verdict) end(p *Person, r worker.Run, there string, most int) {
	name := string(r.State)
	if r.State == worker.Parked {
		name += " " + r.Reason
		if p.Letters == 0 || !r.LetterSent {
			v.wrong(p, "parked, and no dead letter arrived")
		}
	}
	v.States[name]++
	switch {
	case r.State == worker.Open:
		v.wrong(p, "lost: open, and no message is left")
	case r.Owner != "":
		v.wrong(p, "%s, and held by somebody", r.State)
	case r.State == worker.Parked && r.Reason == "crash_loop":
		if r.Crashes < most {
			v.wrong(p, "parked as a crash loop after %d crashes, want %d", r.Crashes, most)
		}
	case p.Kind == stuck:
		v.wrong(p, "the worker dies of it, and it ended as %s", name)
	case p.Kind == refused && (r.State != worker.Parked || r.Reason != "http_400"),
		p.Kind == deleted && r.State != worker.Gone,
		(p.Kind == plain || p.Kind == slowed) && r.State != worker.Done:
		v.wrong(p, "ended as %s", name)
	case r.State == worker.Done:
		version, err := strconv.ParseInt(there, 10, 64)
		if err != nil || !p.Given[version] {
			v.wrong(p, "done, and the pool holds %q", there)
		} else if len(p.Writes) == 0 || p.Writes[len(p.Writes)-1] != version {
			v.wrong(p, "the pool holds %d, and saw the writes %v", version, p.Writes)
		}
		if p.Acts[order] == 0 || p.Acts[contact] == 0 {
			v.wrong(p, "done, and a vendor never acted: %v", p.Acts)
		}
	}
}

// attributes judges the writes: no later one may carry an older answer.
func (v *Verdict) attributes(p *Person) {
	if !slices.IsSorted(p.Writes) {
		v.wrong(p, "an attribute went back: %v", p.Writes)
	}
	if len(p.Writes) > 1 {
		v.Rewritten++
	}
	if p.Kind == deleted && len(p.Acts)+len(p.Writes) > 0 {
		v.wrong(p, "somebody who is gone was worked on: %v", p.Acts)
	}
}

// unsafe judges an effect that may happen once: the ledger must know that it did, or say that nobody knows.
func (v *Verdict) unsafe(p *Person, r worker.Run, step string) {
	acts, record := p.Acts[step], r.Steps[step]
	v.Unsafe += acts
	if acts > 1 {
		v.wrong(p, "%s happened %d times", step, acts)
	}
	switch record.State {
	case worker.StepUnknown:
		v.Open++
		if !slices.Contains(r.Flags, "step "+step+": unknown") {
			v.wrong(p, "%s is unknown and not flagged", step)
		}
	case worker.StepDone:
		if acts == 0 {
			v.wrong(p, "%s is done, and the vendor never acted", step)
		}
	case worker.StepIntent:
		v.wrong(p, "%s: the run is over and its intent open, flagged nowhere (the vendor acted %d times)", step, acts)
	default:
		if acts > 0 {
			v.wrong(p, "%s happened, and the ledger says %q", step, record.State)
		}
	}
}
