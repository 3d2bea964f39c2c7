package inspect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

const pool = "eu-west-1_Ab12cd34E"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// canary stands in every place that has a personal value.
const canary = "ada.canary@example.com"

// box is dead letters in memory.
type box struct {
	letters []worker.KeptLetter
	err     error
	looks   int
}

func (b *box) Each(_ context.Context, limit int, f func(worker.KeptLetter) error) error {
	b.looks++
	for _, l := range b.letters[:min(limit, len(b.letters))] {
		if err := f(l); err != nil {
			return err
		}
	}
	return b.err
}

// identity is that of the user number n.
func identity(n int, generation string) worker.Identity {
	return worker.Identity{Pool: pool, Sub: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Generation: generation, Source: "signup", Client: "web"}
}

// parked is a run that waits for a person because its step crm failed, with personal values wherever there is room.
func parked(n int, code string) worker.Run {
	id := identity(n, "0")
	at := noon.Add(-time.Duration(n) * time.Minute)
	output, _ := json.Marshal(map[string]any{"name": canary, "plan": "pro", canary: 1, "tags": []string{canary}, "deep": map[string]any{canary: canary, "n": 5, "b": true}})
	return worker.Run{Identity: id, Key: id.Key(), State: worker.Parked, Reason: code, FirstSeen: at.Add(-time.Hour), Updated: at, LetterSent: true,
		Pipeline: "9f86d081", Domain: worker.DomainHash("example.com"), Releases: 1, Fence: 7,
		Origin: worker.Origin{User: canary, At: at.Add(-61 * time.Minute), Metadata: map[string]string{"plan": canary, canary: canary}},
		Steps: map[string]worker.StepRecord{
			"company": {State: worker.StepDone, Outcome: worker.OutcomeFound, Output: output, At: at.Add(-50 * time.Minute), Took: 12},
			"crm": {State: worker.StepFailed, Code: code, Kind: "temporary", Attempts: 2, At: at, Failures: []worker.Failure{
				{At: at.Add(-40 * time.Minute), Code: "http_429", Kind: "throttled", Took: 20, Calls: 1, Wait: 30},
				{At: at.Add(-30 * time.Minute), Code: code, Kind: "temporary", Took: 900, Calls: 3, Charged: true},
			}},
			"mail":       {State: worker.StepUnknown, Code: "interrupted", First: at.Add(-20 * time.Minute), At: at.Add(-20 * time.Minute)},
			"attributes": {State: worker.StepDone, Output: []byte(`{"written":"custom:plan website"}`), At: at.Add(-10 * time.Minute)},
		},
		Flags:   []string{"attribute custom:company: too_long", "step mail: unknown"},
		Written: map[string]worker.Wrote{"custom:plan": {Digest: "d1", Observed: at}, "website": {Digest: "d2", Observed: at}, "nickname": {Digest: "d3", Observed: at}},
	}
}

func done(n int) worker.Run {
	id := identity(n, "0")
	return worker.Run{Identity: id, Key: id.Key(), State: worker.Done, FirstSeen: noon, Updated: noon}
}

// letterOf is a dead letter about a run: ours, or one that SQS moved.
func letterOf(id worker.Identity, reason string) worker.KeptLetter {
	m := event.Message{Pool: id.Pool, Sub: id.Sub, User: canary, Generation: id.Generation, Source: id.Source, Client: id.Client,
		Metadata: map[string]string{"plan": canary}}
	l := worker.KeptLetter{Letter: worker.Letter{Body: m.Encode()}, ID: "id-" + id.Sub, Sent: noon.Add(-time.Minute), Receipt: canary}
	if reason != "" {
		l.Ours, l.Reason, l.Run, l.Step, l.Class, l.Attempts = true, reason, id.Key(), "crm", "temporary", 8
	}
	return l
}

// over makes an Inspector over some runs.
func over(runs []worker.Run, letters ...worker.KeptLetter) (*inspect.Inspector, *fake.Ledger, *box) {
	l, b := &fake.Ledger{}, &box{letters: letters}
	for _, r := range runs {
		l.Put(r)
	}
	return &inspect.Inspector{Index: l.Records(), Letters: b, Now: func() time.Time { return noon }}, l, b
}

func rows(t *testing.T, i *inspect.Inspector, q inspect.Query) ([]inspect.Row, inspect.Listed) {
	t.Helper()
	var all []inspect.Row
	listed, err := i.Each(t.Context(), q, func(r inspect.Row) error { all = append(all, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all, listed
}
