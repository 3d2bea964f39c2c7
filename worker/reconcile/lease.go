package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// turn is the paper by which workers agree who reconciles a pool, and when it was done last.
type turn struct {
	Owner string    `json:"owner,omitempty"` // "" when nobody is at it
	Until time.Time `json:"until,omitzero"`
	Last  time.Time `json:"last,omitzero"` // when the last whole reconciliation began

	version int64
}

// turnLength is how long a turn lasts that is not renewed.
const turnLength = 2 * time.Minute

func turnName(pool string) string { return pool + ":turn" }

func (s *Schedule) readTurn(ctx context.Context, pool string) (t turn, err error) {
	p, ok, err := s.Ports.Papers.Paper(ctx, drawer, turnName(pool))
	if err == nil && ok {
		t.version, err = p.Version, json.Unmarshal(p.Body, &t)
	}
	return t, wrap("read turn", err)
}

func (s *Schedule) writeTurn(ctx context.Context, pool string, t *turn) error {
	body, err := json.Marshal(t)
	if err == nil {
		t.version, err = s.Ports.Papers.PutPaper(ctx, worker.Paper{Drawer: drawer, Name: turnName(pool), Version: t.version, Body: body})
	}
	return wrap("write turn", err)
}

// take takes the turn if it is time and nobody has it; ok is false if not.
func (s *Schedule) take(ctx context.Context, pool string) (t turn, ok bool, err error) {
	now := s.now()
	t, err = s.readTurn(ctx, pool)
	if err != nil || now.Sub(t.Last) < s.Every || t.Owner != "" && t.Until.After(now) {
		return t, false, err
	}
	t.Owner, t.Until = s.Owner, now.Add(turnLength)
	if err = s.writeTurn(ctx, pool, &t); errors.Is(err, worker.ErrPaperMoved) {
		return t, false, nil
	}
	return t, err == nil, err
}

// hold renews the turn until ctx ends, and ends it if the turn is lost. It gives the turn as it is stored then.
func (s *Schedule) hold(ctx context.Context, pool string, t turn, lost context.CancelCauseFunc) turn {
	for sleep(ctx, turnLength/4) == nil {
		next := t
		next.Until = s.now().Add(turnLength)
		err := s.writeTurn(ctx, pool, &next)
		switch {
		case err == nil:
			t = next
		case errors.Is(err, worker.ErrPaperMoved), !s.now().Before(t.Until):
			lost(err)
		}
	}
	return t
}
