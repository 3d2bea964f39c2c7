package deadletters_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/deadletters"
)

// mixed is letters of every fate; those whose ids begin with "x" are nobody's need.
func mixed() (*box, []worker.Run) {
	return &box{letters: []worker.KeptLetter{
			letter("x-done", "done", 0), letter("x-gone", "gone", 0), letter("x-replaced", "replaced", 0), native("x-native-done", "done", 0),
			letter("x-reopened", "open", 0), letter("x-older", "parked", 1), native("x-native-older", "parked", 1), letter("x-redone", "redone", 0),
			letter("parked", "parked", 2), letter("parked-again", "parked", 2), native("native-parked", "parked", 2),
			letter("open", "open", 1), native("native-open", "open", 1), letter("unknown", "nobody", 0), native("native-unknown", "nobody", 0),
			letter("newer", "done", 1), alien("alien", "hello"),
		}}, []worker.Run{run("done", worker.Done, 0), run("gone", worker.Gone, 0), run("replaced", worker.Replaced, 0), run("open", worker.Open, 1),
			run("parked", worker.Parked, 2), run("redone", worker.Done, 1)}
}

func needed(b *box) []string {
	var ids []string
	for _, id := range b.ids() {
		if id[0] != 'x' {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestASweep(t *testing.T) {
	t.Run("removes copies of runs that are finished or reopened since, and nothing else", func(t *testing.T) {
		b, runs := mixed()
		want := needed(b)
		s := &deadletters.Sweeper{Box: b, Ledger: ledger(runs...).Records()}
		did, err := s.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.ids()); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		expected := deadletters.Swept{Passes: 2, Seen: 9, Removed: 8, Kept: map[deadletters.Fate]int{deadletters.Parked: 3, deadletters.Open: 2,
			deadletters.Unknown: 2, deadletters.Newer: 1, deadletters.Alien: 1}}
		if diff := cmp.Diff(expected, did); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("only says what it would do", func(t *testing.T) {
		b, runs := mixed()
		before := b.ids()
		did, err := (&deadletters.Sweeper{Box: b, Ledger: ledger(runs...).Records()}).Look(t.Context())
		if err != nil || did.Removable != 8 || did.Removed != 0 || did.Passes != 1 || !slices.Equal(before, b.ids()) {
			t.Errorf("%+v, %v, left %v", did, err, b.ids())
		}
	})
	t.Run("keeps what the ledger can't read", func(t *testing.T) {
		b, _ := mixed()
		before := b.ids()
		did, err := (&deadletters.Sweeper{Box: b, Ledger: damaged{ledger().Records()}}).Sweep(t.Context())
		if err != nil || did.Kept[deadletters.Damaged] != 16 || !slices.Equal(before, b.ids()) {
			t.Errorf("%+v, %v", did, err)
		}
	})
	t.Run("removes nothing while the ledger is away", func(t *testing.T) {
		b, runs := mixed()
		l, before, down := ledger(runs...), b.ids(), errors.New("down")
		l.Down(down)
		if _, err := (&deadletters.Sweeper{Box: b, Ledger: l.Records()}).Sweep(t.Context()); !errors.Is(err, down) || !slices.Equal(before, b.ids()) {
			t.Errorf("%v, left %v", err, b.ids())
		}
	})
	t.Run("goes on until a whole pass finds none", func(t *testing.T) {
		b, l := &box{}, ledger()
		for i := range 95 {
			b.letters = append(b.letters, letter(strconv.Itoa(i), numbered(i), 0))
			l.Put(run(numbered(i), worker.Done, 0))
		}
		did, err := (&deadletters.Sweeper{Box: b, Ledger: l.Records(), Limit: 20}).Sweep(t.Context())
		if err != nil || len(b.letters) > 0 || did.Removed != 95 || did.Passes != 6 || did.Cut {
			t.Errorf("%+v, %v", did, err)
		}
	})
	t.Run("says that it saw a part only", func(t *testing.T) {
		b, runs := mixed()
		did, err := (&deadletters.Sweeper{Box: b, Ledger: ledger(runs...).Records(), Limit: 3}).Look(t.Context())
		if err != nil || !did.Cut || did.Seen != 3 {
			t.Errorf("%+v, %v", did, err)
		}
	})
	t.Run("ends when letters can't be removed", func(t *testing.T) {
		b, runs := mixed()
		b.refuse = func(string) bool { return true }
		if did, err := (&deadletters.Sweeper{Box: b, Ledger: ledger(runs...).Records()}).Sweep(t.Context()); err == nil || did.Removed != 0 {
			t.Errorf("%+v, %v", did, err)
		}
		b.refuse, b.fail = nil, errors.New("denied")
		if _, err := (&deadletters.Sweeper{Box: b, Ledger: ledger(runs...).Records()}).Sweep(t.Context()); !errors.Is(err, b.fail) {
			t.Error(err)
		}
	})
	t.Run("finds the run of a letter whose message can't be read", func(t *testing.T) {
		l := letter("x", "done", 0)
		l.Body = []byte("\ufffd")
		b := &box{letters: []worker.KeptLetter{l}}
		if _, err := (&deadletters.Sweeper{Box: b, Ledger: ledger(run("done", worker.Done, 0)).Records()}).Sweep(t.Context()); err != nil || len(b.letters) > 0 {
			t.Errorf("%v, left %v", err, b.ids())
		}
	})
}

func TestB6_97_ASweepKilledAnywhereLosesNothing(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 97))
	killed := errors.New("killed")
	for range 200 {
		b, runs := mixed()
		want, l := needed(b), ledger(runs...).Records()
		for {
			at := dice.IntN(25)
			ctx, cancel := context.WithCancel(t.Context())
			b.onLook = func(n int) error {
				if n == at {
					if dice.IntN(2) == 0 {
						cancel()
					}
					return killed
				}
				return nil
			}
			_, err := (&deadletters.Sweeper{Box: b, Ledger: l}).Sweep(ctx)
			cancel()
			if diff := cmp.Diff(want, needed(b), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("left (-want +got):\n%s", diff)
			}
			if err == nil {
				break
			}
		}
		if len(b.letters) != len(want) {
			t.Fatalf("left %v", b.ids())
		}
	}
}

func TestAListing(t *testing.T) {
	b, runs := mixed()
	all, err := deadletters.List(t.Context(), b, ledger(runs...).Records(), 1000)
	if err != nil || all.Seen != 17 || all.Cut {
		t.Fatalf("%+v, %v", all, err)
	}
	type row struct {
		Fate                      deadletters.Fate
		State                     worker.RunState
		Letters, Native, Receives int
		Reopens                   int
	}
	got := map[string]row{}
	for _, r := range all.Rows {
		got[r.Run] = row{r.Fate, r.State, r.Letters, r.Native, r.Receives, r.Reopens}
	}
	key := func(sub string) string { return message(sub, 0).Key() }
	want := map[string]row{
		key("done"): {deadletters.Newer, worker.Done, 3, 1, 1001, 1}, key("gone"): {deadletters.Finished, worker.Gone, 1, 0, 1, 0},
		key("replaced"): {deadletters.Finished, worker.Replaced, 1, 0, 1, 0}, key("open"): {deadletters.Open, worker.Open, 3, 1, 1001, 1},
		key("parked"): {deadletters.Parked, worker.Parked, 5, 2, 1001, 2}, key("redone"): {deadletters.Finished, worker.Done, 1, 0, 1, 0},
		key("nobody"): {deadletters.Unknown, "", 2, 1, 1001, 0}, "": {deadletters.Alien, "", 1, 0, 0, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first := all.Rows[0]; !first.Oldest.Before(sentAt) || !slices.IsSortedFunc(all.Rows, func(a, b deadletters.Row) int { return a.Oldest.Compare(b.Oldest) }) {
		t.Errorf("the oldest is not first: %+v", first)
	}
	if part, err := deadletters.List(t.Context(), b, ledger(runs...).Records(), 5); err != nil || !part.Cut || part.Seen != 5 {
		t.Errorf("a sample: %+v, %v", part, err)
	}
}
