package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// states is a ledger with runs in every state: 7 done, 5 open, 3 parked, 2 gone, 1 replaced.
func states(t *testing.T) (l *sqlite.Ledger, want map[worker.RunState]int) {
	t.Helper()
	want = map[worker.RunState]int{worker.Done: 7, worker.Open: 5, worker.Parked: 3, worker.Gone: 2, worker.Replaced: 1}
	l = open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
	i := 0
	for state, n := range want {
		for range n {
			r, err := claim(t.Context(), l, i)
			if err == nil {
				r = finished(r, i)
				r.State = state
				err = l.Save(t.Context(), r)
			}
			if err != nil {
				t.Fatal(err)
			}
			i++
		}
	}
	return l, want
}

func keys(runs []worker.Run) (keys []string) {
	for _, r := range runs {
		keys = append(keys, r.Key)
	}
	return keys
}

func TestList(t *testing.T) {
	l, want := states(t)
	for state, n := range want {
		t.Run("gives the runs that are "+string(state), func(t *testing.T) {
			runs, err := l.List(t.Context(), worker.Filter{State: state})
			if err != nil || len(runs) != n || !slices.IsSorted(keys(runs)) {
				t.Errorf("got %d runs, sorted %v, %v, want %d", len(runs), slices.IsSorted(keys(runs)), err, n)
			}
			for _, r := range runs {
				if r.State != state {
					t.Errorf("%s is %s", r.Key, r.State)
				}
			}
		})
	}
	for _, state := range []worker.RunState{"", worker.Done, worker.Open} {
		t.Run(fmt.Sprintf("goes through %q page by page", state), func(t *testing.T) {
			all, err := l.List(t.Context(), worker.Filter{State: state})
			if err != nil {
				t.Fatal(err)
			}
			var paged []worker.Run
			for page := all; len(page) > 0; {
				after := ""
				if len(paged) > 0 {
					after = paged[len(paged)-1].Key
				}
				if page, err = l.List(t.Context(), worker.Filter{State: state, After: after, Limit: 2}); err != nil || len(page) > 2 {
					t.Fatalf("got %d runs, %v", len(page), err)
				}
				paged = append(paged, page...)
			}
			if diff := cmp.Diff(all, paged); diff != "" {
				t.Errorf("pages (-all +paged):\n%s", diff)
			}
		})
	}
	t.Run("has a limit of a hundred", func(t *testing.T) {
		if err := crowd(150, func(i int) error { return finish(t.Context(), l, 1000+i) }); err != nil {
			t.Fatal(err)
		}
		if runs, err := l.List(t.Context(), worker.Filter{}); len(runs) != 100 || err != nil {
			t.Errorf("got %d runs, %v", len(runs), err)
		}
	})
	t.Run("refuses a state that is none", func(t *testing.T) {
		if _, err := l.List(t.Context(), worker.Filter{State: "x' OR '1'='1"}); err == nil {
			t.Error("it was taken")
		}
	})
}

func TestListGivesWhatIsSoundBesideTheError(t *testing.T) {
	l, _ := states(t)
	tamper(t, l.Path(), "UPDATE runs SET crashes = 9 WHERE key = '"+person(2).Key()+"'")
	runs, err := l.List(t.Context(), worker.Filter{Limit: 1000})
	var record *sqlite.RecordError
	if len(runs) != 17 || !errors.As(err, &record) || record.Key != person(2).Key() {
		t.Errorf("got %d runs, %v", len(runs), err)
	}
	if n, err := l.Verify(t.Context()); n != 17 || !errors.As(err, &record) {
		t.Errorf("verify: got %d runs, %v", n, err)
	}
}

func TestAListGoesOnPastPagesOfDamagedRuns(t *testing.T) {
	l, _ := states(t)
	tamper(t, l.Path(), "UPDATE runs SET crashes = 9 WHERE key IN (SELECT key FROM runs ORDER BY key LIMIT 10)")
	var all []worker.Run
	for f := (worker.Filter{Limit: 3}); ; f.After = all[len(all)-1].Key {
		page, err := l.List(t.Context(), f)
		if len(all) == 0 && !errors.Is(err, worker.ErrDamaged) || len(all) > 0 && err != nil {
			t.Errorf("after %d: got %v", len(all), err)
		}
		if all = append(all, page...); len(page) == 0 {
			break
		}
	}
	if len(all) != 8 {
		t.Errorf("%d runs listed, want the 8 that are sound", len(all))
	}
}

// TestNoReadGoesThroughAllRuns asks SQLite how it finds what is asked for all the time.
func TestNoReadGoesThroughAllRuns(t *testing.T) {
	l, path := filled(t, 1)
	shut(t, l)
	c, err := sqlite3.Open("file:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for query, index := range map[string]string{
		"SELECT * FROM runs WHERE sub = 's' AND pool = 'p' AND key <> 'k'":                                                                        "runs_of_person",
		"SELECT min(first_seen) FROM runs WHERE state = 'open'":                                                                                   "runs_waiting",
		"SELECT * FROM runs WHERE " + sqlite.UnerasedCondition + " AND (updated, rowid) > (1, 2) AND updated < 3 ORDER BY updated, rowid LIMIT 4": "runs_unerased",
	} {
		s, _, err := c.Prepare("EXPLAIN QUERY PLAN " + query)
		if err != nil {
			t.Fatal(err)
		}
		plan := ""
		for s.Step() {
			plan += s.ColumnText(3) + "\n"
		}
		if err := errors.Join(s.Err(), s.Close()); err != nil || !strings.Contains(plan, index) || strings.Contains(plan, "SCAN runs\n") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %v\n%s", query, err, plan)
		}
	}
}

func TestCounts(t *testing.T) {
	l, want := states(t)
	got, err := l.Counts(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("counts %v (-want +got):\n%s", err, diff)
	}
	if n, err := l.Verify(t.Context()); n != 18 || err != nil {
		t.Errorf("verify: got %d, %v", n, err)
	}
	tamper(t, l.Path(), "UPDATE totals SET done = 8")
	if _, err := l.Verify(t.Context()); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("verify of wrong counts: got %v", err)
	}
}

func TestRunThatIsNotThere(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
	if r, ok, err := l.Run(t.Context(), person(1).Key()); ok || err != nil {
		t.Errorf("got %v, %v, %v", r, ok, err)
	}
}

func TestReadsDoNotWaitForTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newDisk(t)
		l := open(t, filepath.Join(t.TempDir(), "ledger.db"), disk.options())
		if err := finish(t.Context(), l, 1); err != nil {
			t.Fatal(err)
		}
		var g gate
		g.shut(disk, nil)
		saved := make(chan error, 1)
		go func() { saved <- finish(t.Context(), l, 2) }()
		<-g.reached
		if written, err := l.Written(t.Context(), person(1).Pool, person(1).Sub); err != nil || len(written) != 1 {
			t.Errorf("written: got %v, %v", written, err)
		}
		if _, ok, err := l.Run(t.Context(), person(2).Key()); ok || err != nil {
			t.Errorf("what is not committed yet: found %v, %v", ok, err)
		}
		close(g.open)
		if err := <-saved; err != nil {
			t.Error(err)
		}
		shut(t, l)
	})
}

func TestReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	r, err := sqlite.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("it sees what the worker does", func(t *testing.T) {
		for i := range 20 {
			if err := finish(t.Context(), l, i); err != nil {
				t.Fatal(err)
			}
			if run, ok, err := r.Run(t.Context(), person(i).Key()); !ok || err != nil || run.State != worker.Done {
				t.Fatalf("run %d: found %v, state %s, %v", i, ok, run.State, err)
			}
		}
	})
	t.Run("it stays when the worker goes and when another comes", func(t *testing.T) {
		shut(t, l)
		if counts, err := r.Counts(t.Context()); counts[worker.Done] != 20 || err != nil {
			t.Errorf("alone: got %v, %v", counts, err)
		}
		l = open(t, path, nil)
		if err := finish(t.Context(), l, 20); err != nil {
			t.Fatal(err)
		}
		if counts, err := r.Counts(t.Context()); counts[worker.Done] != 21 || err != nil {
			t.Errorf("with another: got %v, %v", counts, err)
		}
	})
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestManyReadAtTheSameTime(t *testing.T) {
	l, _ := states(t)
	err := crowd(64, func(i int) error {
		_, ok, err := l.Run(t.Context(), person(i%18).Key())
		if err == nil && !ok {
			err = errors.New("a run is missing")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAContextThatEndsInALongReadEndsIt(t *testing.T) {
	l, _ := states(t)
	for looks := range int32(60) {
		ctx := &ending{Context: t.Context()}
		ctx.looks.Store(looks)
		if _, err := l.Verify(ctx); looks < 20 && !errors.Is(err, context.Canceled) {
			t.Errorf("canceled at look %d: got %v", looks, err)
		}
		if n, err := l.Verify(t.Context()); n != 18 || err != nil {
			t.Fatalf("after a cancel at look %d: got %d, %v", looks, n, err)
		}
	}
}

func TestOpenReader(t *testing.T) {
	t.Run("gives a reader whose Close may be called again, and whose later reads get ErrClosed", func(t *testing.T) {
		l, _ := states(t)
		r, err := sqlite.OpenReader(l.Path())
		if err != nil {
			t.Fatal(err)
		}
		if err := crowd(4, func(int) error { return r.Close() }); err != nil {
			t.Error(err)
		}
		if _, err := r.Counts(t.Context()); !errors.Is(err, sqlite.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("reads a ledger that was killed, without a worker", func(t *testing.T) {
		s := take(t, 30, true)
		path := s.put(t, "none", nil)
		before := contents(t, path)
		r, err := sqlite.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.Verify(t.Context()); n != 30 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if contents(t, path) != before {
			t.Error("the reader changed it")
		}
	})
	t.Run("does not make a ledger that is not there", func(t *testing.T) {
		missing := filepath.Join(t.TempDir(), "ledger.db")
		_, err := sqlite.OpenReader(missing)
		refused(t, err, "there is no such file", "check the path", false)
	})
}

// ending is a context that ends when it was looked at so many times.
type ending struct {
	context.Context
	looks atomic.Int32
}

func (c *ending) Err() error {
	if c.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestALongReadSeesOneMoment lets a worker write while a reader verifies: what it counts belongs together.
func TestALongReadSeesOneMoment(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- crowd(8, func(k int) error {
			for i := range 100 {
				if err := finish(ctx, l, k*1000+i); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	for range 20 {
		if _, err := l.Verify(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n, err := l.Verify(ctx); n != 800 || err != nil {
		t.Errorf("at the end: got %d runs, %v", n, err)
	}
}

func TestALedgerCanBeOpenedForReadingWhileItIsWritten(t *testing.T) {
	// What is remembered beside the ledger moves on with it: read too late, it is ahead of what was seen of the ledger.
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	defer shut(t, l)
	read := make(chan struct{})
	err := crowd(2, func(k int) error {
		if k == 0 {
			defer close(read)
			for range 300 {
				r, err := sqlite.OpenReader(path)
				if err != nil {
					return err
				}
				if err := r.Close(); err != nil {
					return err
				}
			}
			return nil
		}
		for i := 0; ; i++ {
			select {
			case <-read:
				return nil
			default:
			}
			if err := finish(t.Context(), l, i); err != nil {
				return err
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}
