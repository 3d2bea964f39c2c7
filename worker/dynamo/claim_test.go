package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

func TestAClaimThatMeetsAnother(t *testing.T) {
	theirs := claimed()
	over := claimed()
	over.LeaseUntil = start()
	t.Run("is told until when", func(t *testing.T) {
		l, s := ledger(t, refuses(stored(t, theirs)))
		_, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease))
		var busy *worker.Busy
		if !errors.As(err, &busy) || !busy.Until.Equal(theirs.LeaseUntil) || s.operations() != "PutItem" {
			t.Errorf("got %v after %s", err, s.operations())
		}
	})
	t.Run("looks again when the other moved meanwhile", func(t *testing.T) {
		moved := over
		moved.Owner, moved.Fence, moved.LeaseUntil = "c-1", 2, start().Add(lease)
		l, s := ledger(t, refuses(stored(t, over)), refuses(stored(t, moved)))
		_, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease))
		var busy *worker.Busy
		if !errors.As(err, &busy) || s.operations() != "PutItem UpdateItem" {
			t.Errorf("got %v after %s", err, s.operations())
		}
	})
	t.Run("creates the run when the other vanished meanwhile", func(t *testing.T) {
		l, s := ledger(t, refuses(stored(t, over)), refuses(nil), says(200, `{}`), says(200, `{}`), alone)
		r, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease))
		if err != nil || r.Fence != 1 || s.operations() != "PutItem UpdateItem GetItem PutItem Query" {
			t.Errorf("got %v, fence %d after %s", err, r.Fence, s.operations())
		}
	})
}

// TestAClaimThatFindsItsPersonHeldIsGivenBack holds the requests; the golden files hold how they read.
func TestAClaimThatFindsItsPersonHeldIsGivenBack(t *testing.T) {
	expired, other := claimed(), claimed()
	expired.LeaseUntil = start()
	other.Generation = "backfill-1"
	other.Key = other.Identity.Key()
	free := other
	free.LeaseUntil = start()
	spoiled := stored(t, other)
	spoiled["crashes"] = map[string]any{"N": "7"}
	given := func(t *testing.T, c call, owner string, fence, crashes int) {
		t.Helper()
		values := c.body["ExpressionAttributeValues"].(map[string]any)
		got := fmt.Sprint(values[":owner"], values[":fence"], values[":crashes"])
		who := any(map[string]any{"S": owner})
		if owner == "" {
			who = nil
		}
		want := fmt.Sprint(who, map[string]any{"N": fmt.Sprint(fence)}, map[string]any{"N": fmt.Sprint(crashes)})
		if got != want {
			t.Errorf("given back as %s, want %s", got, want)
		}
	}
	var busy *worker.Busy
	t.Run("a new run is nobody's then", func(t *testing.T) {
		l, s := ledger(t, says(200, `{}`), people(stored(t, other)), says(200, `{}`))
		if _, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); !errors.As(err, &busy) || s.operations() != "PutItem Query UpdateItem" {
			t.Fatalf("got %v after %s", err, s.operations())
		}
		given(t, s.calls[2], "", 1, 0)
	})
	t.Run("a run of a crashed owner is that owner's again, and the crash is still to be counted", func(t *testing.T) {
		l, s := ledger(t, refuses(stored(t, expired)), says(200, `{}`), people(stored(t, other), stored(t, expired)), says(200, `{}`))
		if _, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); !errors.As(err, &busy) || s.operations() != "PutItem UpdateItem Query UpdateItem" {
			t.Fatalf("got %v after %s", err, s.operations())
		}
		given(t, s.calls[1], "b-1", 2, 1)
		given(t, s.calls[3], "a-1", 1, 0)
	})
	t.Run("if somebody took it over meanwhile it stays theirs", func(t *testing.T) {
		l, _ := ledger(t, says(200, `{}`), people(stored(t, other)), refuses(stored(t, claimed())))
		if _, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); !errors.As(err, &busy) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("if that fails the claim may stand, and the error says so", func(t *testing.T) {
		l, _ := ledger(t, says(200, `{}`), people(stored(t, other)), resets, resets)
		if _, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); errors.As(err, &busy) || !enrich.Failure(err).Unknown() {
			t.Errorf("got %v", err)
		}
	})
	t.Run("so it is when nobody can tell whether the person is held", func(t *testing.T) {
		l, s := ledger(t, says(200, `{}`), awsError("ThrottlingException"), says(200, `{}`))
		if _, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); enrich.Failure(err).Kind != enrich.Throttled || s.operations() != "PutItem Query UpdateItem" {
			t.Errorf("got %v after %s", err, s.operations())
		}
	})
	for name, i := range map[string]any{"has ended": stored(t, free), "can't be trusted": spoiled} {
		t.Run("another run whose lease "+name+" is in nobody's way", func(t *testing.T) {
			l, _ := ledger(t, says(200, `{}`), people(i))
			if r, err := l.Claim(t.Context(), person(), "b-1", start(), start().Add(lease)); err != nil || !r.Others {
				t.Errorf("got %v, others %v", err, r.Others)
			}
		})
	}
}

func TestEveryFailureHasItsClass(t *testing.T) {
	for _, c := range []struct {
		code    string
		kind    enrich.FailureKind
		unknown bool
	}{
		{"ProvisionedThroughputExceededException", enrich.Throttled, false},
		{"ThrottlingException", enrich.Throttled, false},
		{"RequestLimitExceeded", enrich.Throttled, false},
		{"AccessDeniedException", enrich.Denied, false},
		{"ResourceNotFoundException", enrich.Permanent, false},
		{"ValidationException", enrich.Permanent, false},
		{"TransactionConflictException", enrich.Temporary, false},
	} {
		t.Run(c.code, func(t *testing.T) {
			l, s := ledger(t, awsError(c.code), awsError(c.code), awsError(c.code))
			_, claim := l.Claim(t.Context(), person(), "b-1", start(), start())
			_, written := l.Written(t.Context(), person().Pool, person().Sub)
			for step, err := range map[string]error{"claim": claim, "save": l.Save(t.Context(), claimed()), "written": written} {
				if f := enrich.Failure(err); err == nil || f.Kind != c.kind || f.Unknown() != c.unknown || !strings.HasPrefix(err.Error(), "dynamo: "+step+": ") {
					t.Errorf("%s: got %v %v", step, f.Kind, err)
				}
				if c.code != "AccessDeniedException" && strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: it repeats what the service said: %v", step, err)
				}
			}
			if len(s.calls) != 3 {
				t.Errorf("calls: %s: the worker has the only retry loop", s.operations())
			}
		})
	}
}

func TestWhatCanNotBeAKeyIsRefusedBeforeTheCall(t *testing.T) {
	for name, change := range map[string]func(*worker.Identity){
		"a pool with a #":       func(id *worker.Identity) { id.Pool += "#1" },
		"no generation":         func(id *worker.Identity) { id.Generation = "" },
		"a generation too long": func(id *worker.Identity) { id.Generation = strings.Repeat("g", 1025) },
		"a person too long":     func(id *worker.Identity) { id.Sub = strings.Repeat("s", 2048) },
	} {
		l, s := ledger(t)
		r := claimed()
		change(&r.Identity)
		r.Key = r.Identity.Key()
		_, err := l.Claim(t.Context(), r.Identity, "b-1", start(), start())
		if err == nil || l.Save(t.Context(), r) == nil || len(s.calls) != 0 {
			t.Errorf("%s: got %v after %s", name, err, s.operations())
		}
	}
	l, _ := ledger(t)
	if _, err := l.Written(t.Context(), "pool#1", "s"); err == nil {
		t.Error("written: a pool with a # was taken")
	}
}

func wrote(digest string, observed time.Time) worker.Wrote {
	return worker.Wrote{Digest: digest, Observed: observed}
}

func TestWrittenIsWhatWasObservedLast(t *testing.T) {
	newer, older := claimed(), claimed()
	early, late := start().Add(lease), start().Add(2*lease)
	newer.Updated, newer.Written = early, map[string]worker.Wrote{"website": wrote("new", late), "custom:a": wrote("a", late)}
	older.Generation, older.Updated, older.Written = "backfill-1", late, map[string]worker.Wrote{"website": wrote("old", early), "custom:b": wrote("b", early)}
	older.Key = older.Identity.Key()
	page := func(r worker.Run, more string) answer {
		return says(200, `{"Items":[`+encoded(stored(t, r))+`]`+more+`}`)
	}
	l, s := ledger(t, page(newer, `,"LastEvaluatedKey":{"person":{"S":"p"}}`), page(older, ""))
	got, err := l.Written(t.Context(), person().Pool, person().Sub)
	want := map[string]worker.Wrote{"website": wrote("new", late), "custom:a": wrote("a", late), "custom:b": wrote("b", early)}
	if diff := cmp.Diff(want, got); err != nil || diff != "" || s.operations() != "Query Query" {
		t.Errorf("got %v after %s (-want +got):\n%s", err, s.operations(), diff)
	}
}

func TestAClosedLedgerSaysSo(t *testing.T) {
	l, s := ledger(t)
	if err := errors.Join(l.Close(), l.Close(), l.Err()); err != nil {
		t.Fatal(err)
	}
	_, claim := l.Claim(t.Context(), person(), "b-1", start(), start())
	_, written := l.Written(t.Context(), person().Pool, person().Sub)
	for _, err := range []error{claim, written, l.Save(t.Context(), claimed())} {
		if !errors.Is(err, dynamo.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if len(s.calls) != 0 {
		t.Errorf("calls: %s", s.operations())
	}
}
