package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// failing is a hook that fails one kind of operation on files whose name ends so.
func failing(op, suffix string, with error) func(string, string, []byte, int64) error {
	return func(o, file string, _ []byte, _ int64) error {
		if o == op && strings.HasSuffix(file, suffix) {
			return with
		}
		return nil
	}
}

func TestAFailedSyncEndsTheLedger(t *testing.T) {
	for _, c := range []struct{ name, op, suffix string }{
		{"a sync of the log", "sync", "-wal"},
		{"a write to the log", "write", "-wal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			disk, path := newDisk(t), filepath.Join(t.TempDir(), "ledger.db")
			l := open(t, path, disk.options())
			if err := finish(t.Context(), l, 1); err != nil {
				t.Fatal(err)
			}
			disk.hook(failing(c.op, c.suffix, errors.New("input/output error")))
			if err := finish(t.Context(), l, 2); !errors.Is(err, sqlite.ErrDead) || !errors.Is(err, sqlite3.IOERR) {
				t.Errorf("got %v, want ErrDead with its cause", err)
			}
			disk.hook(func(op, file string, _ []byte, _ int64) error {
				t.Errorf("a dead ledger went on: %s %s", op, filepath.Base(file))
				return nil
			})
			if err := finish(t.Context(), l, 3); !errors.Is(err, sqlite.ErrDead) || !strings.Contains(err.Error(), "restart the worker") {
				t.Errorf("the call after it: got %v, want ErrDead with instructions", err)
			}
			if _, err := l.Written(t.Context(), "p", "s"); !errors.Is(err, sqlite.ErrDead) || !errors.Is(l.Err(), sqlite.ErrDead) {
				t.Errorf("written: got %v, Err %v, want ErrDead", err, l.Err())
			}
			shut(t, l)
			disk.hook(nil)
			l = open(t, path, nil)
			if r, ok, err := l.Run(t.Context(), person(1).Key()); !ok || err != nil || r.State != worker.Done {
				t.Errorf("what was acknowledged before: found %v, state %s, %v", ok, r.State, err)
			}
		})
	}
}

func TestAFailedCheckpointEndsTheLedger(t *testing.T) {
	disk := newDisk(t)
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), disk.options())
	disk.hook(failing("sync", "ledger.db", errors.New("input/output error")))
	var err error
	for i := 0; err == nil && i < 2000; i++ {
		err = finish(t.Context(), l, i)
	}
	if !errors.Is(err, sqlite.ErrDead) || !errors.Is(err, sqlite3.IOERR_FSYNC) {
		t.Errorf("got %v, want ErrDead because of a sync", err)
	}
}

func TestAFullDiskPasses(t *testing.T) {
	disk, path := newDisk(t), filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, disk.options())
	if err := finish(t.Context(), l, 1); err != nil {
		t.Fatal(err)
	}
	disk.hook(failing("write", "-wal", noRoom()))
	for i := range 3 {
		if err := finish(t.Context(), l, 2); !errors.Is(err, sqlite3.FULL) || errors.Is(err, sqlite.ErrDead) {
			t.Errorf("try %d: got %v, want a full disk and a ledger that lives", i, err)
		}
	}
	disk.hook(nil)
	if err := finish(t.Context(), l, 2); err != nil {
		t.Errorf("with room again: %v", err)
	}
	shut(t, l)
	if n, err := open(t, path, nil).Verify(t.Context()); n != 2 || err != nil {
		t.Errorf("afterwards: %d runs, %v, want 2", n, err)
	}
}

// full is a disk without room: no file can be written, and whatever is synced is. Room comes back with disk.hook(nil).
func full(op, _ string, _ []byte, _ int64) error {
	if op == "write" {
		return noRoom()
	}
	return nil
}

// noRoom is what the operating system's file says.
func noRoom() error { return &fs.PathError{Op: "write", Path: "ledger.db-wal", Err: syscall.ENOSPC} }

// TestAFullDiskKeepsWhatWasPromised fills the disk at every n-th write of some work, lets the worker meet it twice, then
// makes room. A save that was refused is not there: nothing was begun on its word. One that was acknowledged is.
func TestAFullDiskKeepsWhatWasPromised(t *testing.T) {
	const runs = 3
	for at := 1; ; at++ {
		disk, path := newDisk(t), filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, disk.options())
		writes, refused := 0, -1
		disk.hook(func(op, file string, data []byte, offset int64) error {
			if op == "write" {
				writes++
			}
			if writes >= at {
				return full(op, file, data, offset)
			}
			return nil
		})
		for i := range runs {
			err := finish(t.Context(), l, i)
			if err == nil {
				continue
			}
			if again := finish(t.Context(), l, i); !errors.Is(err, sqlite3.FULL) || !errors.Is(again, sqlite3.FULL) || l.Err() != nil {
				t.Fatalf("full at write %d: got %v, then %v, Err is %v, want a ledger that lives", at, err, again, l.Err())
			}
			if r, _, err := l.Run(t.Context(), person(i).Key()); err != nil || r.State == worker.Done {
				t.Fatalf("full at write %d: a save that was refused is there: %s, %v", at, r.State, err)
			}
			if refused < 0 {
				refused = i
			}
		}
		disk.hook(nil)
		for i := range runs {
			if err := finish(t.Context(), l, i); err != nil {
				t.Fatalf("full at write %d, with room again: %v", at, err)
			}
		}
		shut(t, l)
		if n, err := open(t, path, nil).Verify(t.Context()); n != runs || err != nil {
			t.Fatalf("full at write %d, afterwards: %d runs, %v, want %d", at, n, err, runs)
		}
		if refused < 0 {
			t.Logf("the disk was full at each of %d writes", at-1)
			if at < 20 {
				t.Errorf("only %d writes were refused: does the test still hit what it should?", at-1)
			}
			return
		}
	}
}

// TestAFullDiskOnlyPutsACheckpointOff lets the log grow while the file can't.
func TestAFullDiskOnlyPutsACheckpointOff(t *testing.T) {
	disk, path := newDisk(t), filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, disk.options())
	var refused atomic.Int64
	disk.hook(func(op, file string, _ []byte, _ int64) error {
		if op == "write" && strings.HasSuffix(file, "ledger.db") {
			refused.Add(1)
			return noRoom()
		}
		return nil
	})
	for i := 0; refused.Load() < 3 && i < 3000; i++ {
		if err := finish(t.Context(), l, i); err != nil {
			t.Fatal(err)
		}
	}
	if refused.Load() < 3 || l.Err() != nil {
		t.Fatalf("%d checkpoints met a full disk; Err is %v", refused.Load(), l.Err())
	}
	disk.hook(nil)
	before, err := l.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	if n, err := open(t, path, nil).Verify(t.Context()); n != before[worker.Done] || err != nil {
		t.Errorf("afterwards: %d runs, %v, want %d", n, err, before[worker.Done])
	}
}

func TestAFullDiskThatASyncTellsOfEndsTheLedger(t *testing.T) {
	disk := newDisk(t)
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), disk.options())
	if err := finish(t.Context(), l, 1); err != nil {
		t.Fatal(err)
	}
	disk.hook(failing("sync", "-wal", syscall.ENOSPC)) // nobody knows what is on the disk then
	if err := finish(t.Context(), l, 2); !errors.Is(err, sqlite.ErrDead) {
		t.Errorf("got %v, want ErrDead", err)
	}
}

// TestDamageOfTheFileIsNoDamageOfARun holds apart what parks one run and what stops the worker.
func TestDamageOfTheFileIsNoDamageOfARun(t *testing.T) {
	disk := newDisk(t)
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"), disk.options())
	disk.hook(failing("write", "-wal", sqlite3.CORRUPT))
	_, err := claim(t.Context(), l, 1)
	if !errors.Is(err, sqlite.ErrDead) || errors.Is(err, worker.ErrDamaged) {
		t.Errorf("got %v, want ErrDead and no worker.ErrDamaged", err)
	}
	garbage := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(garbage, nil); !errors.Is(err, worker.ErrDamaged) || !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("a file that is none: got %v, want ErrDamaged of both", err)
	}
}

// gate holds the writer in the sync of a commit.
type gate struct{ reached, open chan struct{} }

// shut makes the next sync of the log stop at the gate. Behind it, the hook then is asked.
func (g *gate) shut(d *disk, then func(op, file string, data []byte, offset int64) error) {
	g.reached, g.open = make(chan struct{}), make(chan struct{})
	held := false
	d.hook(func(op, file string, data []byte, offset int64) error {
		if !held && op == "sync" && strings.HasSuffix(file, "-wal") {
			held = true
			close(g.reached)
			<-g.open
			return nil
		}
		if held && then != nil {
			return then(op, file, data, offset)
		}
		return nil
	})
}

// batch has n claims wait behind a commit that stands at the gate, so that all of them share the next one, and gives
// their errors. It must be called in a bubble. i says whom the claim is for.
func batch(t *testing.T, l *sqlite.Ledger, d *disk, n int, i func(int) worker.Identity, then func(op, file string, data []byte, offset int64) error) []error {
	if _, err := claim(t.Context(), l, 9998); err != nil { // the first commit after opening syncs twice
		t.Fatal(err)
	}
	var g gate
	g.shut(d, then)
	held, done := make(chan error, 1), make(chan error, 1)
	go func() { _, err := claim(t.Context(), l, 9999); held <- err }()
	<-g.reached
	errs := make([]error, n)
	go func() {
		done <- crowd(n, func(k int) error {
			_, errs[k] = l.Claim(t.Context(), i(k), "a", start(), start())
			return nil
		})
	}()
	synctest.Wait()
	close(g.open)
	if err := errors.Join(<-held, <-done); err != nil {
		t.Fatal(err)
	}
	return errs
}

func TestOneBadRequestDoesNotFailTheOthersOfItsCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, path := newDisk(t), filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, disk.options())
		if err := finish(t.Context(), l, 7); err != nil {
			t.Fatal(err)
		}
		tamper(t, path, "UPDATE runs SET record = x'7b7d' WHERE key = '"+person(7).Key()+"'")
		before := l.Stats().Commits + 1
		for i, err := range batch(t, l, disk, 50, person, nil) {
			var record *sqlite.RecordError
			switch {
			case i == 7 && (!errors.As(err, &record) || record.Key != person(7).Key() || !errors.Is(err, sqlite.ErrDamaged)):
				t.Errorf("the tampered run: got %v, want its *RecordError", err)
			case i != 7 && err != nil:
				t.Errorf("claim %d: %v", i, err)
			}
		}
		if n := l.Stats().Commits - before; n != 2 {
			t.Errorf("one claim, and 50 that waited for it, took %d commits, want 2", n)
		}
		for i := range 50 {
			if _, ok, err := l.Run(t.Context(), person(i).Key()); i != 7 && (!ok || err != nil) {
				t.Errorf("claim %d: found %v, %v", i, ok, err)
			}
		}
		if l.Err() != nil {
			t.Errorf("one bad record ended the ledger: %v", l.Err())
		}
		shut(t, l)
	})
}

// tamper changes the file behind the ledger's back.
func tamper(t *testing.T, path, statement string) {
	t.Helper()
	c, err := sqlite3.Open("file:" + path)
	if err == nil {
		err = errors.Join(c.Exec(statement), c.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFailedCommitFailsTheWholeBatch(t *testing.T) {
	for _, c := range []struct {
		name string
		with error
		want error
	}{
		{"on a broken disk", errors.New("input/output error"), sqlite.ErrDead},
		{"on a full disk", noRoom(), sqlite3.FULL},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			synctest.Test(t, func(t *testing.T) {
				disk := newDisk(t)
				l := open(t, path, disk.options())
				for i, err := range batch(t, l, disk, 64, person, failing("write", "-wal", c.with)) {
					if !errors.Is(err, c.want) {
						t.Errorf("claim %d: got %v, want %v", i, err, c.want)
					}
				}
				disk.hook(nil)
				shut(t, l)
			})
			l := open(t, path, nil)
			if counts, err := l.Counts(t.Context()); err != nil || counts[worker.Open] != 2 {
				t.Errorf("afterwards there are %v runs, %v, want only the two before", counts, err)
			}
		})
	}
}

func TestACallerWhoseContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, path := newDisk(t), filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, disk.options())
		var g gate
		g.shut(disk, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		results := make(chan error, 2)
		go func() { _, err := claim(ctx, l, 1); results <- err }()
		<-g.reached
		go func() { _, err := claim(ctx, l, 2); results <- err }()
		synctest.Wait()
		cancel()
		for range 2 {
			if err := <-results; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled while the disk still works", err)
			}
		}
		close(g.open)
		if _, err := claim(t.Context(), l, 3); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := l.Run(t.Context(), person(1).Key()); !ok || err != nil {
			t.Errorf("what was being committed: found %v, %v, want it stored", ok, err)
		}
		if _, ok, err := l.Run(t.Context(), person(2).Key()); ok || err != nil {
			t.Errorf("what had not begun: found %v, %v, want nothing", ok, err)
		}
		shut(t, l)
	})
}

func TestAFileThatGoesAwayEndsTheLedger(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"deleted": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			l := open(t, path, nil)
			if err := finish(t.Context(), l, 1); err != nil {
				t.Fatal(err)
			}
			if err := take(path); err != nil {
				t.Fatal(err)
			}
			if err := finish(t.Context(), l, 2); !errors.Is(err, sqlite.ErrDead) || !strings.Contains(err.Error(), "deleted, moved or replaced") {
				t.Errorf("got %v, want ErrDead and why", err)
			}
		})
	}
}
