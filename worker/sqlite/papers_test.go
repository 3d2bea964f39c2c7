package sqlite_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func TestADamagedPaperIsSaidAndTheOthersAreRead(t *testing.T) {
	l, _ := filled(t, 1)
	for i := range 3 {
		if _, err := l.PutPaper(t.Context(), paperOf(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []string{"body = x'00'", "version = 7", "sum = x'00'", "drawer = 'plans2'"} {
		tamper(t, l.Path(), "UPDATE papers SET "+change+" WHERE name = 'p-1'")
		var paper *sqlite.PaperError
		drawer := map[bool]string{true: "plans2", false: "plans"}[strings.HasPrefix(change, "drawer")]
		if _, ok, err := l.Paper(t.Context(), drawer, "p-1"); ok || !errors.As(err, &paper) || !errors.Is(err, worker.ErrDamaged) || paper.Name != "p-1" {
			t.Errorf("%s: found %v, %v", change, ok, err)
		}
		if n, err := l.Verify(t.Context()); n != 1 || !errors.As(err, &paper) {
			t.Errorf("%s: verify gives %d, %v", change, n, err)
		}
	}
	if all, err := l.Papers(t.Context(), "plans", "", 0); len(all) != 2 || err != nil {
		t.Errorf("the others: %d, %v", len(all), err)
	}
}

func TestVerifyKnowsTheCountsOfTroubles(t *testing.T) {
	for _, change := range []string{"UPDATE troubles SET runs = runs + 1 WHERE slot < 0", "DELETE FROM troubles WHERE slot > 0", "INSERT INTO troubles VALUES (1, 'parked', 'a', 1)"} {
		l := usual(200).fill(t)
		if n, err := l.Verify(t.Context()); n != 200 || err != nil {
			t.Fatalf("before: %d, %v", n, err)
		}
		tamper(t, l.Path(), change)
		if _, err := l.Verify(t.Context()); !errors.Is(err, sqlite.ErrDamaged) {
			t.Errorf("%s: got %v", change, err)
		}
	}
}

func TestAColumnThatListsGoByIsDamageWhenItIsChanged(t *testing.T) {
	for _, change := range []string{"source = 'x'", "client = 'x'", "domain = 'x'", "cause = 'a' || char(9) || 'b' || char(9) || 'c'"} {
		l, _ := filled(t, 2)
		tamper(t, l.Path(), "UPDATE runs SET "+change+" WHERE key = '"+person(1).Key()+"'")
		var record *sqlite.RecordError
		if n, err := l.Verify(t.Context()); n != 1 || !errors.As(err, &record) || record.Key != person(1).Key() {
			t.Errorf("%s: verify gives %d, %v", change, n, err)
		}
	}
}

func TestSalvageNamesThePapersThatItCannotSave(t *testing.T) {
	l, path := filled(t, 3)
	for i := range 3 {
		p := paperOf(i)
		p.Body = []byte(strings.Repeat(string(rune('a'+i)), 9000))
		if _, err := l.PutPaper(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, l)
	if err := spoil(path, strings.Repeat("b", 4000)); err != nil {
		t.Fatal(err)
	}
	got, err := sqlite.Salvage(t.Context(), path, path+".new", start())
	if err != nil || got.Papers != 2 || !cmp.Equal(got.Torn, []string{"plans/p-1"}) || got.Sound != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	r := open(t, path+".new", nil)
	if p, ok, err := r.Paper(t.Context(), "plans", "p-2"); !ok || err != nil || len(p.Body) != 9000 || p.Version != 1 {
		t.Errorf("found %v, %d bytes, version %d, %v", ok, len(p.Body), p.Version, err)
	}
}
