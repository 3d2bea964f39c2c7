package inspect_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/inspect"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestAListIsAllRunsWhateverThePage(t *testing.T) {
	var runs []worker.Run
	for n := range 23 {
		runs = append(runs, done(n))
	}
	for _, page := range []int{1, 2, 5, 23, 24, 0} {
		i, _, _ := over(runs)
		i.Page = page
		all, listed := rows(t, i, inspect.Query{})
		if len(all) != 23 || listed.Rows != 23 || listed.More || listed.Last != all[22].Key ||
			!slices.IsSortedFunc(all, func(a, b inspect.Row) int { return cmpText(a.Key, b.Key) }) {
			t.Errorf("pages of %d: %d rows, %+v", page, len(all), listed)
		}
	}
}

func cmpText(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func TestALimitEndsAListAndTheNextGoesOn(t *testing.T) {
	var runs []worker.Run
	for n := range 10 {
		runs = append(runs, done(n))
	}
	i, _, _ := over(runs)
	var q inspect.Query
	q.Limit = 4
	var keys []string
	for range 3 {
		page, listed := rows(t, i, q)
		for _, r := range page {
			keys = append(keys, r.Key)
		}
		if listed.More != (len(keys) < 10) {
			t.Errorf("after %d: more is %v", len(keys), listed.More)
		}
		q.After = listed.Last
	}
	if len(keys) != 10 || len(slices.Compact(keys)) != 10 {
		t.Errorf("got %d keys", len(keys))
	}
}

func TestDeadLettersAndTheirRunsAreOneRow(t *testing.T) {
	known, native, stranger := parked(1, "http_503"), parked(2, "http_400"), identity(3, "0")
	body := worker.KeptLetter{Letter: worker.Letter{Body: []byte("hello " + canary)}, ID: "m1", Sent: noon}
	i, _, _ := over([]worker.Run{known, native, done(9)}, letterOf(known.Identity, "http_503"), letterOf(known.Identity, "http_503"),
		letterOf(native.Identity, ""), letterOf(stranger, "too_old"), letterOf(identity(4, "0"), ""), body)
	all, listed := rows(t, i, inspect.Query{})
	if len(all) != 6 || listed.Letters != 6 || listed.Cut {
		t.Fatalf("%d rows, %+v", len(all), listed)
	}
	by := map[string]inspect.Row{}
	for _, r := range all {
		by[r.Key] = r
	}
	sent := noon.Add(-time.Minute)
	for name, c := range map[string]struct {
		key     string
		state   worker.RunState
		code    string
		letters *inspect.LetterCount
	}{
		"ours, twice":                     {known.Key, worker.Parked, "http_503", &inspect.LetterCount{Copies: 2, Oldest: sent, Reason: "http_503"}},
		"moved by SQS":                    {native.Key, worker.Parked, "http_400", &inspect.LetterCount{Copies: 1, Native: 1, Oldest: sent}},
		"none":                            {done(9).Key, worker.Done, "", nil},
		"of a run nobody knows":           {stranger.Key(), inspect.NoRun, "too_old", &inspect.LetterCount{Copies: 1, Oldest: sent, Reason: "too_old"}},
		"of a run nobody knows, by SQS":   {identity(4, "0").Key(), inspect.NoRun, inspect.CodeNotInLedger, &inspect.LetterCount{Copies: 1, Native: 1, Oldest: sent}},
		"that is no message, nor a run's": {"", inspect.NoRun, "body_undecodable", &inspect.LetterCount{Copies: 1, Native: 1, Oldest: noon}},
	} {
		got := by[c.key]
		if got.State != c.state || got.Code != c.code {
			t.Errorf("%s: %s %s", name, got.State, got.Code)
		}
		if diff := cmp.Diff(c.letters, got.Letters); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestALetterOfARunThatTheFilterPassesOverIsNotWithoutARun(t *testing.T) {
	known := parked(1, "http_503")
	i, _, _ := over([]worker.Run{known}, letterOf(known.Identity, "http_503"), letterOf(identity(5, "0"), "too_old"))
	for name, c := range map[string]struct {
		q    inspect.Query
		want int
	}{
		"done only":         {inspect.Query{Filter: worker.Filter{State: worker.Done}}, 0},
		"no run only":       {inspect.Query{Filter: worker.Filter{State: inspect.NoRun}}, 1},
		"that code":         {inspect.Query{Filter: worker.Filter{Cause: worker.Cause{Code: "too_old"}}}, 1},
		"another code":      {inspect.Query{Filter: worker.Filter{Cause: worker.Cause{Code: "panic"}}}, 0},
		"that step":         {inspect.Query{Filter: worker.Filter{Cause: worker.Cause{Step: "crm"}}}, 2},
		"another pool":      {inspect.Query{Filter: worker.Filter{Pool: "eu-west-1_Other"}}, 0},
		"many attempts":     {inspect.Query{Filter: worker.Filter{Attempts: 8}}, 1},
		"more attempts":     {inspect.Query{Filter: worker.Filter{Attempts: 9}}, 0},
		"since":             {inspect.Query{Filter: worker.Filter{Since: noon.Add(-2 * time.Minute)}}, 1},
		"a domain":          {inspect.Query{Filter: worker.Filter{Domain: worker.DomainHash("example.com")}}, 1},
		"troubled":          {inspect.Query{Filter: worker.Filter{Troubled: true}}, 2},
		"a limit before it": {inspect.Query{Filter: worker.Filter{Limit: 1}}, 1},
	} {
		if all, _ := rows(t, i, c.q); len(all) != c.want {
			t.Errorf("%s: %d rows, want %d: %+v", name, len(all), c.want, all)
		}
	}
}

func TestALookThatWasCutIsSaid(t *testing.T) {
	i, _, _ := over(nil, letterOf(identity(1, "0"), "too_old"), letterOf(identity(2, "0"), "too_old"), letterOf(identity(3, "0"), "too_old"))
	all, listed := rows(t, i, inspect.Query{MaxLetters: 2})
	if len(all) != 2 || !listed.Cut || listed.Letters != 2 {
		t.Errorf("%d rows, %+v", len(all), listed)
	}
}

func TestARunThatIsDamagedKeepsNobodyFromBeingSeen(t *testing.T) {
	known := parked(1, "http_503")
	i, l, _ := over([]worker.Run{known}, letterOf(identity(7, "0"), ""))
	records := l.Records()
	i.Index, i.Page = damaged{records}, 1
	all, listed := rows(t, i, inspect.Query{})
	if len(all) != 2 || listed.Damaged != 2 || listed.Why == nil || all[1].Code != "ledger_corrupt" || all[1].State != inspect.NoRun {
		t.Errorf("%+v, %+v", all, listed)
	}
	grouped, err := i.Groups(t.Context(), inspect.Query{}, worker.Trend{})
	if err != nil || grouped.Damaged != 2 || len(grouped.Groups) != 2 {
		t.Errorf("%+v, %v", grouped, err)
	}
}

// damaged is an index two of whose runs can't be read, and none that is asked for by name.
type damaged struct{ fake.Records }

func (d damaged) List(ctx context.Context, f worker.Filter) ([]worker.Run, error) {
	runs, err := d.Records.List(ctx, f)
	return runs, errors.Join(err, fmt.Errorf("list: %w", errors.Join(fmt.Errorf("a: %w", worker.ErrDamaged), fmt.Errorf("b: %w", worker.ErrDamaged))))
}

func (d damaged) Groups(ctx context.Context, f worker.Filter, tr worker.Trend) ([]worker.Group, error) {
	groups, err := d.Records.Groups(ctx, f, tr)
	return groups, errors.Join(err, fmt.Errorf("list: %w", errors.Join(fmt.Errorf("a: %w", worker.ErrDamaged), fmt.Errorf("b: %w", worker.ErrDamaged))))
}

func (damaged) Find(context.Context, worker.Identity) (worker.Run, bool, error) {
	return worker.Run{}, false, worker.ErrDamaged
}

func TestWhatCanNotBeReadIsAnError(t *testing.T) {
	down := errors.New("down")
	nothing := func(inspect.Row) error { return nil }
	i, l, b := over([]worker.Run{parked(1, "x")})
	l.FailNext(fake.Read, down)
	if _, err := i.Each(t.Context(), inspect.Query{}, nothing); !errors.Is(err, down) {
		t.Error("list:", err)
	}
	l.FailNext(fake.Read, down)
	if _, err := i.Groups(t.Context(), inspect.Query{}, worker.Trend{}); !errors.Is(err, down) {
		t.Error("groups:", err)
	}
	l.FailNext(fake.Read, down)
	if _, err := i.Detail(t.Context(), parked(1, "x").Key, worker.Identity{}, nil); !errors.Is(err, down) {
		t.Error("detail:", err)
	}
	b.err = down
	if _, err := i.Each(t.Context(), inspect.Query{}, nothing); !errors.Is(err, down) {
		t.Error("letters:", err)
	}
	full := errors.New("full")
	b.err = nil
	if _, err := i.Each(t.Context(), inspect.Query{}, func(inspect.Row) error { return full }); !errors.Is(err, full) {
		t.Error("f:", err)
	}
}
