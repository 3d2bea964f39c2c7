package sqlite_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func sampleRow(t testing.TB) sqlite.Row {
	t.Helper()
	r := finished(worker.Run{Identity: person(1), Key: person(1).Key(), Fence: 3, FirstSeen: start(), LeaseUntil: start()}, 1)
	r.Owner, r.Domain, r.Steps["mail"] = "a", "0a1b2c3d", worker.StepRecord{State: worker.StepUnknown, Code: "interrupted"}
	row, err := sqlite.RowOf(r)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestTheSumCoversEveryColumn(t *testing.T) {
	if _, err := sampleRowChanged(t, func(*sqlite.Row) {}); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	row := sampleRow(t)
	texts, numbers, _ := row.Columns()
	for i := range texts {
		damagedRow(t, func(r *sqlite.Row) { texts, _, _ := r.Columns(); *texts[i] += "x" })
	}
	for i := range texts[1:] {
		damagedRow(t, func(r *sqlite.Row) { // the border between two columns
			texts, _, _ := r.Columns()
			*texts[i+1] = (*texts[i])[max(0, len(*texts[i])-1):] + *texts[i+1]
			*texts[i] = (*texts[i])[:max(0, len(*texts[i])-1)]
		})
	}
	for i := range numbers {
		damagedRow(t, func(r *sqlite.Row) { _, numbers, _ := r.Columns(); *numbers[i] ^= 1 << 40 })
	}
	damagedRow(t, func(r *sqlite.Row) { _, _, record := r.Columns(); (*record)[5] ^= 1 })
}

func sampleRowChanged(t *testing.T, change func(*sqlite.Row)) (worker.Run, error) {
	row := sampleRow(t)
	change(&row)
	return row.Decode()
}

func damagedRow(t *testing.T, change func(*sqlite.Row)) {
	t.Helper()
	var record *sqlite.RecordError
	if _, err := sampleRowChanged(t, change); !errors.As(err, &record) || !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("got %v, want *RecordError", err)
	}
}

func TestARecordThatIsNoJSONIsRefusedOnSave(t *testing.T) {
	r := worker.Run{Identity: person(1), Key: person(1).Key(), State: worker.Open}
	r.Steps = map[string]worker.StepRecord{"company": {Output: []byte(`{"name":`)}}
	if _, err := sqlite.RowOf(r); err == nil {
		t.Error("it was encoded")
	}
}

// FuzzRecord reads any record under a right sum, as a wrong program could have left it: it is refused as damaged, or
// it is a run that is the same after it is stored again.
func FuzzRecord(f *testing.F) {
	row := sampleRow(f)
	_, _, record := row.Columns()
	f.Add("done", "", int64(0), int64(1), int64(0), int64(0), int64(1), int64(0), *record)
	f.Add("open", "owner", start().UnixNano(), int64(-1), int64(3), start().UnixNano(), start().UnixNano(), int64(0), []byte(`{}`))
	f.Add("parked", "", int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), []byte(`{"steps":{"a":{"output":null,"if":false,"at":"2026-01-01T00:00:00+14:00"}},"flags":[""],"written":{"":{"digest":""}},"reopened":"0001-01-01T00:00:00Z"}`))
	f.Add("open", "", int64(0), int64(0), int64(0), int64(0), int64(0), int64(0), []byte(`null`))
	f.Add("closed", "", int64(0), int64(0), int64(0), int64(0), int64(-1), int64(-1), []byte(`{"steps":[]}`))
	f.Fuzz(func(t *testing.T, state, owner string, lease, fence, crashes, updated, first, erased int64, record []byte) {
		r, err := sqlite.NewRow(person(1), state, owner, lease, fence, crashes, updated, first, erased, record).Decode()
		if err != nil {
			if !errors.Is(err, sqlite.ErrDamaged) {
				t.Fatalf("got %v, want ErrDamaged", err)
			}
			return
		}
		row, err := sqlite.RowOf(r)
		if err != nil {
			return // such as a year that JSON can't write: it is refused on Save
		}
		again, err := row.Decode()
		if err != nil {
			t.Fatalf("stored again: %v", err)
		}
		if diff := cmp.Diff(r, again, cmpopts.EquateEmpty(), cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Fatalf("stored again (-before +after):\n%s", diff)
		}
	})
}

func FuzzMark(f *testing.F) {
	f.Add("postconfirm ledger 3f9c\ncommits 00000000000000001234\n0011223344556677\n")
	f.Add("\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if again, ok := sqlite.ParseMark(text); ok && again != text {
			t.Errorf("%q was taken for %q", text, again)
		}
	})
}
