package fake_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestLedgerKeepsThePortsPromises(t *testing.T) {
	workertest.Ledger(t, func(*testing.T) workertest.LedgerHarness {
		return workertest.LedgerHarness{Ledger: &fake.Ledger{}}
	})
}

func TestRecordsKeepTheirPromises(t *testing.T) {
	workertest.Ledgers(t, func(*testing.T) workertest.RecordsHarness {
		l := &fake.Ledger{}
		return workertest.RecordsHarness{Ledger: l, Records: l.Records()}
	})
}

func person() worker.Identity {
	return worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: "s", Generation: "0"}
}

func claim(t *testing.T, l *fake.Ledger, owner string) error {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	_, err := l.Claim(t.Context(), person(), owner, now, now.Add(time.Minute))
	return err
}

func TestLedgerFailsOnCommand(t *testing.T) {
	id, broken, lost := person(), errors.New("broken"), errors.New("lost")
	t.Run("a call that shall fail has no effect", func(t *testing.T) {
		l := &fake.Ledger{}
		l.FailNext(fake.Claim, broken)
		if err := claim(t, l, "a"); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
		if len(l.Runs()) != 0 {
			t.Error("a run was stored")
		}
		if err := claim(t, l, "a"); err != nil {
			t.Errorf("the call after it: %v", err)
		}
	})
	t.Run("a lost answer has its effect", func(t *testing.T) {
		l := &fake.Ledger{}
		l.LoseNext(fake.Claim, lost)
		if err := claim(t, l, "a"); !errors.Is(err, lost) {
			t.Errorf("got %v, want %v", err, lost)
		}
		if r, ok := l.Run(id.Key()); !ok || r.Owner != "a" || r.Fence != 1 {
			t.Errorf("got %v, owner %q, fence %d, want a claimed run", ok, r.Owner, r.Fence)
		}
	})
	t.Run("plans are followed in their order and each by its own method", func(t *testing.T) {
		l := &fake.Ledger{}
		l.FailNext(fake.Save, lost)
		l.FailNext(fake.Claim, broken)
		l.FailNext(fake.Claim, lost)
		for _, want := range []error{broken, lost, nil} {
			if err := claim(t, l, "a"); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		r, _ := l.Run(id.Key())
		if err := l.Save(t.Context(), r); !errors.Is(err, lost) {
			t.Errorf("save: got %v, want %v", err, lost)
		}
		if n := l.Calls(fake.Claim); n != 3 {
			t.Errorf("%d claims counted, want 3", n)
		}
	})
	t.Run("a ledger that is down fails every call until it is up", func(t *testing.T) {
		l := &fake.Ledger{}
		l.Put(worker.Run{Identity: id, Key: id.Key(), State: worker.Open, Fence: 7})
		l.Down(broken)
		_, err := l.Written(t.Context(), id.Pool, id.Sub)
		if err := errors.Join(claim(t, l, "a"), l.Save(t.Context(), worker.Run{}), err); !errors.Is(err, broken) || l.Runs()[0].Fence != 7 {
			t.Errorf("got %v, fence %d", err, l.Runs()[0].Fence)
		}
		l.Down(nil)
		if err := claim(t, l, "a"); err != nil || l.Runs()[0].Fence != 8 {
			t.Errorf("up again: got %v, fence %d", err, l.Runs()[0].Fence)
		}
	})
}

func TestTheOverviewCountsStatesAndFindsTheOldestOpenRun(t *testing.T) {
	l := &fake.Ledger{}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	overview := func(states map[worker.RunState]int, oldest time.Time) {
		t.Helper()
		got, err := l.Overview(t.Context())
		if diff := cmp.Diff(worker.Overview{States: states, Oldest: oldest}, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	overview(map[worker.RunState]int{worker.Open: 0, worker.Parked: 0}, time.Time{})
	for sub, r := range map[string]worker.Run{
		"a": {State: worker.Open, FirstSeen: now}, "b": {State: worker.Open, FirstSeen: now.Add(-time.Hour)},
		"c": {State: worker.Done, FirstSeen: now.Add(-2 * time.Hour)}, "d": {State: worker.Parked, FirstSeen: now.Add(-3 * time.Hour)},
	} {
		r.Key = sub
		l.Put(r)
	}
	overview(map[worker.RunState]int{worker.Open: 2, worker.Parked: 1, worker.Done: 1}, now.Add(-time.Hour))
	broken := errors.New("broken")
	l.FailNext(fake.Overview, broken)
	if got, err := l.Overview(t.Context()); !errors.Is(err, broken) || got.States != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
