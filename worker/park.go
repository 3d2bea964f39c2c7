package worker

import (
	"context"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
)

// park ends a run that only a person can mend: the ledger knows it first, then the dead letter is sent, then the
// message goes. Killed in between, the next delivery goes on from there (finishParking).
func (w *Worker) park(ctx context.Context, h *hold, reason, step string) Verdict {
	err := h.save(ctx, func(r *Run) {
		if reason != pipelineUnavailable { // else this worker's file is not the run's
			w.settleIntents(r)
			r.Pipeline = w.pipeline.Hash
		}
		r.State, r.Reason, r.Owner, r.LetterSent = Parked, reason, "", false
	})
	if err != nil {
		return w.unsaved(h, err)
	}
	var letter Letter
	h.read(func(r *Run) { letter = w.letter(h.delivery, r, step) })
	return w.post(ctx, h.delivery, letter, func() error {
		return h.save(ctx, func(r *Run) { r.LetterSent = true })
	})
}

// finishParking meets a message whose run is parked already. If its dead letter is not known to be durable, it is sent
// (again: a second copy is harmless, a missing one is not); otherwise the message is a late duplicate.
func (w *Worker) finishParking(ctx context.Context, d Delivery, r *Run) Verdict {
	if r.LetterSent {
		return Verdict{Delete: true, Outcome: Duplicate, Reason: "parked", Run: r.Key}
	}
	return w.post(ctx, d, w.letter(d, r, ""), func() error {
		r.LetterSent, r.Updated = true, w.options.Now()
		return w.ports.Ledger.Save(ctx, *r)
	})
}

func (w *Worker) letter(d Delivery, r *Run, step string) Letter {
	l := Letter{Body: d.Body, Reason: r.Reason, Run: r.Key, Step: step, Class: enrich.Permanent.String(),
		Reopens: r.Reopens, Pipeline: r.Pipeline}
	for id, s := range r.Steps {
		if step == "" && s.State == StepFailed && s.Code == r.Reason {
			l.Step = id
		}
	}
	if s := r.Steps[l.Step]; s.Attempts >= w.options.Attempts {
		l.Class = enrich.Temporary.String()
	}
	l.Attempts = r.Steps[l.Step].Attempts
	return l
}

// post sends the letter and has it marked as sent. While it can't be sent, the source stays.
func (w *Worker) post(ctx context.Context, d Delivery, l Letter, mark func() error) Verdict {
	if err := w.ports.DeadLetters.Send(ctx, l); err != nil {
		w.options.Log.Error("worker: send dead letter", "run", l.Run, "message", d.ID, "error", err.Error())
		return Verdict{Outcome: Released, Reason: "dlq_unavailable", Hide: w.options.HideMax, Run: l.Run}
	}
	if err := mark(); err != nil && !errors.Is(err, ErrLeaseLost) {
		return Verdict{Outcome: Released, Reason: "ledger_unavailable", Hide: w.pause(1, 0), Run: l.Run}
	}
	return Verdict{Delete: true, Outcome: Parking, Reason: l.Reason, Run: l.Run}
}

// unreadable decides about a body that is no message of ours.
func (w *Worker) unreadable(ctx context.Context, d Delivery, err error) Verdict {
	reason := string(event.BodyUndecodable)
	var known *event.Error
	if errors.As(err, &known) {
		reason = string(known.Reason)
	}
	if reason == string(event.VersionUnknown) && w.options.Now().Sub(d.Sent) < w.options.Grace {
		// A rolling deployment: a newer worker will know it.
		return Verdict{Outcome: Released, Reason: reason, Hide: min(time.Minute, w.options.Grace)}
	}
	return w.poison(ctx, d, reason)
}

// distrusted makes a dead letter of a message whose run the ledger has and can't trust: what was done already is not
// known, so nothing may be done, and the next delivery would find the same.
func (w *Worker) distrusted(ctx context.Context, d Delivery, run string, cause error) Verdict {
	w.options.Log.Error("worker: claim", "run", run, "error", cause.Error())
	letter := Letter{Body: d.Body, Reason: "ledger_corrupt", Run: run, Class: enrich.Permanent.String(), Pipeline: w.pipeline.Hash}
	return w.post(ctx, d, letter, func() error { return nil })
}

// poison makes a dead letter of what can't be a run of ours. The body is kept as it came.
func (w *Worker) poison(ctx context.Context, d Delivery, reason string) Verdict {
	err := w.ports.DeadLetters.Send(ctx, Letter{Body: d.Body, Reason: reason, Class: enrich.Permanent.String()})
	if err != nil {
		w.options.Log.Error("worker: send dead letter", "message", d.ID, "error", err.Error())
		return Verdict{Outcome: Released, Reason: "dlq_unavailable", Hide: w.options.HideMax}
	}
	return Verdict{Delete: true, Outcome: Poison, Reason: reason}
}
