package presignup

import (
	"context"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/trigger/lines"
)

// Holder is what a pool knows of an address.
type Holder int

// Nobody is the zero value, but only together with a nil error: what could not be found out is nobody's.
const (
	Nobody      Holder = iota // no user of the pool has it
	Unconfirmed               // only users who never confirmed have it
	Confirmed                 // a user who can sign in has it
)

// Guard looks up who holds an address. Holder asks a pool once, with no second try, for the users whose attribute
// (email or phone_number) is value; it must return soon after ctx is done, and be safe for concurrent use.
//
// One method of its error is heard, where it exists: Code() string, a short word for the log, such as
// TooManyRequestsException.
type Guard interface {
	Holder(ctx context.Context, pool, attribute, value string) (Holder, error)
}

// question is what the pool is asked.
type question struct{ attribute, value string }

// answer is what the pool says to one of them.
type answer struct {
	question
	holder Holder
	err    error
}

var (
	errNoGuard = errors.New("presignup: nobody can be asked")
	errPanic   = errors.New("presignup: the guard panicked")
)

// ask puts all questions to the pool at once. A single holder, or a single doubt, takes the grant back. It returns the
// guard's word for a doubt.
func (h *Handler) ask(ctx context.Context, d *Decision) (code string) {
	ctx, cancel := context.WithTimeout(ctx, h.timeLeft(ctx))
	defer cancel()
	answers := make(chan answer, len(d.questions)) // whoever is late finds room
	pool := d.pool                                 // whoever is late must not look at a decision that is made
	for _, q := range d.questions {
		go func() { answers <- h.look(ctx, pool, q) }()
	}
	var worst answer
	for i := 0; i < len(d.questions) && worst.holder != Confirmed; i++ {
		select {
		case a := <-answers:
			worst = worse(worst, a)
		case <-ctx.Done():
			worst = worse(worst, answer{err: ctx.Err()})
		}
	}
	return d.take(worst)
}

// timeLeft is the patience, or what is left of the invocation less a margin.
func (h *Handler) timeLeft(ctx context.Context) time.Duration {
	left := h.patience
	if deadline, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(deadline)-margin)
	}
	return left
}

// look asks one question. A panic there would end the process: it becomes a doubt.
func (h *Handler) look(ctx context.Context, pool string, q question) (a answer) {
	a = answer{question: q, err: errPanic}
	defer func() { _ = recover() }()
	if h.guard == nil {
		a.err = errNoGuard
		return a
	}
	a.holder, a.err = h.guard.Holder(ctx, pool, q.attribute, q.value)
	return a
}

// worse keeps the answer that says more against a grant: a confirmed holder, an unconfirmed one, a doubt.
func worse(a, b answer) answer {
	if b.holder > a.holder || b.holder == a.holder && a.err == nil && b.err != nil {
		return b
	}
	return a
}

// take takes the grant back if there is anything against it.
func (d *Decision) take(worst answer) (code string) {
	reason := ""
	switch {
	case worst.holder == Confirmed:
		reason = "alias_held"
	case worst.holder != Nobody:
		reason = "alias_held_unconfirmed"
	case worst.err != nil:
		reason = "alias_unknown"
	default:
		return ""
	}
	d.VerifyEmail, d.VerifyPhone, d.Held = false, false, worst.attribute
	*d = d.as(NoAuto, reason)
	if worst.err == nil {
		return ""
	}
	d.Held = ""
	return codeOf(worst.err)
}

// codeOf is an error's own word for the log.
func codeOf(err error) string {
	var coded interface{ Code() string }
	switch {
	case errors.As(err, &coded):
		return lines.Word(coded.Code())
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, errNoGuard):
		return "no_guard"
	case errors.Is(err, errPanic):
		return "panic"
	}
	return "other"
}
