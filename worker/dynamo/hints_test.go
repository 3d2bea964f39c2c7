package dynamo_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHintsAreReadPageByPageAndWhatIsNoneIsLeftOut(t *testing.T) {
	hint := func(name string, until map[string]any) map[string]any {
		i := map[string]any{"person": map[string]any{"S": "#breaker"}, "generation": map[string]any{"S": name}}
		if until != nil {
			i["until"] = until
		}
		return i
	}
	key := map[string]any{"person": map[string]any{"S": "#breaker"}, "generation": map[string]any{"S": "b"}}
	l, s := ledger(t,
		says(200, encoded(map[string]any{"Items": []any{hint("a", n(start().UnixNano())), hint("b", nil)}, "LastEvaluatedKey": key})),
		says(200, encoded(map[string]any{"Items": []any{hint("c", map[string]any{"S": "soon"}), hint("d", n(start().UnixNano()+1))}})))
	got, err := l.Hints().Hints(t.Context())
	if diff := cmp.Diff(map[string]time.Time{"a": start(), "d": start().Add(1)}, got); err != nil || diff != "" {
		t.Errorf("got %v; hints (-want +got):\n%s", err, diff)
	}
	if s.operations() != "Query Query" {
		t.Errorf("calls: %s", s.operations())
	}
}

func TestADependencyWhoseNameIsNoKeyIsRefusedBeforeTheCall(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("n", 1025)} {
		l, s := ledger(t)
		if moved, err := l.Hints().Move(t.Context(), name, time.Time{}, start()); moved || err == nil || len(s.calls) > 0 {
			t.Errorf("%d characters: got %v, %v after %s", len(name), moved, err, s.operations())
		}
	}
}

// TestWhatIsSharedStandsWhereNoRunCan holds what the ledger's other requests rely on: the items of budget and hints have
// no key of a person, are not in the index, and expire.
func TestWhatIsSharedStandsWhereNoRunCan(t *testing.T) {
	l, s := ledger(t, says(200, `{}`), says(200, `{}`), says(200, `{}`), refuses(nil))
	if _, err := l.Slices().Lease(t.Context(), want()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, until time.Time }{{time.Time{}, start()}, {start(), time.Time{}}, {start(), start().Add(1)}} {
		if _, err := l.Hints().Move(t.Context(), "http:a", c.from, c.until); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range s.calls {
		person := c.body["Key"].(map[string]any)["person"].(map[string]any)["S"].(string)
		if pool, _, _ := strings.Cut(person, "#"); pool != "" || c.operation != "UpdateItem" {
			t.Errorf("%s of %q: a pool could be called so", c.operation, person)
		}
		names := slices.Collect(maps.Values(c.body["ExpressionAttributeNames"].(map[string]any)))
		for _, ours := range []any{"unfinished", "key", "sum", "record"} {
			if slices.Contains(names, ours) {
				t.Errorf("%s names %v, which is a run's", c.operation, ours)
			}
		}
		values := c.body["ExpressionAttributeValues"].(map[string]any)
		if !strings.Contains(c.body["UpdateExpression"].(string), "#expires = :expires") || values[":expires"] == nil {
			t.Errorf("%s never expires: %v", c.operation, c.body["UpdateExpression"])
		}
	}
}
