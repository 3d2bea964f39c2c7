package worker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

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
		e.written(ctx, record, patch{})
		return
	}
	if waits.Err() != nil {
		e.postpone(reasonOf(context.Cause(waits)), 0, 0)
		return
	}
	if e.outside[poolWrites].refund(e.hold.run.Key) && record.Attempts > 0 {
		record.Attempts--
	}
	patch, err := e.patch(ctx)
	started := e.options.Now()
	if err == nil {
		err = e.announce(ctx, patch)
	}
	if err == nil {
		err = e.write(ctx, waits, &patch)
		e.writing = e.options.Now().Sub(started)
	}
	if err != nil {
		e.notWritten(ctx, record, enrich.Failure(err))
		return
	}
	e.written(ctx, record, patch)
}

// announce makes known, before the write, how new the values are, if this person has other runs: one that resumes with
// older answers after we were killed must not put them over ours. The digests stay those of what is there.
func (e *execution) announce(ctx context.Context, p patch) error {
	others := false
	e.hold.read(func(r *Run) { others = r.Others })
	if !others || len(p.values) == 0 {
		return nil
	}
	return e.hold.save(ctx, func(r *Run) {
		for _, v := range p.values {
			r.wrote(v.Name, Wrote{Digest: p.before[v.Name].Digest, Observed: at(p.observed[v.Name])})
		}
	})
}

// maxWrites is how many calls one delivery makes to find out what the pool refuses.
const maxWrites = 16

// write makes the call. What the pool refuses is left out and flagged: by its name if the pool says it, else found by
// halves. What can't be found within maxWrites fails the step; the rest is written by then, and is not written again.
func (e *execution) write(ctx, waits context.Context, p *patch) (err error) {
	calls := maxWrites
	p.values, err = e.writeAccepted(ctx, waits, p.values, &calls)
	return err
}

// writeAccepted writes as many of the values as the pool takes, and returns them.
func (e *execution) writeAccepted(ctx, waits context.Context, values []Value, calls *int) ([]Value, error) {
	if len(values) == 0 {
		return nil, nil
	}
	if *calls == 0 {
		return nil, &enrich.Error{Kind: enrich.Permanent, Code: "attributes_rejected", Sent: true, Refused: true}
	}
	*calls--
	err := e.writeOnce(ctx, waits, values)
	var rejected *Rejected
	switch {
	case err == nil:
		return values, nil
	case !errors.As(err, &rejected):
		return nil, err
	}
	if i := refused(values, rejected.Attribute); i >= 0 {
		e.flag("attribute " + values[i].Name + ": " + rejected.Code)
		return e.writeAccepted(ctx, waits, slices.Delete(slices.Clone(values), i, i+1), calls)
	}
	half := len(values) / 2
	first, err := e.writeAccepted(ctx, waits, values[:half], calls)
	if err != nil {
		return first, err
	}
	second, err := e.writeAccepted(ctx, waits, values[half:], calls)
	return slices.Concat(first, second), err
}

// refused is which of the values the pool meant: the one it named, or the only one there is; -1 if nobody knows.
func refused(values []Value, name string) int {
	if len(values) == 1 {
		return 0
	}
	return slices.IndexFunc(values, func(v Value) bool { return v.Name == name })
}

// writeOnce is one write with its tries, each with a token of the budget. Who waits for it too long gives the run
// back, for a wait is no failure.
func (e *execution) writeOnce(ctx, waits context.Context, values []Value) error {
	until := e.options.Now().Add(e.patience(e.hold))
	_, err := e.repeat(waits, until, e.outside[poolWrites], func() error {
		if err := e.token(waits); err != nil {
			return err
		}
		if err := e.hold.ensure(ctx, writeTimeout); err != nil {
			return &enrich.Error{Kind: enrich.Throttled, Code: reasonOf(err), Err: err}
		}
		_, err := e.outside[poolWrites].call(waits, e.hold.run.Key, func() (enrich.Result, error) {
			e.writes++
			return nil, e.writeNow(ctx, values)
		})
		return err
	})
	return err
}

// writeNow is the call itself. A throttle halves the budget; a user who is gone since the read is met by the next
// delivery, which reads again.
func (e *execution) writeNow(ctx context.Context, values []Value) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := e.ports.Directory.Write(ctx, e.hold.run.Pool, e.user.addressee(), values)
	switch {
	case err == nil:
	case errors.Is(err, ErrNoUser):
		return &enrich.Error{Kind: enrich.Throttled, Code: "user_gone", Sent: true, Refused: true}
	case enrich.Failure(err).Kind == enrich.Throttled:
		e.options.Budget.Throttled()
	}
	return err
}

// token waits for one write's part of the budget: half the lease, but a second only where each second is paid for and
// others can do the work as well.
func (e *execution) token(waits context.Context) error {
	patience := e.options.Lease / 2
	if e.options.Budget.shared != nil && !e.hold.delivery.Deadline.IsZero() {
		patience = min(patience, time.Second)
	}
	waits, cancel := context.WithTimeout(waits, patience)
	defer cancel()
	if err := e.options.Budget.Take(waits); err != nil {
		return &enrich.Error{Kind: enrich.Throttled, Code: writeBudget, RetryAfter: enrich.Failure(err).RetryAfter, Err: err}
	}
	return nil
}

// written stores that the attributes are as the pipeline wants them. Only names and digests are kept.
func (e *execution) written(ctx context.Context, record StepRecord, p patch) {
	names := make([]string, len(p.values))
	for i, v := range p.values {
		names[i] = v.Name
	}
	record.State, record.Outcome, record.Code, record.At = StepDone, OutcomeFound, "", at(e.options.Now())
	record.Output, _ = json.Marshal(map[string]string{"written": strings.Join(names, " ")})
	note := e.writeNote()
	note.State, note.Attempt = StepDone, record.Attempts
	record.Took = note.Took.Milliseconds()
	e.options.Observer.Stepped(note)
	change := func(r *Run) {
		r.Steps[enrich.AttributesStep] = record
		for _, v := range slices.Concat(p.values, p.there) {
			r.wrote(v.Name, Wrote{Digest: digest(r.Pool, r.Sub, v), Observed: at(p.observed[v.Name])})
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

// writeNote begins what the Observer hears of the write.
func (e *execution) writeNote() StepNote {
	return StepNote{Run: e.hold.run.Key, Step: enrich.AttributesStep, Uses: enrich.AttributesStep, Dependency: poolWrites,
		Class: enrich.Idempotent, Tries: e.writes, Took: e.writing}
}

// notWritten stores a failed write.
func (e *execution) notWritten(ctx context.Context, record StepRecord, f *enrich.Error) {
	note := e.writeNote()
	record.Code, note.Attempt = f.Code, record.Attempts
	switch {
	case f.Kind == enrich.Permanent:
		record.State = StepFailed
	case e.tryLater(ctx, e.outside[poolWrites], &record, f):
		record.State = StepFailed
	}
	note = note.failed(record, f)
	record.failed(note, e.options.Now())
	e.options.Observer.Stepped(note)
	if err := e.store(ctx, enrich.AttributesStep, record); err != nil {
		e.postpone(reasonOf(err), 0, 0)
	}
}
