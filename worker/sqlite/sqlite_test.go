package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
	"github.com/postconfirm/postconfirm/worker/workertest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(child(role))
	}
	goleak.VerifyTestMain(m)
}

func TestLedgerKeepsThePortsPromises(t *testing.T) {
	workertest.Ledger(t, func(t *testing.T) workertest.LedgerHarness {
		path := filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, nil)
		return workertest.LedgerHarness{Ledger: l, Reopen: func(t *testing.T) worker.Ledger {
			shut(t, l)
			l = open(t, path, nil)
			return l
		}}
	})
}

func TestRecordsKeepTheirPromises(t *testing.T) {
	t.Run("in the worker", func(t *testing.T) {
		workertest.Ledgers(t, func(t *testing.T) workertest.RecordsHarness {
			l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
			return workertest.RecordsHarness{Ledger: l, Records: l}
		})
	})
	t.Run("beside it", func(t *testing.T) {
		workertest.Ledgers(t, func(t *testing.T) workertest.RecordsHarness {
			l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
			return workertest.RecordsHarness{Ledger: l, Records: beside(t, l.Path())}
		})
	})
}

func beside(t testing.TB, path string) *sqlite.Beside {
	t.Helper()
	b, err := sqlite.OpenBeside(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func open(t testing.TB, path string, o *sqlite.Options) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func shut(t testing.TB, l *sqlite.Ledger) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func person(i int) worker.Identity {
	return worker.Identity{Pool: "eu-west-1_Ab12cd34E", Sub: fmt.Sprintf("6f9c4f9e-0a1b-4c2d-8e3f-%012d", i), Generation: "0", Source: "signup", Client: "4f2a9c"}
}

func claim(ctx context.Context, l *sqlite.Ledger, i int) (worker.Run, error) {
	return l.Claim(ctx, person(i), "a", start(), start().Add(time.Minute))
}

// finish claims a run and saves it as done, with an output by which it is known again.
func finish(ctx context.Context, l *sqlite.Ledger, i int) error {
	r, err := claim(ctx, l, i)
	if err != nil {
		return err
	}
	return l.Save(ctx, finished(r, i))
}

// eventful is finish, but every fifth run fails once on its way, and has a paper beside it.
func eventful(ctx context.Context, l *sqlite.Ledger, i int) error {
	if i%5 != 0 {
		return finish(ctx, l, i)
	}
	r, err := claim(ctx, l, i)
	if err == nil {
		r.Steps = map[string]worker.StepRecord{"crm": {Code: "http_503", Kind: "temporary", Attempts: 1}}
		r.Domain = "0a1b2c3d"
		err = l.Save(ctx, r)
	}
	if err == nil {
		_, err = l.PutPaper(ctx, paperOf(i))
	}
	if err == nil {
		err = finish(ctx, l, i)
	}
	return err
}

func paperOf(i int) worker.Paper {
	return worker.Paper{Drawer: "plans", Name: fmt.Sprint("p-", i), Body: fmt.Append(nil, "plan ", i)}
}

func finished(r worker.Run, i int) worker.Run {
	r.State, r.Owner, r.Updated = worker.Done, "", start().Add(time.Duration(i)*time.Second)
	r.Steps = map[string]worker.StepRecord{"company": {State: worker.StepDone, Output: fmt.Appendf(nil, `{"name":"company %d"}`, i)}}
	r.Written = map[string]worker.Wrote{"custom:company": {Digest: fmt.Sprintf("digest %d", i), Observed: start()}}
	return r
}

// crowd runs f in n goroutines at the same time.
func crowd(n int, f func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func TestManyCallersShareACommit(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
	if err := crowd(400, func(i int) error { return finish(t.Context(), l, i) }); err != nil {
		t.Fatal(err)
	}
	s := l.Stats()
	if s.Requests != 800 || s.Commits > s.Requests/4 {
		t.Errorf("%d requests took %d commits, want 800 in at most 200", s.Requests, s.Commits)
	}
}

func TestOneBatchIsOneCommitAtMost(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), &sqlite.Options{Batch: 1})
	if err := crowd(20, func(i int) error { return finish(t.Context(), l, i) }); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Commits != 40 {
		t.Errorf("with batches of one, 40 requests took %d commits", s.Commits)
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	t.Run("with everything in it", func(t *testing.T) {
		dir := t.TempDir()
		l := open(t, filepath.Join(dir, "ledger.db"), nil)
		if err := finish(t.Context(), l, 1); err != nil {
			t.Fatal(err)
		}
		shut(t, l)
		if _, err := os.Stat(filepath.Join(dir, "ledger.db-wal")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the log is still there: %v", err)
		}
		copied := filepath.Join(t.TempDir(), "copy.db")
		clone(t, filepath.Join(dir, "ledger.db"), copied)
		if _, ok, err := open(t, copied, nil).Run(t.Context(), person(1).Key()); !ok || err != nil {
			t.Errorf("in a copy of the file: found %v, %v", ok, err)
		}
	})
	t.Run("even while somebody reads", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, nil)
		r, err := sqlite.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := finish(t.Context(), l, 1); err != nil {
			t.Fatal(err)
		}
		shut(t, l)
		copied := filepath.Join(t.TempDir(), "copy.db")
		clone(t, path, copied)
		if _, ok, err := open(t, copied, nil).Run(t.Context(), person(1).Key()); !ok || err != nil {
			t.Errorf("in a copy of the file: found %v, %v", ok, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseMeetsCalls(t *testing.T) {
	t.Run("and stores what is queued", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			disk := newDisk(t)
			l := open(t, filepath.Join(t.TempDir(), "ledger.db"), disk.options())
			var g gate
			g.shut(disk, nil)
			stored, closed := make(chan error, 1), make(chan error, 1)
			go func() {
				stored <- crowd(20, func(i int) error { _, err := claim(t.Context(), l, i); return err })
			}()
			<-g.reached
			synctest.Wait()
			go func() { closed <- l.Close() }()
			synctest.Wait()
			close(g.open)
			if err := errors.Join(<-stored, <-closed); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("and may be called again and by many", func(t *testing.T) {
		l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
		if err := crowd(8, func(int) error { return l.Close() }); err != nil {
			t.Error(err)
		}
	})
	t.Run("and later ones get ErrClosed", func(t *testing.T) {
		l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
		shut(t, l)
		_, claimed := claim(t.Context(), l, 1)
		_, written := l.Written(t.Context(), "p", "s")
		_, counted := l.Counts(t.Context())
		for name, err := range map[string]error{"claim": claimed, "written": written, "counts": counted} {
			if !errors.Is(err, sqlite.ErrClosed) {
				t.Errorf("%s: got %v, want ErrClosed", name, err)
			}
		}
	})
}

func TestEveryCallThatCloseMeetsIsStoredOrSaysThatItIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	stored := make([]bool, 300)
	err := crowd(len(stored), func(i int) error {
		if i == len(stored)/2 {
			return l.Close()
		}
		err := finish(t.Context(), l, i)
		stored[i] = err == nil
		if errors.Is(err, sqlite.ErrClosed) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	l = open(t, path, nil)
	for i, want := range stored {
		r, ok, err := l.Run(t.Context(), person(i).Key())
		if err != nil || want && (!ok || r.State != worker.Done) {
			t.Fatalf("run %d: found %v, state %s, %v", i, ok, r.State, err)
		}
	}
}

func TestLedgerWorksInABubble(t *testing.T) {
	work := func(t *testing.T, l *sqlite.Ledger) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := crowd(50, func(i int) error { return finish(ctx, l, i) }); err != nil {
			t.Error(err)
		}
		if written, err := l.Written(ctx, person(7).Pool, person(7).Sub); err != nil || written["custom:company"].Digest != "digest 7" {
			t.Errorf("written: got %v, %v", written, err)
		}
	}
	t.Run("opened inside", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
			work(t, l)
			shut(t, l)
		})
	})
	t.Run("opened outside", func(t *testing.T) {
		l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
		synctest.Test(t, func(t *testing.T) { work(t, l) })
	})
}

func clone(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
