package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// batches answers BatchGetItem: people with an even number are there. A third of each request's keys stays unprocessed, if
// some are left.
func batches(t *testing.T, left bool) answer {
	return func(r *http.Request, c call) (*http.Response, error) {
		request := c.body["RequestItems"].(map[string]any)["ledger"].(map[string]any)
		if request["ConsistentRead"] != true || c.operation != "BatchGetItem" {
			t.Errorf("%s: %v", c.operation, request)
		}
		keys := request["Keys"].([]any)
		if len(keys) > 100 {
			t.Errorf("%d keys in a request, DynamoDB takes 100", len(keys))
		}
		unprocessed := map[string]any{}
		if n := len(keys) / 3; left && n > 0 {
			unprocessed["ledger"] = map[string]any{"Keys": keys[:n]}
			keys = keys[n:]
		}
		there := []any{}
		for _, key := range slices.Backward(keys) { // in no order
			var n int
			person := key.(map[string]any)["person"].(map[string]any)["S"].(string)
			if _, err := fmt.Sscanf(person, "eu-west-1_A#user-%d", &n); err != nil {
				t.Error(err)
			}
			if n%2 == 0 {
				there = append(there, key)
			}
		}
		return says(200, encoded(map[string]any{"Responses": map[string]any{"ledger": there}, "UnprocessedKeys": unprocessed}))(r, c)
	}
}

func identities(n int) (ids []worker.Identity) {
	for i := range n {
		ids = append(ids, worker.Identity{Pool: "eu-west-1_A", Sub: fmt.Sprint("user-", i), Generation: "0", Source: fmt.Sprint(i)})
	}
	return ids
}

func TestKnownAsksForManyAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		users    int
		left     bool
		requests int
	}{
		"nobody":                  {0, false, 0},
		"a page of users":         {60, false, 1},
		"more than a request has": {250, false, 3},
		"keys that are left":      {60, true, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := slices.Repeat([]answer{batches(t, c.left)}, 20)
				l, s := ledger(t, answers...)
				ids := identities(c.users)
				if c.users > 0 {
					ids = append(ids, ids[0]) // comes twice
				}
				known, err := l.Known(t.Context(), ids)
				if err != nil || len(known) != len(ids) {
					t.Fatal(known, err)
				}
				for i := range ids {
					if want := i%c.users%2 == 0; known[i] != want {
						t.Errorf("user %d: %v", i, known[i])
					}
				}
				if len(s.calls) != c.requests {
					t.Errorf("%d requests, want %d", len(s.calls), c.requests)
				}
			})
		})
	}
}

func TestKnownNeverGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := ledger(t, awsError("ProvisionedThroughputExceededException"))
		_, err := l.Known(t.Context(), identities(3))
		if enrich.Failure(err).Kind != enrich.Throttled {
			t.Error(err)
		}
		nothing := func(r *http.Request, c call) (*http.Response, error) {
			return says(200, encoded(map[string]any{"UnprocessedKeys": c.body["RequestItems"]}))(r, c)
		}
		l, _ = ledger(t, slices.Repeat([]answer{nothing}, 8)...)
		if _, err := l.Known(t.Context(), identities(3)); enrich.Failure(err).Kind != enrich.Throttled {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		l, _ = ledger(t, func(r *http.Request, c call) (*http.Response, error) { cancel(); return nothing(r, c) })
		if _, err := l.Known(ctx, identities(3)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		l, _ = ledger(t)
		if _, err := l.Known(t.Context(), []worker.Identity{{Pool: "a#b", Sub: "s"}}); err == nil {
			t.Error("a pool that could be another person's is not refused")
		}
	})
}

func TestATableIsEmptyUntilItHasARun(t *testing.T) {
	l, s := ledger(t, people(), people(map[string]any{"person": map[string]any{"S": "#budget"}, "generation": map[string]any{"S": "writes"}}),
		people(map[string]any{"person": map[string]any{"S": "eu-west-1_A#s"}}), awsError("AccessDeniedException"))
	for _, want := range []bool{true, true, false} {
		if empty, err := l.Empty(t.Context()); err != nil || empty != want {
			t.Errorf("%v, %v, want %v", empty, err, want)
		}
	}
	if empty, err := l.Empty(t.Context()); empty || enrich.Failure(err).Kind != enrich.Denied {
		t.Error(empty, err)
	}
	if got := s.operations(); got != "Scan Scan Scan Scan" {
		t.Error(got)
	}
}

func TestKnownAgreesWithFind(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	l := w.open(t, w.create(t))
	if empty, err := l.Empty(t.Context()); !empty || err != nil {
		t.Error(empty, err)
	}
	ids := identities(130)
	for _, id := range ids[:70] {
		if _, err := l.Claim(t.Context(), id, "w", start(), start().Add(lease)); err != nil {
			t.Fatal(err)
		}
	}
	if empty, err := l.Empty(t.Context()); empty || err != nil {
		t.Error(empty, err)
	}
	known, err := l.Known(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if _, ok, err := l.Find(t.Context(), id); err != nil || ok != known[i] {
			t.Errorf("%s: found %v, known %v, %v", id.Sub, ok, known[i], err)
		}
	}
}
