package dynamo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
)

// TestRequestsAreTheseWordForWord holds the requests against golden files; the tables of others depend on them.
func TestRequestsAreTheseWordForWord(t *testing.T) {
	held := claimed()
	other := claimed()
	other.Generation, other.LeaseUntil = "backfill-1", start().Add(3*lease)
	other.Key = other.Identity.Key()
	expired := claimed()
	expired.LeaseUntil = start()
	yes := true
	done := claimed()
	done.State, done.Owner, done.Crashes, done.Releases, done.Pipeline = worker.Done, "", 1, 2, "9f86d081884c7d65"
	done.Steps = map[string]worker.StepRecord{"company": {State: worker.StepDone, Output: []byte(`{"name":"A & <B>","n":1.50}`), If: &yes, At: start()}}
	done.Flags, done.Written = []string{"attribute custom:x: too_long"}, map[string]worker.Wrote{"website": wrote("sha256:22", start())}
	gone := claimed()
	gone.State, gone.Owner = worker.Gone, ""
	parked := claimed()
	parked.State, parked.Owner, parked.Sub = worker.Parked, "", "another"
	parked.Key = parked.Identity.Key()
	for _, c := range []struct {
		name    string
		answers []answer
		act     func(*testing.T, *dynamo.Ledger) error
	}{
		{"a-new-run", []answer{says(200, `{}`), alone}, claim},
		{"a-takeover", []answer{refuses(stored(t, expired)), says(200, `{}`), alone}, claim},
		{"a-claim-that-is-given-back", []answer{says(200, `{}`), people(stored(t, held), stored(t, other)), says(200, `{}`)}, busy},
		{"a-refusal-without-the-item", []answer{refuses(nil), holds(stored(t, done))}, claim},
		{"a-held-run", []answer{says(200, `{}`)}, save(held)},
		{"a-done-run", []answer{says(200, `{}`)}, save(done)},
		{"a-run-of-somebody-gone", []answer{says(200, `{}`)}, save(gone)},
		{"what-was-written", []answer{says(200, `{"Items":[],"LastEvaluatedKey":{"person":{"S":"p"},"generation":{"S":"g"}}}`), says(200, `{"Items":[]}`)}, written},
		{"an-amended-run", []answer{says(200, `{}`)}, amend(done)},
		{"a-list-of-parked-runs", []answer{people(hint(parked), hint(held)), holds(stored(t, parked))}, list(worker.Parked, parked)},
		{"a-list-of-done-runs", []answer{people(stored(t, done)), people()}, list(worker.Done, done)},
		{"an-overview", []answer{people(hint(parked), hint(held))}, overview},
		{"what-is-not-erased", []answer{people(stored(t, done))}, unerased},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, s := ledger(t, c.answers...)
			if err := c.act(t, l); err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			for _, call := range s.calls {
				data, err := json.MarshalIndent(call.body, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				text.WriteString(call.operation + " " + string(data) + "\n")
				placeholdersOnly(t, call)
			}
			golden(t, c.name+".txt", text.Bytes())
		})
	}
}

func claim(t *testing.T, l *dynamo.Ledger) error {
	_, err := l.Claim(t.Context(), person(), "b-1", start().Add(lease), start().Add(2*lease))
	return err
}

// busy wants the claim to be refused until the end of the other generation's lease.
func busy(t *testing.T, l *dynamo.Ledger) error {
	var b *worker.Busy
	if err := claim(t, l); !errors.As(err, &b) || !b.Until.Equal(start().Add(3*lease)) {
		return fmt.Errorf("got %w, want *worker.Busy", err)
	}
	return nil
}

func save(r worker.Run) func(*testing.T, *dynamo.Ledger) error {
	return func(t *testing.T, l *dynamo.Ledger) error { return l.Save(t.Context(), r) }
}

func written(t *testing.T, l *dynamo.Ledger) error {
	_, err := l.Written(t.Context(), person().Pool, person().Sub)
	return err
}

// placeholdersOnly finds names that stand in an expression themselves: one of them will be a reserved word.
func placeholdersOnly(t *testing.T, c call) {
	t.Helper()
	word := regexp.MustCompile(`[#:]?[A-Za-z_]+`)
	for _, name := range []string{"ConditionExpression", "UpdateExpression", "KeyConditionExpression", "FilterExpression"} {
		expression, _ := c.body[name].(string)
		for _, w := range word.FindAllString(expression, -1) {
			if w[0] != '#' && w[0] != ':' && w != "SET" && w != "REMOVE" && w != "attribute_not_exists" && w != "AND" && w != "IN" {
				t.Errorf("%s: %s names %s", c.operation, name, w)
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
