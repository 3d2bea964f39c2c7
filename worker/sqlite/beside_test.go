package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

const amended = "amended by another process"

// amendUntilKilled amends the runs of numbers FROM to FROM+999, and prints each that was acknowledged.
func amendUntilKilled() int {
	fmt.Println("begin")
	b, err := sqlite.OpenBeside(os.Getenv(childPath))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	from, _ := strconv.Atoi(os.Getenv(childFrom))
	for i := from; i < from+1000; i++ {
		if err := amend(context.Background(), b, i); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("saved", i)
	}
	if err := b.Close(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func amend(ctx context.Context, b *sqlite.Beside, i int) error {
	r, ok, err := b.Run(ctx, person(i).Key())
	if err == nil && !ok {
		err = fmt.Errorf("run %d is not there", i)
	}
	if err == nil {
		r.Reason = amended
		err = b.Amend(ctx, r)
	}
	p := paperOf(i)
	if err == nil {
		if was, ok, broken := b.Paper(ctx, p.Drawer, p.Name); ok || broken != nil {
			p, err = was, broken
		}
	}
	if err == nil {
		_, err = b.PutPaper(ctx, p)
	}
	return err
}

// working is a worker that finishes new runs at full speed until it is told to stop.
func working(t *testing.T, l *sqlite.Ledger) (stop func() int) {
	t.Helper()
	var done atomic.Bool
	var saved atomic.Int64
	ended := make(chan error, 1)
	go func() {
		ended <- crowd(8, func(k int) error {
			for i := 1_000_000 + k; !done.Load(); i += 8 {
				if err := finish(t.Context(), l, i); err != nil {
					return err
				}
				saved.Add(1)
			}
			return nil
		})
	}()
	return func() int {
		done.Store(true)
		if err := <-ended; err != nil {
			t.Errorf("the worker: %v", err)
		}
		return int(saved.Load())
	}
}

func filled(t testing.TB, runs int) (*sqlite.Ledger, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	if err := crowd(64, func(k int) error {
		for i := k; i < runs; i += 64 {
			if err := finish(t.Context(), l, i); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return l, path
}

// amendedRuns demands that the runs are amended, once, and that the ledger is whole.
func amendedRuns(t *testing.T, path string, runs map[int]bool, total int) {
	t.Helper()
	l := open(t, path, nil)
	defer shut(t, l)
	for i := range runs {
		r, ok, err := l.Run(t.Context(), person(i).Key())
		if err != nil || !ok || r.Reason != amended || r.Fence < 2 || r.State != worker.Done {
			t.Fatalf("run %d was amended: found %v, reason %q, fence %d, %v", i, ok, r.Reason, r.Fence, err)
		}
		if p, ok, err := l.Paper(t.Context(), "plans", paperOf(i).Name); err != nil || !ok || string(p.Body) != string(paperOf(i).Body) {
			t.Fatalf("the paper of run %d was put: found %v, %v", i, ok, err)
		}
	}
	if n, err := l.Verify(t.Context()); err != nil || n != total {
		t.Fatalf("verify: %d runs, want %d, %v", n, total, err)
	}
}

func TestAnotherProcessAmendsWhileTheWorkerSaves(t *testing.T) {
	l, path := filled(t, 1000)
	stop := working(t, l)
	all := map[int]bool{}
	for _, i := range killAfter(t, "amend", path, 0, 0) {
		all[i] = true
	}
	saved := stop()
	if len(all) != 1000 || saved == 0 || l.Err() != nil {
		t.Errorf("%d runs amended, %d saved beside it, want 1000 and some; Err is %v", len(all), saved, l.Err())
	}
	t.Logf("%d runs amended while %d were saved", len(all), saved)
	shut(t, l)
	amendedRuns(t, path, all, 1000+saved)
}

func TestWhatWasAmendedSurvivesKills(t *testing.T) {
	kills := rounds(30)
	l, path := filled(t, 1000)
	stop, r, all := working(t, l), rand.New(rand.NewPCG(7, 8)), map[int]bool{}
	for range kills {
		for _, i := range killAfter(t, "amend", path, 0, 1+r.IntN(120)) {
			all[i] = true
		}
	}
	saved := stop()
	t.Logf("%d runs were amended over %d kills while %d were saved, none is missing", len(all), kills, saved)
	if len(all) < kills || l.Err() != nil {
		t.Errorf("only %d runs were amended; Err is %v", len(all), l.Err())
	}
	shut(t, l)
	amendedRuns(t, path, all, 1000+saved)
}

func TestTheWorkerIsKilledBesideWhoAmends(t *testing.T) {
	kills := rounds(10)
	l, path := filled(t, 200)
	shut(t, l)
	b, r := beside(t, path), rand.New(rand.NewPCG(9, 10))
	saved, all := map[int]bool{}, map[int]bool{}
	for kill := range kills {
		for _, i := range killAfter(t, "save", path, 2_000_000+kill*100_000, 2+r.IntN(100)) {
			saved[i] = true
		}
		for i := kill * 20; i < kill*20+20; i++ {
			if err := amend(t.Context(), b, i); err != nil {
				t.Fatalf("amend after kill %d: %v", kill, err)
			}
			all[i] = true
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	acknowledged(t, path, saved)
	l = open(t, path, nil)
	counts, err := l.Counts(t.Context())
	shut(t, l)
	if err != nil {
		t.Fatal(err)
	}
	amendedRuns(t, path, all, counts[worker.Done]+counts[worker.Open])
}

func TestOpenBeside(t *testing.T) {
	t.Run("makes no ledger", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		_, err := sqlite.OpenBeside(path)
		refused(t, err, "there is no such file", "a worker creates its ledger", false)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Error("it made one")
		}
	})
	t.Run("refuses what is no ledger, and leaves it alone", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		before := contents(t, path)
		_, err := sqlite.OpenBeside(path)
		refused(t, err, "it is no ledger", "put a backup in its place", true)
		if contents(t, path) != before {
			t.Error("it changed the file")
		}
	})
	t.Run("leaves one file when it is alone, with everything in it", func(t *testing.T) {
		l, path := filled(t, 1)
		shut(t, l)
		b := beside(t, path)
		if err := errors.Join(amend(t.Context(), b, 0), b.Close(), b.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the log is still there: %v", err)
		}
		amendedRuns(t, path, map[int]bool{0: true}, 1)
		if err := b.Amend(t.Context(), finished(worker.Run{Identity: person(0), Key: person(0).Key()}, 0)); !errors.Is(err, sqlite.ErrClosed) {
			t.Errorf("after Close: got %v", err)
		}
	})
	t.Run("remembers its commits in the mark", func(t *testing.T) {
		l, path := filled(t, 1)
		shut(t, l)
		clone(t, path, path+".old")
		b := beside(t, path)
		if err := errors.Join(amend(t.Context(), b, 0), b.Close(), os.Rename(path+".old", path)); err != nil {
			t.Fatal(err)
		}
		_, err := sqlite.Open(path, nil)
		refused(t, err, "its last 2 commits are missing" /* the run and the paper */, "delete "+path+".mark", true)
	})
	t.Run("is told when a single run is damaged, as whoever claims it is", func(t *testing.T) {
		l, path := filled(t, 2)
		tamper(t, path, "UPDATE runs SET crashes = 9 WHERE key = '"+person(0).Key()+"'")
		b := beside(t, path)
		_, claimed := claim(t.Context(), l, 0)
		for call, err := range map[string]error{"claim": claimed, "amend": amend(t.Context(), b, 0)} {
			if !errors.Is(err, worker.ErrDamaged) || !errors.Is(err, sqlite.ErrDamaged) {
				t.Errorf("%s: got %v, want worker.ErrDamaged", call, err)
			}
		}
		if err := amend(t.Context(), b, 1); err != nil || b.Err() != nil {
			t.Errorf("the other run: %v", err)
		}
	})
}

// TestOpeningWhileTheWorkerCommitsIsNoDamage reads the mark of a ledger that moves on.
func TestOpeningWhileTheWorkerCommitsIsNoDamage(t *testing.T) {
	l, path := filled(t, 1)
	stop := working(t, l)
	for range 100 {
		r, err := sqlite.OpenReader(path)
		if err == nil {
			err = r.Close()
		}
		b, err2 := sqlite.OpenBeside(path)
		if err2 == nil {
			err2 = b.Close()
		}
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
	}
	stop()
}
