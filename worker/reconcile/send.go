package reconcile

import (
	"context"
	"errors"
	"strings"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

// batchSize is how many messages go at once: the most that SQS takes (Amazon SQS API reference, SendMessageBatch).
const batchSize = 10

// Send puts everybody on the queue whom the walk of this scope found, as far as the ledger does not know them meanwhile, and
// gives the walk, which is Sent. It goes on where an earlier Send was stopped: the last ten messages may go twice, which the
// run key makes harmless. A walk that has not been through the whole list is an error.
func (w *Walker) Send(ctx context.Context, s Scope) (Walk, error) {
	k, ok, err := w.load(ctx, s)
	switch {
	case err != nil:
		return k.Walk, err
	case !ok || k.Phase == Walking:
		return k.Walk, errors.New("reconcile: send: the walk has not been through the whole list")
	case !k.Scope.same(s):
		return k.Walk, ErrOther
	}
	for err == nil && k.Phase != Sent {
		if err = w.batch(ctx, &k); errors.Is(err, worker.ErrPaperMoved) {
			err = w.follow(ctx, &k, k.Scope, k.Phase)
		}
	}
	if err != nil {
		return k.Walk, err
	}
	return k.Walk, w.clear(ctx, k.ID)
}

// batch sends the next users and writes down that they were.
func (w *Walker) batch(ctx context.Context, k *kept) error {
	next := k.Walk
	next.Phase = Sending
	if k.Head == "" {
		next.Phase = Sent
		return w.save(ctx, k, next)
	}
	from, err := w.pile(ctx, k.Head)
	if err != nil {
		return err
	}
	users := from.Users[min(k.At, len(from.Users)):]
	users = users[:min(len(users), batchSize)]
	sent, err := w.feed(ctx, k.Scope, users)
	if err != nil {
		return err
	}
	next.Messages, next.Settled, next.At = k.Messages+sent, k.Settled+len(users)-sent, k.At+len(users)
	if next.At >= len(from.Users) {
		next.Head, next.At = from.Next, 0
	}
	ctx, cancel := saving(ctx)
	defer cancel()
	old := k.Head
	if err := w.save(ctx, k, next); err != nil {
		return err
	}
	w.o.Progress(k.Walk)
	if k.Head == old {
		return nil
	}
	return wrap("drop users", w.ports.Papers.DropPaper(ctx, drawer, old))
}

// feed sends messages of the users whom the ledger does not know by now.
func (w *Walker) feed(ctx context.Context, s Scope, users []found) (sent int, err error) {
	members := make([]worker.Member, len(users))
	for i, u := range users {
		members[i].Sub = u.Sub
	}
	known, err := w.known(ctx, s, members)
	if err != nil {
		return 0, err
	}
	var bodies [][]byte
	for i, u := range users {
		if !known[i] {
			bodies = append(bodies, w.message(s, u).Encode())
		}
	}
	sent = len(bodies)
	if err := w.sends.WaitN(ctx, sent); err != nil {
		return 0, wrap("send", err)
	}
	err = patiently(ctx, func() error {
		if len(bodies) == 0 {
			return nil
		}
		failed, err := w.ports.Feed.Feed(ctx, bodies)
		if err != nil || len(failed) == 0 {
			return err
		}
		var again [][]byte
		for _, i := range failed {
			again = append(again, bodies[i])
		}
		bodies = again
		return &enrich.Error{Kind: enrich.Temporary, Code: "not_taken", Sent: true, Refused: true}
	})
	return sent, wrap("send", err)
}

// message is what the trigger would have sent, as far as the list tells it: no app client, no metadata.
func (w *Walker) message(s Scope, u found) event.Message {
	region, _, _ := strings.Cut(s.Pool, "_")
	m := event.Message{Pool: s.Pool, Region: region, User: u.Name, Sub: u.Sub, Generation: s.Generation, Source: s.source(),
		At: w.o.Now().UTC(), Steps: s.Steps}
	if m.User == "" {
		m.User = u.Sub
	}
	return m
}
