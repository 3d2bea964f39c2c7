package dynamo_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

func TestTheIndexHoldsUnfinishedRunsOnly(t *testing.T) {
	for state, want := range map[worker.RunState]struct{ unfinished, expires bool }{
		worker.Open: {true, false}, worker.Parked: {true, false}, worker.Done: {false, false},
		worker.Gone: {false, true}, worker.Replaced: {false, true},
	} {
		r := claimed()
		r.State = state
		i := stored(t, r)
		_, unfinished := i["unfinished"]
		_, expires := i["expires"]
		if unfinished != want.unfinished || expires != want.expires {
			t.Errorf("%s: unfinished %v, expires %v", state, unfinished, expires)
		}
		if expires && i["expires"].(map[string]any)["N"] != fmt.Sprint(start().AddDate(0, 0, 30).Unix()) {
			t.Errorf("%s: expires at %v", state, i["expires"])
		}
	}
}

// changes are all ways to spoil one attribute that decides.
func changes(whole map[string]any) map[string]map[string]any {
	spoiled := map[string]map[string]any{}
	for name, value := range whole {
		if name == "unfinished" {
			continue
		}
		for kind, v := range value.(map[string]any) {
			other := map[string]string{"S": v.(string) + "x", "N": "12", "B": "AAAA"}[kind]
			for how, change := range map[string]any{"another value": map[string]any{kind: other}, "another type": map[string]any{"BOOL": true}, "none": nil} {
				i := maps.Clone(whole)
				if i[name] = change; change == nil {
					delete(i, name)
				}
				spoiled[name+": "+how] = i
			}
		}
	}
	return spoiled
}

func TestAnItemThatIsNotAsItWasWrittenIsNeverUsed(t *testing.T) {
	done := claimed()
	done.State, done.Crashes, done.Written = worker.Done, 1, map[string]worker.Wrote{"website": wrote("sha256:22", start())}
	for how, i := range changes(stored(t, done)) {
		t.Run(how, func(t *testing.T) {
			var record *dynamo.RecordError
			l, s := ledger(t, refuses(i), refuses(nil), holds(i), says(200, encoded(map[string]any{"Items": []any{i}})))
			for range 2 {
				if _, err := l.Claim(t.Context(), person(), "b-1", start(), start()); !errors.Is(err, dynamo.ErrDamaged) || !errors.As(err, &record) {
					t.Errorf("claim: got %v", err)
				}
			}
			if w, err := l.Written(t.Context(), person().Pool, person().Sub); !errors.Is(err, dynamo.ErrDamaged) || w != nil {
				t.Errorf("written: got %v, %v", w, err)
			}
			if s.operations() != "PutItem PutItem GetItem Query" {
				t.Errorf("calls: %s", s.operations())
			}
		})
	}
	t.Run("another run in its place", func(t *testing.T) {
		other := claimed()
		other.Sub += "2"
		other.Key = other.Identity.Key()
		l, _ := ledger(t, refuses(stored(t, other)))
		if _, err := l.Claim(t.Context(), person(), "b-1", start(), start()); !errors.Is(err, dynamo.ErrDamaged) {
			t.Errorf("got %v", err)
		}
	})
}

// FuzzARecordThatWasChanged looks for other bytes that pass for a record.
func FuzzARecordThatWasChanged(f *testing.F) {
	whole := stored(f, claimed())
	f.Add("record", "{}")
	f.Add("fence", "1e3")
	f.Add("fence", "01")
	f.Add("sum", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		before, known := whole[name].(map[string]any)
		if !known || name == "unfinished" {
			return
		}
		i := maps.Clone(whole)
		for kind := range before {
			i[name] = map[string]any{kind: value}
		}
		l, _ := ledger(t, refuses(i), holds(i))
		_, err := l.Claim(t.Context(), person(), "b-1", start(), start())
		var busy *worker.Busy
		if errors.As(err, &busy) && !busy.Until.Equal(start().Add(lease)) || !errors.As(err, &busy) && err == nil {
			t.Errorf("%s %q was taken", name, value)
		}
	})
}

func TestARunBeyondAnItemIsRefusedBeforeTheCall(t *testing.T) {
	run := func(bytes int) worker.Run {
		r := claimed()
		r.Steps = map[string]worker.StepRecord{"company": {State: worker.StepDone, Output: []byte(`"` + strings.Repeat("x", bytes) + `"`)}}
		return r
	}
	l, s := ledger(t, says(200, `{}`))
	if err := l.Save(t.Context(), run(407_900)); err != nil || s.operations() != "PutItem" {
		t.Errorf("just below: got %v after %s", err, s.operations())
	}
	err := l.Save(t.Context(), run(408_500))
	var large *dynamo.TooLarge
	if !errors.As(err, &large) || large.Size <= 408_500 || large.Key != person().Key() || s.operations() != "PutItem" {
		t.Errorf("beyond: got %v after %s", err, s.operations())
	}
	if f := enrich.Failure(err); f.Kind != enrich.Permanent || f.Code != "record_too_large" || f.Unknown() {
		t.Errorf("it is classified as %v %s", f.Kind, f.Code)
	}
	if err != nil && strings.Contains(err.Error(), "xxx") {
		t.Error("the error carries the value")
	}
}

func TestARunThatIsReadIsTheOneThatWasWritten(t *testing.T) {
	yes := true
	want := claimed()
	want.State, want.Reason, want.Owner, want.Fence, want.Crashes = worker.Parked, "crash_loop", "", 9, 3
	want.Releases, want.Reopens, want.LetterSent, want.Pipeline = 4, 5, true, "9f86d081884c7d65"
	want.Reopened, want.Erased = start().Add(1), start().Add(2)
	want.Flags, want.Written = []string{"a"}, map[string]worker.Wrote{"website": wrote("sha256:22", start())}
	want.Steps = map[string]worker.StepRecord{"company": {State: worker.StepDone, Output: []byte("{\"n\":1.50,\"t\":\"\xff <&>\"}"), If: &yes, At: start()}}
	l, _ := ledger(t, refuses(stored(t, want)))
	got, err := l.Claim(t.Context(), person(), "b-1", start(), start())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
}
