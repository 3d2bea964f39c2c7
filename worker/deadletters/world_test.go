package deadletters_test

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

const pool = "eu-west-1_Ab12cd34E"

var sentAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// box is a dead-letter queue in memory that fails on command.
type box struct {
	letters []worker.KeptLetter
	onLook  func(n int) error // before the n-th letter of a look
	fail    error             // of Delete
	refuse  func(receipt string) bool
}

func (b *box) Each(ctx context.Context, limit int, f func(worker.KeptLetter) error) error {
	for n, l := range slices.Clone(b.letters) {
		if n == limit {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.onLook != nil {
			if err := b.onLook(n); err != nil {
				return err
			}
		}
		if err := f(l); err != nil {
			return err
		}
	}
	return nil
}

func (b *box) Delete(_ context.Context, receipts []string) (failed []string, err error) {
	if b.fail != nil {
		return receipts, b.fail
	}
	for _, r := range receipts {
		if b.refuse != nil && b.refuse(r) {
			failed = append(failed, r)
			continue
		}
		b.letters = slices.DeleteFunc(b.letters, func(l worker.KeptLetter) bool { return l.Receipt == r })
	}
	return failed, nil
}

// ids are the letters that are left.
func (b *box) ids() (all []string) {
	for _, l := range b.letters {
		all = append(all, l.ID)
	}
	return all
}

func message(sub string, reopens int) event.Message {
	return event.Message{Pool: pool, User: "user of " + sub, Sub: sub, Generation: "0", Source: event.SourceSignup, Reopens: reopens}
}

// letter is one of ours, with this reopen count.
func letter(id, sub string, reopens int) worker.KeptLetter {
	m := message(sub, 0)
	return worker.KeptLetter{Letter: worker.Letter{Body: m.Encode(), Run: m.Key(), Reason: "http_400", Step: "crm", Class: "permanent", Attempts: 8, Reopens: reopens},
		Ours: true, ID: id, Receipt: "receipt " + id, Sent: sentAt, Receives: 1}
}

// native is a letter that SQS moved there.
func native(id, sub string, reopens int) worker.KeptLetter {
	return worker.KeptLetter{Letter: worker.Letter{Body: message(sub, reopens).Encode()}, ID: id, Receipt: "receipt " + id, Sent: sentAt.Add(-time.Hour), Receives: 1001}
}

func alien(id, body string) worker.KeptLetter {
	return worker.KeptLetter{Letter: worker.Letter{Body: []byte(body), Reason: "body_undecodable", Class: "permanent"}, Ours: true, ID: id, Receipt: "receipt " + id, Sent: sentAt}
}

func run(sub string, state worker.RunState, reopens int) worker.Run {
	id := worker.Identity{Pool: pool, Sub: sub, Generation: "0", Source: event.SourceSignup}
	r := worker.Run{Identity: id, Key: id.Key(), State: state, Reopens: reopens, FirstSeen: sentAt, Updated: sentAt, Fence: 1}
	if state == worker.Parked {
		r.Reason, r.LetterSent = "http_400", true
	}
	return r
}

// ledger has these runs.
func ledger(runs ...worker.Run) *fake.Ledger {
	l := &fake.Ledger{}
	for _, r := range runs {
		l.Put(r)
	}
	return l
}

// damaged is a ledger that can't read anybody's run.
type damaged struct{ fake.Records }

func (damaged) Find(context.Context, worker.Identity) (worker.Run, bool, error) {
	return worker.Run{}, false, worker.ErrDamaged
}

// outbox is the worker's queue.
type outbox struct {
	bodies [][]byte
	refuse func(call int, body []byte) error
	calls  int
	sizes  []int
}

func (o *outbox) Send(_ context.Context, bodies [][]byte) (unsent []int, err error) {
	o.calls++
	o.sizes = append(o.sizes, len(bodies))
	for i, b := range bodies {
		if o.refuse != nil {
			if e := o.refuse(o.calls, b); e != nil {
				unsent, err = append(unsent, i), e
				continue
			}
		}
		o.bodies = append(o.bodies, bytes.Clone(b))
	}
	return unsent, err
}

// subs are who was sent, in order.
func (o *outbox) subs(t *testing.T) (all []string) {
	t.Helper()
	for _, b := range o.bodies {
		m, err := event.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m.Sub)
	}
	return all
}

func numbered(i int) string { return "sub-" + strconv.Itoa(i) }
