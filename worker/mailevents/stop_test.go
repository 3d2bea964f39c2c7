package mailevents_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/mailevents"
)

// hangs is a ledger that never answers by itself.
type hangs struct{}

func (hangs) Find(ctx context.Context, _ worker.Identity) (worker.Run, bool, error) {
	<-ctx.Done()
	return worker.Run{}, false, ctx.Err()
}

func (hangs) Amend(context.Context, worker.Run) error { return nil }

// shelf is a queue with one event.
type shelf struct {
	event   []byte
	deleted int
	hidden  time.Duration
}

func (s *shelf) Receive(ctx context.Context) ([]worker.Delivery, error) {
	if body := s.event; body != nil {
		s.event = nil
		return []worker.Delivery{{ID: "m1", Receipt: "r1", Body: body, Sent: time.Now(), Receives: 1}}, nil
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *shelf) Delete(_ context.Context, batch []worker.Delivery) ([]worker.Delivery, error) {
	s.deleted += len(batch)
	return nil, nil
}

func (s *shelf) Hide(_ context.Context, _ worker.Delivery, d time.Duration) error {
	s.hidden = d
	return nil
}

func TestADaemonOfEventsStopsWithinItsGrace(t *testing.T) {
	for name, c := range map[string]struct{ stop, grace, most time.Duration }{
		"a ledger that hangs is given up": {time.Minute, 10 * time.Second, time.Second},
		"a call under way is cut":         {time.Second, 3 * time.Second, 3*time.Second + 100*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, log := &shelf{event: mail().Event("Send", start())}, slog.New(slog.DiscardHandler)
				d := worker.NewDaemon(q, mailevents.New(hangs{}, &mailevents.Options{Log: log}), &worker.DaemonOptions{Pollers: 1, InFlight: 4, Grace: c.grace, Log: log})
				ctx, stop := context.WithCancel(t.Context())
				time.AfterFunc(c.stop, stop)
				began := time.Now()
				d.Run(ctx)
				if took := time.Since(began) - c.stop; took > c.most || q.deleted != 0 || q.hidden != 15*time.Second {
					t.Errorf("it took %v to stop; %d deleted, hidden for %v", took, q.deleted, q.hidden)
				}
			})
		})
	}
}
