package worker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
)

// attributes is the built-in step: one write of all that is computable, once everything it reads is over.
func (e *execution) attributes(ctx, waits context.Context) {
	record := e.record(enrich.AttributesStep)
	if record.State.Terminal() {
		return
	}
	for _, id := range e.pipeline.Sources() {
		if !e.record(id).State.Terminal() {
			return
		}
	}
	if len(e.pipeline.Attributes) == 0 {
		e.written(ctx, record, nil)
		return
	}
	if waits.Err() != nil {
		e.postpone(reasonOf(context.Cause(waits)), 0, 0)
		return
	}
	patch, err := e.patch(ctx)
	if err == nil {
		err = e.write(ctx, waits, &patch)
	}
	if err != nil {
		e.notWritten(ctx, record, enrich.Failure(err))
		return
	}
	e.written(ctx, record, patch.values)
}

// maxRefusals is how many refused attributes one delivery drops before it gives up.
const maxRefusals = 8

// write makes the call, without the attributes that the pool refuses by name.
func (e *execution) write(ctx, waits context.Context, p *patch) error {
	for range maxRefusals {
		if len(p.values) == 0 {
			return nil
		}
		err := e.writeOnce(ctx, waits, p.values)
		var rejected *Rejected
		if !errors.As(err, &rejected) {
			return err
		}
		if rejected.Attribute == "" || !p.drop(rejected.Attribute) {
			return &enrich.Error{Kind: enrich.Permanent, Code: rejected.Code, Sent: true, Refused: true}
		}
		e.flag("attribute " + rejected.Attribute + ": " + rejected.Code)
	}
	return &enrich.Error{Kind: enrich.Permanent, Code: "attributes_rejected", Sent: true, Refused: true}
}

// writeOnce is one write with its tries, each with a token of the budget. Waiting for the token may take half the
// lease; then the run is given back, for a wait is no failure.
func (e *execution) writeOnce(ctx, waits context.Context, values []Value) error {
	until := e.options.Now().Add(e.patience(e.hold))
	_, err := e.repeat(waits, until, func() error {
		if err := e.token(waits); err != nil {
			return err
		}
		if err := e.hold.ensure(ctx, writeTimeout); err != nil {
			return &enrich.Error{Kind: enrich.Throttled, Code: reasonOf(err), Err: err}
		}
		callCtx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		err := e.ports.Directory.Write(callCtx, e.hold.run.Pool, e.user.Username, values)
		if enrich.Failure(err).Kind == enrich.Throttled && err != nil {
			e.options.Budget.Throttled()
		}
		return err
	})
	return err
}

func (e *execution) token(waits context.Context) error {
	waits, cancel := context.WithTimeout(waits, e.options.Lease/2)
	defer cancel()
	if err := e.options.Budget.Take(waits); err != nil {
		return &enrich.Error{Kind: enrich.Throttled, Code: "write_budget", Err: err}
	}
	return nil
}

// written stores that the attributes are as the pipeline wants them. Only names and digests are kept.
func (e *execution) written(ctx context.Context, record StepRecord, values []Value) {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.Name
	}
	record.State, record.Outcome, record.Code, record.At = StepDone, OutcomeFound, "", at(e.options.Now())
	record.Output, _ = json.Marshal(map[string]string{"written": strings.Join(names, " ")})
	e.options.Observer.Stepped(StepNote{Run: e.hold.run.Key, Step: enrich.AttributesStep, Uses: enrich.AttributesStep,
		State: StepDone, Attempt: record.Attempts})
	change := func(r *Run) {
		r.Steps[enrich.AttributesStep] = record
		for _, v := range values {
			if r.Written == nil {
				r.Written = map[string]string{}
			}
			r.Written[v.Name] = digest(r.Pool, r.Sub, v)
		}
	}
	if e.last() {
		e.hold.read(change)
		return
	}
	if err := e.hold.save(ctx, change); err != nil {
		e.postpone(reasonOf(err), 0, 0)
	}
}

// last tells whether nothing is left to do: the run's end is saved next, and one save is enough for both.
func (e *execution) last() bool {
	return !slices.ContainsFunc(e.pipeline.Steps, func(s enrich.Step) bool { return !e.record(s.ID).State.Terminal() })
}

// notWritten stores a failed write.
func (e *execution) notWritten(ctx context.Context, record StepRecord, f *enrich.Error) {
	record.Code = f.Code
	switch {
	case f.Kind == enrich.Permanent:
		record.State = StepFailed
	case f.Kind == enrich.Throttled, ctx.Err() != nil:
		e.postpone(f.Code, 0, f.RetryAfter)
	default:
		if record.Attempts++; record.Attempts >= e.options.Attempts {
			record.State = StepFailed
		} else {
			e.postpone(f.Code, record.Attempts, f.RetryAfter)
		}
	}
	e.options.Observer.Stepped(StepNote{Run: e.hold.run.Key, Step: enrich.AttributesStep, Uses: enrich.AttributesStep,
		State: record.State, Code: f.Code, Kind: f.Kind, Attempt: record.Attempts, RetryAfter: f.RetryAfter})
	if err := e.store(ctx, enrich.AttributesStep, record); err != nil {
		e.postpone(reasonOf(err), 0, 0)
	}
}
