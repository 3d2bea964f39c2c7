package dynamo_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

// hint is what the index has of a run.
func hint(r worker.Run) map[string]any {
	s := func(text string) any { return map[string]any{"S": text} }
	return map[string]any{"person": s(r.Pool + "#" + r.Sub), "generation": s(r.Generation), "unfinished": s(r.Key), "state": s(string(r.State)),
		"first_seen": map[string]any{"N": fmt.Sprint(r.FirstSeen.UnixNano())}}
}

func amend(r worker.Run) func(*testing.T, *dynamo.Ledger) error {
	return func(t *testing.T, l *dynamo.Ledger) error { return l.Amend(t.Context(), r) }
}

func list(state worker.RunState, want worker.Run) func(*testing.T, *dynamo.Ledger) error {
	return func(t *testing.T, l *dynamo.Ledger) error {
		runs, err := l.List(t.Context(), worker.Filter{State: state})
		if err == nil && state == worker.Done { // the next page
			_, err = l.List(t.Context(), worker.Filter{State: state, After: runs[0].Key})
		}
		if diff := cmp.Diff([]worker.Run{want}, runs); diff != "" {
			t.Errorf("runs (-want +got):\n%s", diff)
		}
		return err
	}
}

func overview(t *testing.T, l *dynamo.Ledger) error {
	o, err := l.Overview(t.Context())
	want := worker.Overview{States: map[worker.RunState]int{worker.Open: 1, worker.Parked: 1}, Oldest: start()}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("overview (-want +got):\n%s", diff)
	}
	return err
}

func unerased(t *testing.T, l *dynamo.Ledger) (err error) {
	n := 0
	for _, e := range l.Unerased(t.Context(), start().Add(lease)) {
		n, err = n+1, errors.Join(err, e)
	}
	if n != 1 {
		t.Errorf("%d runs", n)
	}
	return err
}

func TestTheIndexIsAHintOnly(t *testing.T) {
	parked := claimed()
	parked.State, parked.Owner = worker.Parked, ""
	moved := parked
	moved.State = worker.Done
	spoiled := stored(t, parked)
	spoiled["crashes"] = map[string]any{"N": "7"}
	for _, c := range []struct {
		name    string
		there   any
		runs    int
		damaged bool
	}{
		{"a run that is parked no more is left out", stored(t, moved), 0, false},
		{"a run that is gone is left out", nil, 0, false},
		{"a run that is damaged stands in the error", spoiled, 0, true},
		{"a run that is parked is listed", stored(t, parked), 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, _ := ledger(t, people(hint(parked)), holds(c.there))
			runs, err := l.List(t.Context(), worker.Filter{State: worker.Parked})
			if len(runs) != c.runs || errors.Is(err, worker.ErrDamaged) != c.damaged || !c.damaged && err != nil {
				t.Errorf("got %d runs, %v", len(runs), err)
			}
		})
	}
}

func TestAScanGoesOnPastADamagedRun(t *testing.T) {
	spoiled := stored(t, claimed())
	spoiled["crashes"] = map[string]any{"N": "7"}
	sound := claimed()
	sound.Sub = "another"
	sound.Key = sound.Identity.Key()
	first := says(200, encoded(map[string]any{"Items": []any{spoiled}, "LastEvaluatedKey": map[string]any{"person": map[string]any{"S": "p"}}}))
	var record *dynamo.RecordError
	t.Run("verify", func(t *testing.T) {
		l, s := ledger(t, first, people(stored(t, sound)))
		if n, err := l.Verify(t.Context()); n != 1 || !errors.As(err, &record) || record.Key != person().Key() || s.operations() != "Scan Scan" {
			t.Errorf("got %d, %v after %s", n, err, s.operations())
		}
	})
	t.Run("list", func(t *testing.T) {
		l, _ := ledger(t, first, people(stored(t, sound)))
		if runs, err := l.List(t.Context(), worker.Filter{}); len(runs) != 1 || !errors.As(err, &record) {
			t.Errorf("got %d, %v", len(runs), err)
		}
	})
	t.Run("person", func(t *testing.T) {
		l, _ := ledger(t, people(spoiled, stored(t, sound)))
		if runs, err := l.Person(t.Context(), person().Pool, person().Sub); len(runs) != 1 || !errors.As(err, &record) {
			t.Errorf("got %d, %v", len(runs), err)
		}
	})
}

func TestReadsFailAsCallsDo(t *testing.T) {
	l, s := ledger(t, awsError("ThrottlingException"), awsError("ThrottlingException"), awsError("ThrottlingException"), awsError("ThrottlingException"),
		awsError("ThrottlingException"), awsError("ThrottlingException"), awsError("ThrottlingException"))
	_, _, run := l.Run(t.Context(), person().Key())
	_, list := l.List(t.Context(), worker.Filter{})
	_, parked := l.List(t.Context(), worker.Filter{State: worker.Parked})
	_, overview := l.Overview(t.Context())
	_, verify := l.Verify(t.Context())
	for call, err := range map[string]error{"run": run, "list": list, "parked": parked, "overview": overview, "verify": verify,
		"amend": l.Amend(t.Context(), claimed()), "unerased": unerased(t, l)} {
		if f := enrich.Failure(err); err == nil || f.Kind != enrich.Throttled {
			t.Errorf("%s: got %v", call, err)
		}
	}
	if len(s.calls) != 7 {
		t.Errorf("calls: %s", s.operations())
	}
}

func TestARunIsFoundByItsIdentityInOneConsistentRead(t *testing.T) {
	done := claimed()
	done.State, done.Owner = worker.Done, ""
	spoiled := stored(t, done)
	spoiled["crashes"] = map[string]any{"N": "7"}
	another := claimed()
	another.Identity.Generation = "backfill-1"
	another.Key = another.Identity.Key()
	misplaced := stored(t, another)
	for _, c := range []struct {
		name    string
		there   any
		found   bool
		damaged bool
	}{
		{"one that is done", stored(t, done), true, false},
		{"one that is not there", nil, false, false},
		{"one that is damaged", spoiled, false, true},
		{"one in whose place another stands", misplaced, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, s := ledger(t, holds(c.there))
			r, ok, err := l.Find(t.Context(), worker.Identity{Pool: done.Pool, Sub: done.Sub, Generation: done.Generation})
			if ok != c.found || errors.Is(err, worker.ErrDamaged) != c.damaged || !c.damaged && err != nil {
				t.Errorf("found %v, %v", ok, err)
			}
			if diff := cmp.Diff(done, r); ok && diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
			if s.operations() != "GetItem" || s.calls[0].body["ConsistentRead"] != true {
				t.Errorf("%s with %v", s.operations(), s.calls[0].body)
			}
		})
	}
	t.Run("a pool that is none is asked nobody for", func(t *testing.T) {
		l, s := ledger(t)
		if _, ok, err := l.Find(t.Context(), worker.Identity{Pool: "a#b", Sub: "s", Generation: "0"}); ok || err == nil || s.operations() != "" {
			t.Errorf("found %v, %v after %s", ok, err, s.operations())
		}
	})
}
