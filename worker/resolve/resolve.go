// Package resolve settles effects of which nobody knows whether they happened, by an operator's word: it was sent, it was
// not sent, or it shall be sent once more.
//
// It promises: nothing changes before the caller has seen what would; a change is one compare-and-swap over the run that
// was looked at, so a run that changed meanwhile is left as it is; who is killed between the reopening of a run and the
// message that wakes the worker does the rest by asking for the same again.
//
// It refuses any step whose effect is known, and to send once more what an open run is about to find out, or what would
// be made of answers that were erased. The words "sent" and "not sent" repeat nothing: a step that was not sent is failed
// until the run is replayed.
package resolve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Word is what an operator says about an effect.
type Word string

// The words.
const (
	Sent    Word = "sent"     // it happened: the step is done, without an answer
	NotSent Word = "not-sent" // it did not: the step is failed, and flagged
	Resend  Word = "resend"   // whatever happened: it shall happen again, under a new effect key
)

// The codes of steps that were settled by an operator's word.
const (
	CodeSent    = "operator_sent"
	CodeNotSent = "operator_not_sent"
)

// The reasons to refuse.
var (
	ErrUnknownRun = errors.New("the ledger does not know this run")
	ErrOpen       = errors.New("the run is open: a worker may be at it")
	ErrGone       = errors.New("the user is gone: nothing is sent to anybody")
	ErrErased     = errors.New("the run's answers were erased: what the step sends is made of them")
	ErrChanged    = errors.New("the run has changed since it was looked at")
)

// Ledger is where runs are read and changed.
type Ledger interface {
	// Find reads one run; ok is false if the ledger does not know it.
	Find(ctx context.Context, id worker.Identity) (r worker.Run, ok bool, err error)
	// Run is Find by the run key alone.
	Run(ctx context.Context, key string) (r worker.Run, ok bool, err error)
	worker.Amender
}

// Sender puts messages on the worker's queue.
type Sender interface {
	// Send sends the bodies; unsent are the indices of those that the queue is not known to have.
	Send(ctx context.Context, bodies [][]byte) (unsent []int, err error)
}

// Question is which effect is meant, and what is said about it.
type Question struct {
	Key  string          // run key; "" if ID says which run
	ID   worker.Identity // pool, sub and generation
	Step string
	Word Word
}

// Answer is what Do changes. It is good for one Do.
type Answer struct {
	Run    worker.Run // as it was found
	Step   string
	Word   Word
	Was    worker.StepState // the step's
	Wakes  bool             // a message is sent to the worker
	Again  bool             // the run was reopened by the same words before; only the message is sent
	Anew   []string         // other steps that are tried anew because the run is reopened: they had failed
	change worker.Run
}

// Resolver settles effects. It is safe for concurrent use if its parts are.
type Resolver struct {
	Ledger Ledger
	Sender Sender           // for Resend; may be nil otherwise
	Now    func() time.Time // time.Now
}

// Look finds the run and says what Do would change. The error is ErrUnknownRun, worker.ErrNoOpenEffect, ErrOpen, ErrGone,
// ErrErased, or the ledger's; the Answer has the run as far as it was found.
func (s *Resolver) Look(ctx context.Context, q Question) (a Answer, err error) {
	a = Answer{Step: q.Step, Word: q.Word}
	r, ok, err := s.find(ctx, q)
	switch {
	case err != nil:
		return a, fmt.Errorf("resolve: find run: %w", err)
	case !ok:
		return a, ErrUnknownRun
	}
	a.Run, a.Was = r, r.Steps[q.Step].State
	a.change, err = cloned(r), nil
	if q.Word == Resend {
		err = a.resend(s.now())
	} else {
		err = a.settle(s.now())
	}
	return a, err
}

func (s *Resolver) find(ctx context.Context, q Question) (worker.Run, bool, error) {
	if q.Key != "" {
		return s.Ledger.Run(ctx, q.Key)
	}
	return s.Ledger.Find(ctx, q.ID)
}

func (s *Resolver) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// settle takes the operator's word for it. What was settled before is known, and needs no second word of the same kind.
func (a *Answer) settle(now time.Time) error {
	word := worker.Settlement{Sent: a.Word == Sent, Code: CodeNotSent}
	if word.Sent {
		word.Code = CodeSent
	}
	if s := a.Run.Steps[a.Step]; !s.Settled && !slices.Contains(a.Run.OpenEffects(), a.Step) || s.Settled && s.Code == word.Code {
		return worker.ErrNoOpenEffect
	}
	return a.change.Settle(a.Step, word, now)
}

// resend reopens the run with the step to do anew.
func (a *Answer) resend(now time.Time) error {
	a.Wakes = true
	plan := Plan(a.Step)
	switch {
	case a.Run.State == worker.Open && a.Run.Plan == plan:
		a.Again = true
		return nil
	case !slices.Contains(a.Run.OpenEffects(), a.Step):
		return worker.ErrNoOpenEffect
	case a.Run.State == worker.Open:
		return ErrOpen
	case a.Run.State == worker.Gone || a.Run.State == worker.Replaced:
		return ErrGone
	case !a.Run.Erased.IsZero():
		return ErrErased
	}
	for id, s := range a.Run.Steps {
		if id != a.Step && s.State == worker.StepFailed {
			a.Anew = append(a.Anew, id)
		}
	}
	slices.Sort(a.Anew)
	a.change.Reopen(now, worker.Reopening{Plan: plan, Rerun: []string{a.Step}})
	return nil
}

// Plan is what Run.Plan says of a run that was reopened by Resend.
func Plan(step string) string { return "resolve:" + step }

// Do does what Look found: ErrChanged if the run is another one by now, and nothing happened. After an error of the sender
// the run is reopened already, and Look and Do with the same Question send its message again.
func (s *Resolver) Do(ctx context.Context, a Answer) error {
	if !a.Again {
		err := s.Ledger.Amend(ctx, a.change)
		switch {
		case errors.Is(err, worker.ErrLeaseLost):
			return ErrChanged
		case err != nil:
			return fmt.Errorf("resolve: store run: %w", err)
		}
	}
	if !a.Wakes {
		return nil
	}
	if _, err := s.Sender.Send(ctx, [][]byte{a.change.Message().Encode()}); err != nil {
		return fmt.Errorf("resolve: the run is reopened, but nobody is told; ask for the same again: %w", err)
	}
	return nil
}

// cloned is a run whose steps and flags can be changed without the other one's.
func cloned(r worker.Run) worker.Run {
	steps := make(map[string]worker.StepRecord, len(r.Steps))
	for id, s := range r.Steps {
		steps[id] = s
	}
	r.Steps, r.Flags = steps, slices.Clone(r.Flags)
	return r
}
