package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/amazon"
)

// left is what stands on a queue, visible and hidden.
func (w *world) left(ctx context.Context, queue string) string {
	about, err := w.clients.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue,
		AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}})
	if err != nil {
		return err.Error()
	}
	return about.Attributes["ApproximateNumberOfMessages"] + "+" + about.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func (w *world) drained(ctx context.Context) bool {
	for _, who := range w.people.all {
		if r, ok := w.run(who); !ok || r.State == worker.Open {
			return false
		}
	}
	return w.left(ctx, w.queue) == "0+0"
}

// undone says what keeps the world from being drained.
func (w *world) undone(ctx context.Context) string {
	var open []string
	for _, who := range w.people.all {
		if r, ok := w.run(who); !ok || r.State == worker.Open {
			open = append(open, fmt.Sprintf("%s owner=%q crashes=%d releases=%d", event.RunKey(w.pool, who.sub, event.Onboarding), r.Owner, r.Crashes, r.Releases))
		}
	}
	return fmt.Sprintf("queue %s, open runs %v", w.left(ctx, w.queue), open)
}

func (w *world) run(who *person) (worker.Run, bool) {
	return w.ledger.Run(event.RunKey(w.pool, who.sub, event.Onboarding))
}

// check holds everything that must be true at the end.
func (w *world) check(ctx context.Context) {
	for _, body := range w.people.poison {
		if n, _ := w.watch.letter(body); n == 0 {
			w.violate("I1 a message that is no run became no letter: %q", body)
		}
	}
	for _, who := range w.people.all {
		r, ok := w.run(who)
		if !ok {
			w.violate("I1 user %d is lost: there is no run", who.index)
			continue
		}
		w.checkBounds(who, &r)
		w.checkState(ctx, who, &r)
		for i := range w.pipeline.Steps {
			w.checkStep(&r, &w.pipeline.Steps[i])
		}
	}
}

// checkBounds holds I4, and I8 in the ledger's words.
func (w *world) checkBounds(who *person, r *worker.Run) {
	for id, s := range r.Steps {
		if s.Attempts > 8 {
			w.violate("I4 user %d was charged %d times for %s", who.index, s.Attempts, id)
		}
		if strings.Contains(s.Code, canary) {
			w.violate("I8 a personal value in the code of %s", id)
		}
	}
	if r.Crashes > 3 && r.State != worker.Parked {
		w.violate("I4 run %s crashed %d times and is %s", r.Key, r.Crashes, r.State)
	}
	if text := strings.Join(r.Flags, "\n") + r.Reason; strings.Contains(text, canary) {
		w.violate("I8 a personal value in reason or flags: %s", text)
	}
}

// checkState holds I1 and I9: every end has an explanation that the truth agrees with.
func (w *world) checkState(ctx context.Context, who *person, r *worker.Run) {
	letters, reason := w.watch.letter(r.Key)
	switch r.State {
	case worker.Open:
		w.violate("I1 user %d is still open: queue %s", who.index, w.left(ctx, w.queue))
	case worker.Gone, worker.Replaced:
		if !who.gone {
			w.violate("I1 user %d is there, but run %s says %s", who.index, r.Key, r.State)
		}
	case worker.Parked:
		if letters == 0 || reason != r.Reason {
			w.violate("I1 run %s is parked for %s, with %d letters for %q", r.Key, r.Reason, letters, reason)
		}
		w.checkParked(r)
	case worker.Done:
		if letters > 0 {
			w.violate("I1 run %s is done, but became a letter", r.Key)
		}
		w.checkDone(ctx, who, r)
	}
}

// checkParked holds I9: nobody is parked for somebody else's trouble.
func (w *world) checkParked(r *worker.Run) {
	if r.Reason == "crash_loop" {
		if r.Crashes < 3 {
			w.violate("I9 run %s is parked as a crash loop after %d crashes", r.Key, r.Crashes)
		}
		return
	}
	for id, s := range r.Steps {
		if s.State != worker.StepFailed || s.Code != r.Reason {
			continue
		}
		if id == enrich.AttributesStep && s.Attempts >= 8 {
			return
		}
		known := vendorRecord(w.vendors[id], r.Key)
		if known.final == s.Code || s.Attempts >= 8 && known.calls >= 8 {
			return
		}
		w.violate("I9 run %s is parked for %s of %s, charged %d times; the vendor says %+v", r.Key, r.Reason, id, s.Attempts, known)
		return
	}
	w.violate("I9 run %s is parked for %s, and nothing explains it", r.Key, r.Reason)
}

func vendorRecord(v *vendor, run string) record {
	if v == nil {
		return record{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return *v.record(run)
}

// checkDone holds what a run that is done says against the pool: no attribute is missing without a word.
func (w *world) checkDone(ctx context.Context, who *person, r *worker.Run) {
	if who.gone || who.edited {
		return
	}
	user, err := amazon.NewDirectory(w.clients.Cognito).User(ctx, w.pool, who.username)
	if err != nil {
		w.violate("the world itself: read user %d: %v", who.index, err)
		return
	}
	for _, a := range w.pipeline.Attributes {
		step := strings.TrimPrefix(a.Name, "custom:")
		s := r.Steps[step]
		var kept struct{ Value string }
		if len(s.Output) > 0 {
			if err := json.Unmarshal(s.Output, &kept); err != nil {
				w.violate("the output of %s in run %s can't be read", step, r.Key)
			}
		}
		if got := user.Attributes[a.Name]; got != kept.Value {
			w.violate("user %d is done with %s = %q, but the answer was %q", who.index, a.Name, got, kept.Value)
		}
		if s.State == worker.StepDone && s.Outcome == worker.OutcomeFound && kept.Value == "" {
			w.violate("step %s of run %s is done without its answer", step, r.Key)
		}
	}
}

// checkStep holds I2 and the truth about effects: what happened is known to have, or flagged.
func (w *world) checkStep(r *worker.Run, s *enrich.Step) {
	known, in := vendorRecord(w.vendors[s.ID], r.Key), r.Steps[s.ID]
	if len(known.keys) > 1 {
		w.violate("I2 %s of run %s was called with %d keys", s.ID, r.Key, len(known.keys))
	}
	if s.AtLeast && known.effects > 1 {
		w.repeats += known.effects - 1
		if w.untroubled() {
			w.violate("I2 %s of run %s happened %d times without any trouble", s.ID, r.Key, known.effects)
		}
	}
	if in.State == worker.StepUnknown && !slices.Contains(r.Flags, "step "+s.ID+": unknown") {
		w.violate("run %s has an open effect %s without a flag: %v", r.Key, s.ID, r.Flags)
	}
	happened, answered := known.effects > 0, in.State == worker.StepDone && in.Outcome == worker.OutcomeFound
	switch {
	case answered && !happened:
		w.violate("I2 step %s of run %s is done, but never happened", s.ID, r.Key)
	case in.State == worker.StepIntent && r.State != worker.Open:
		w.violate("the run %s ended as %s (%s) with the effect %s open and nobody told", r.Key, r.State, r.Reason, s.ID)
	case s.Class == enrich.Unsafe && happened && !answered && in.State != worker.StepUnknown && in.State != worker.StepIntent:
		if !s.AtLeast {
			w.violate("%s of run %s happened, and the ledger says %q %s", s.ID, r.Key, in.State, in.Code)
		}
	}
}

// untroubled tells whether nothing struck that could explain a repeat.
func (w *world) untroubled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.struck) == 0
}

func (w *world) report() *Report {
	r := &Report{Seed: w.plan.Seed, Violations: w.violations, Drawn: w.struck, Drained: w.drainTime, Plan: w.plan.String(),
		Journal: w.lines, States: map[string]int{}, Repeats: w.repeats}
	for _, who := range w.people.all {
		run, _ := w.run(who)
		r.States[string(run.State)]++
		r.Outcome += fmt.Sprintf("%d:%s %s %v;", who.index, run.State, run.Reason, run.Flags)
	}
	return r
}
