package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
)

// step brings one step as far as this delivery can. The steps it needs are over for this delivery.
func (e *execution) step(ctx, waits context.Context, s *enrich.Step) {
	record := e.record(s.ID)
	if record.State.Terminal() {
		return
	}
	if !e.ready(ctx, s) {
		return
	}
	if record, ok := e.condition(ctx, s, record); ok {
		e.call(ctx, waits, s, record)
	}
}

// ready tells whether what the step needs is there. A step behind one that will be tried again waits with it; behind a
// failed one it stays open, for the replay; behind one that was skipped for its failure it is skipped too.
func (e *execution) ready(ctx context.Context, s *enrich.Step) bool {
	for _, need := range s.Needs {
		record := e.record(need)
		switch {
		case !record.State.Terminal(), record.State == StepFailed:
			return false
		case record.State == StepSkipped && record.Code != CodeCondition:
			_ = e.store(ctx, s.ID, StepRecord{State: StepSkipped, Outcome: OutcomeSkipped, Code: "needs_" + need})
			return false
		}
	}
	return true
}

// CodeCondition is the code of a step that was skipped because its condition was false. What needs it goes on, and sees null.
const CodeCondition = "condition"

// condition decides the step's if, once, and stores the decision.
func (e *execution) condition(ctx context.Context, s *enrich.Step, record StepRecord) (StepRecord, bool) {
	if s.If == nil {
		return record, true
	}
	if record.If == nil {
		v, err := s.If.Eval(ctx, e.vars(nil))
		if err != nil {
			e.fail(ctx, s, record, e.note(s), &enrich.Error{Kind: enrich.Permanent, Code: "condition_failed", Err: err})
			return record, false
		}
		yes := v == true
		record.If = &yes
		if !yes {
			record.State, record.Outcome, record.Code = StepSkipped, OutcomeSkipped, CodeCondition
		}
		if e.store(ctx, s.ID, record) != nil {
			return record, false
		}
	}
	return record, *record.If
}

// call makes the step's call, with its tries, and stores what came of it. Where an earlier call may have had its
// effect, it finds out first, if the class allows it.
func (e *execution) call(ctx, waits context.Context, s *enrich.Step, record StepRecord) {
	if waits.Err() != nil {
		e.postpone(reasonOf(context.Cause(waits)), 0, 0)
		return
	}
	vars, err := e.secretVars(ctx)
	if err != nil {
		e.unprepared(s, err)
		return
	}
	call := enrich.Call{EffectKey: effectKey(e.hold.run.Key, s.ID, record.Again), Vars: vars}
	if e.outside[s.DependencyName()].refund(e.hold.run.Key) && record.Attempts > 0 {
		record.Attempts--
	}
	if record.State == StepIntent && s.Class == enrich.Verifiable && e.verified(ctx, waits, s, record, call) {
		return
	}
	if e.keyExpired(s, record) {
		record.Code = "key_expired"
		e.leaveOpen(s, &record)
		e.settled(ctx, s, record, e.note(s), &enrich.Error{Kind: enrich.Permanent, Code: record.Code, Sent: true})
		return
	}
	fresh := record.First.IsZero()
	if s.Class < enrich.Idempotent {
		if err := e.intend(ctx, s, &record); err != nil {
			e.unprepared(s, err)
			return
		}
	}
	a, known := e.remembered(ctx, s, call)
	if !known {
		a = e.ask(ctx, waits, s, func(ctx context.Context) (enrich.Result, error) { return s.Connector.Run(ctx, call) })
	}
	if a.err == nil {
		a.err = e.keep(s, &record, a.result)
	}
	if a.err == nil {
		e.succeed(ctx, s, record, a.note)
		return
	}
	if fresh && !a.unknown {
		record.First = time.Time{} // nobody has seen the key yet
	}
	e.failure(ctx, s, record, a.note, enrich.Failure(a.err))
}

// effectKey names the effect of a step: the same in every attempt, another one when an operator wants it done anew.
func effectKey(run, step string, again int) string {
	if again == 0 {
		return run + "-" + step
	}
	return run + "-" + step + "-" + strconv.Itoa(again)
}

// unprepared gives the run back because a step could not even begin.
func (e *execution) unprepared(s *enrich.Step, err error) {
	e.options.Log.Error("worker: prepare step", "run", e.hold.run.Key, "step", s.ID, "error", err.Error())
	e.postpone(reasonOf(err), 0, 0)
}

// asked is what came of the calls of one step in one delivery.
type asked struct {
	result  enrich.Result
	err     error // of the last call
	unknown bool  // the outcome of one of the calls is not known
	note    StepNote
}

// ask calls f, with its tries, at the pace of the step's dependency and while that is thought well.
func (e *execution) ask(ctx, waits context.Context, s *enrich.Step, f func(context.Context) (enrich.Result, error)) (a asked) {
	outside, started, calls := e.outside[s.DependencyName()], e.options.Now(), 0
	_, a.err = e.repeat(waits, started.Add(e.patience(e.hold)), outside, func() (err error) {
		pace, cancel := context.WithTimeout(waits, e.options.Lease/2)
		defer cancel()
		a.result, err = outside.call(pace, e.hold.run.Key, func() (enrich.Result, error) {
			calls++
			result, err := e.once(ctx, s, f)
			a.unknown = a.unknown || err != nil && enrich.Failure(err).Unknown()
			return result, err
		})
		return err
	})
	a.note = e.note(s)
	a.note.Tries, a.note.Took = calls, e.options.Now().Sub(started)
	return a
}

// remembered is the answer that a reading connector knows already: nobody is asked for it, so neither rate nor breaker has
// a say.
func (e *execution) remembered(ctx context.Context, s *enrich.Step, call enrich.Call) (a asked, known bool) {
	memory, ok := s.Connector.(enrich.Rememberer)
	if !ok || s.Class != enrich.Read {
		return a, false
	}
	a.note = e.note(s)
	a.result, known, a.err = memory.Remembered(ctx, call)
	return a, known
}

// note begins what the Observer hears of a step.
func (e *execution) note(s *enrich.Step) StepNote {
	return StepNote{Run: e.hold.run.Key, Step: s.ID, Uses: s.Uses, Dependency: s.DependencyName(), Class: s.Class}
}

// keep puts what expressions read of the result into the record. A result that can't be kept fails a question; an
// effect has happened all the same, so its step is done without a result, and flagged.
func (e *execution) keep(s *enrich.Step, record *StepRecord, result enrich.Result) (err error) {
	record.Output, err = project(result, s.Fields)
	if err != nil && s.Class < enrich.Idempotent {
		e.flag("step " + s.ID + ": " + enrich.Failure(err).Code)
		err = nil
	}
	return err
}

// secretVars are the expressions' values with the secrets of this pipeline among them.
func (e *execution) secretVars(ctx context.Context) (vars map[string]any, err error) {
	secrets := make(map[string]any, len(e.pipeline.Secrets))
	for _, name := range e.pipeline.Secrets {
		secret, err := e.ports.Secrets.Secret(ctx, name)
		if err != nil {
			return nil, &enrich.Error{Kind: enrich.Temporary, Code: "secret_unavailable", Err: err}
		}
		secrets[name] = secret.Reveal()
	}
	return e.vars(secrets), nil
}

// intend makes the effect that is about to happen durable.
func (e *execution) intend(ctx context.Context, s *enrich.Step, record *StepRecord) error {
	record.State, record.At = StepIntent, at(e.options.Now())
	if record.First.IsZero() {
		record.First = record.At
	}
	return e.store(ctx, s.ID, *record)
}

// once is one call of a connector within its time-out, started only if that fits into the lease and before the
// deadline. A panic inside counts as a failure of this call.
func (e *execution) once(ctx context.Context, s *enrich.Step, f func(context.Context) (enrich.Result, error)) (result enrich.Result, err error) {
	if err := e.hold.ensure(ctx, s.Timeout); err != nil {
		return nil, &enrich.Error{Kind: enrich.Throttled, Code: reasonOf(err), Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &enrich.Error{Kind: enrich.Temporary, Code: "panic", Sent: true}
		}
		again := s.Class.Repeatable() || s.AtLeast && s.Class != enrich.Verifiable
		if err != nil && !again && enrich.Failure(err).Unknown() {
			err = fmt.Errorf("%w: %w", errOnce, err)
		}
	}()
	return f(ctx)
}

// succeed stores the answer: durable before anybody reads it.
func (e *execution) succeed(ctx context.Context, s *enrich.Step, record StepRecord, note StepNote) {
	record.State, record.Outcome, record.Code, record.At = StepDone, OutcomeFound, "", at(e.options.Now())
	record.Took = note.Took.Milliseconds()
	note.State, note.Attempt = StepDone, record.Attempts
	e.options.Observer.Stepped(note)
	if err := e.store(ctx, s.ID, record); err != nil {
		e.postpone(reasonOf(err), 0, 0)
	}
}

// failure stores a failure as what it means for the step.
func (e *execution) failure(ctx context.Context, s *enrich.Step, record StepRecord, note StepNote, f *enrich.Error) {
	record.State, record.Code, note.Attempt = StepOpen, f.Code, record.Attempts
	switch {
	case f.Kind == enrich.NotFound:
		record.State, record.Outcome, record.At = StepDone, OutcomeNotFound, at(e.options.Now())
	case s.Class == enrich.Verifiable && f.Unknown():
		e.unverified(ctx, s, &record, &enrich.Error{Kind: f.Kind, Code: f.Code, RetryAfter: max(f.RetryAfter, e.untilVerifiable(s, record))})
	case !s.Class.Repeatable() && !s.AtLeast && f.Unknown():
		// Also when the answer was one that nobody can read: the effect may have happened.
		e.leaveOpen(s, &record)
	case f.Kind == enrich.Permanent:
		e.fail(ctx, s, record, note, f)
		return
	case e.tryLater(ctx, e.outside[s.DependencyName()], &record, f):
		record.State = StepFailed
	}
	e.settled(ctx, s, record, note, f)
}

// tryLater postpones what time may mend, and charges the attempt if it was one. It is true when the attempts are spent.
func (e *execution) tryLater(ctx context.Context, outside *dependency, record *StepRecord, f *enrich.Error) (spent bool) {
	if f.Kind == enrich.Throttled || f.Kind == enrich.Denied || ctx.Err() != nil || !outside.charge(e.hold.run.Key) {
		e.postpone(f.Code, 0, f.RetryAfter)
		return false
	}
	if record.Attempts++; record.Attempts >= e.options.Attempts {
		return true
	}
	e.postpone(f.Code, record.Attempts, f.RetryAfter)
	return false
}

// leaveOpen ends a step whose effect nobody knows: the run goes on without it, and lists it.
func (e *execution) leaveOpen(s *enrich.Step, record *StepRecord) {
	record.State = StepUnknown
	e.flag("step " + s.ID + ": unknown")
}

// settled tells and stores how a failed step stands; note.Attempt is what it was charged before.
func (e *execution) settled(ctx context.Context, s *enrich.Step, record StepRecord, note StepNote, f *enrich.Error) {
	note = note.failed(record, f)
	record.failed(note, e.options.Now())
	e.options.Observer.Stepped(note)
	if err := e.store(ctx, s.ID, record); err != nil {
		e.postpone(reasonOf(err), 0, 0)
	}
}

// failed is the note of a step with this failure. Its Attempt is the number of charged attempts before.
func (n StepNote) failed(record StepRecord, f *enrich.Error) StepNote {
	n.Charged = record.Attempts > n.Attempt
	n.State, n.Attempt = record.State, record.Attempts
	n.Code, n.Kind, n.Sent, n.RetryAfter = f.Code, f.Kind, f.Sent, f.RetryAfter
	return n
}

// fail applies the step's on-failure to a permanent failure.
func (e *execution) fail(ctx context.Context, s *enrich.Step, record StepRecord, note StepNote, f *enrich.Error) {
	record.State, record.Code, record.At, note.Attempt = StepFailed, f.Code, at(e.options.Now()), record.Attempts
	switch s.OnFailure {
	case enrich.Skip:
		record.State, record.Outcome = StepSkipped, OutcomeSkipped
	case enrich.UseDefault:
		record.State, record.Outcome = StepDone, OutcomeDefault
		record.Output, _ = json.Marshal(s.Default)
	}
	note = note.failed(record, f)
	record.failed(note, e.options.Now())
	e.options.Observer.Stepped(note)
	if s.OnFailure != enrich.Fail {
		e.flag("step " + s.ID + ": " + f.Code)
	}
	if err := e.store(ctx, s.ID, record); err != nil {
		e.postpone(reasonOf(err), 0, 0)
	}
}
