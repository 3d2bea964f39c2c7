package sqlite_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// salvaged salvages the ledger at path and demands what salvage promises: the old one is as it was, the new one is
// sound, and every run in it is the one that was, or is parked for good reason. None may begin anew unless it is lost.
func (s sample) salvaged(t *testing.T, path string) (*sqlite.Salvaged, *sqlite.Ledger) {
	t.Helper()
	to, before := filepath.Join(t.TempDir(), "new.db"), contents(t, path)
	got, err := sqlite.Salvage(t.Context(), path, to, start().Add(time.Hour))
	if contents(t, path) != before {
		t.Fatal("the old ledger was changed")
	}
	if err != nil {
		clean(t, "salvage", err)
		if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal("a new ledger is left behind an error")
		}
		return nil, nil
	}
	l := open(t, to, nil)
	n, err := l.Verify(t.Context())
	if err != nil || n != got.Sound+len(got.Parked) || l.Identity() != got.Identity {
		t.Fatalf("the new ledger has %d runs, said were %d and %d parked, %v", n, got.Sound, len(got.Parked), err)
	}
	for key, want := range s.runs {
		run, found, err := l.Run(t.Context(), key)
		switch {
		case err != nil:
			t.Fatal(err)
		case !found:
			n++
		case slices.Contains(got.Parked, key):
			if run.State != worker.Parked || run.Reason != sqlite.Corrupt || run.Owner != "" || run.LetterSent || run.Sub != want.Sub {
				t.Fatalf("parked as %+v", run)
			}
		case !cmp.Equal(run, want) && (!got.Behind || run.State == worker.Open):
			t.Fatalf("silently another run:\n%s", cmp.Diff(want, run))
		}
	}
	if groups, err := l.Groups(t.Context(), worker.Filter{}, worker.Trend{}); err != nil || len(got.Parked) == 0 && n == len(s.runs) && got.Sound == n && !got.Behind && !cmp.Equal(groups, s.groups) {
		t.Fatalf("groups %+v, %v", groups, err)
	}
	for name, want := range s.papers {
		paper, found, err := l.Paper(t.Context(), "plans", name)
		if err != nil || found && !got.Behind && !cmp.Equal(paper, want) {
			t.Fatalf("paper %s: %v, silently another %v", name, err, !cmp.Equal(paper, want))
		}
	}
	if n != len(s.runs) {
		t.Fatalf("%d runs in all, want %d: some were made up", n, len(s.runs))
	}
	return got, l
}

func TestSalvageOfASoundLedgerTakesEverything(t *testing.T) {
	for name, s := range map[string]sample{"closed": take(t, 150, false), "killed": take(t, 80, true)} {
		t.Run(name, func(t *testing.T) {
			got, _ := s.salvaged(t, s.put(t, "none", nil))
			if got.Sound != len(s.runs) || len(got.Parked) > 0 || got.Pages != 0 || got.Missing != 0 || got.Behind || got.Papers != len(s.papers) || len(got.Torn) > 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("with runs larger than a page", func(t *testing.T) {
		l, path := filled(t, 3)
		r, err := claim(t.Context(), l, 9)
		if err != nil {
			t.Fatal(err)
		}
		r = finished(r, 9)
		r.Steps["company"] = worker.StepRecord{Output: []byte(`"` + strings.Repeat("x", 50_000) + `"`)}
		if err := l.Save(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		shut(t, l)
		if err := spoil(path, strings.Repeat("x", 4000)); err != nil {
			t.Fatal(err)
		}
		got, err := sqlite.Salvage(t.Context(), path, path+".new", start())
		if err != nil || got.Sound != 3 || !cmp.Equal(got.Parked, []string{r.Key}) || got.Pages != 1 {
			t.Errorf("with one page of the chain damaged: got %+v, %v", got, err)
		}
	})
}

// spoil changes one byte of the first place where the text stands.
func spoil(path, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	at := strings.Index(string(data), text)
	if at < 0 {
		return errors.New("the text is not there")
	}
	data[at+len(text)/2] ^= 1
	return os.WriteFile(path, data, 0o600)
}

func TestSalvageOfAnyDamage(t *testing.T) {
	trials := rounds(15)
	closed, killed := take(t, 150, false), take(t, 80, true)
	flip := func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b }
	for _, c := range []struct {
		name   string
		of     sample
		end    string
		change func(*rand.Rand, []byte) []byte
		least  int // percent of the runs that are taken over as they were, on average
	}{
		{"one bit of the file", closed, "", flip, 99},
		{"one bit of the log after a kill", killed, "-wal", flip, 97},
		{"a page of zeros", closed, "", func(r *rand.Rand, b []byte) []byte { clear(b[r.IntN(len(b)/4096)*4096:][:4096]); return b }, 90},
		{"its first page of zeros", closed, "", func(_ *rand.Rand, b []byte) []byte { clear(b[:4096]); return b }, 100},
		{"a page of zeros in the log", killed, "-wal", func(r *rand.Rand, b []byte) []byte { clear(b[r.IntN(len(b)/4096)*4096:][:4096]); return b }, 90},
		{"a file that ends early", closed, "", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }, 20},
		{"a log that ends early", killed, "-wal", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }, 20},
		{"a log's header of zeros", killed, "-wal", func(_ *rand.Rand, b []byte) []byte { clear(b[:32]); return b }, 100},
		{"noise", closed, "", func(r *rand.Rand, b []byte) []byte {
			for range 1000 {
				flip(r, b)
			}
			return b
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sound := rand.New(rand.NewPCG(1, 2)), 0
			for range trials {
				got, l := c.of.salvaged(t, c.of.put(t, c.end, func(b []byte) []byte { return c.change(r, b) }))
				if got != nil {
					sound += got.Sound
					shut(t, l)
				}
			}
			share := 100 * sound / (trials * len(c.of.runs))
			t.Logf("%d%% of the runs were taken over as they were, none was silently another", share)
			if share < c.least {
				t.Errorf("only %d%% of the runs were saved, want %d%%", share, c.least)
			}
		})
	}
}

func TestSalvageParksWhatMayBeOlderThanItSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	if _, err := claim(t.Context(), l, 1); err != nil { // open in the file
		t.Fatal(err)
	}
	if err := finish(t.Context(), l, 2); err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	clone(t, path, path+".old")
	l = open(t, path, nil)
	if err := finish(t.Context(), l, 1); err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	if err := os.Rename(path+".old", path); err != nil { // now the done of run 1 is gone
		t.Fatal(err)
	}
	got, err := sqlite.Salvage(t.Context(), path, path+".new", start())
	if err != nil || !got.Behind || !cmp.Equal(got.Parked, []string{person(1).Key()}) || got.Sound != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	r, err := claim(t.Context(), open(t, path+".new", nil), 1)
	if err != nil || r.State != worker.Parked || r.Reason != sqlite.Corrupt {
		t.Errorf("its message would find %s %q, %v: its effects would be repeated", r.State, r.Reason, err)
	}
}

func TestSalvageRefuses(t *testing.T) {
	l, path := filled(t, 1)
	t.Run("a ledger that a worker holds", func(t *testing.T) {
		var held *sqlite.Held
		if _, err := sqlite.Salvage(t.Context(), path, path+".new", start()); !errors.As(err, &held) {
			t.Errorf("got %v", err)
		}
	})
	shut(t, l)
	t.Run("to write over anything", func(t *testing.T) {
		if err := os.WriteFile(path+".new", []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sqlite.Salvage(t.Context(), path, path+".new", start())
		refused(t, err, "there is something already", "name a new file", false)
	})
	t.Run("what has no run", func(t *testing.T) {
		garbage := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(garbage, []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sqlite.Salvage(t.Context(), garbage, garbage+".new", start())
		refused(t, err, "no run can be found", "put a backup in its place", true)
	})
	t.Run("what is not there", func(t *testing.T) {
		_, err := sqlite.Salvage(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), path+".other", start())
		refused(t, err, "there is no such file", "check the path", false)
	})
}

// FuzzCells reads any page: it must not crash, and what it takes for a run must be one by its checksum.
func FuzzCells(f *testing.F) {
	l, path := filled(f, 3)
	shut(f, l)
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	for page := range slices.Chunk(data, 4096) {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page []byte) { sqlite.Cells(page) })
}
