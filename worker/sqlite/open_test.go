package sqlite_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func TestOpenSaysWhatIsTheMatterAndWhatToDo(t *testing.T) {
	foreign := func(path string, statements string) error {
		c, err := sqlite3.Open("file:" + path)
		if err != nil {
			return err
		}
		return errors.Join(c.Exec(statements), c.Close())
	}
	for _, c := range []struct {
		name    string
		make    func(path string) error
		path    string // below the test's folder; ledger.db
		problem string
		next    string
		damaged bool
	}{
		{name: "a missing folder", path: "no/such/ledger.db", problem: "there is no folder", next: "create it, or name another place"},
		{name: "a folder", make: func(p string) error { return os.Mkdir(p, 0o700) }, problem: "it is a folder", next: "name a file in it"},
		{name: "a file where a folder should be", path: "file/ledger.db", make: func(p string) error { return os.WriteFile(filepath.Dir(p), nil, 0o600) }, problem: "it can't be read (not a directory)", next: "run as the user who owns it"},
		{name: "garbage", make: func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("garbage ", 1000)), 0o600) }, problem: "it is no ledger, or its beginning is damaged", next: "put a backup in its place", damaged: true},
		{name: "a few bytes", make: func(p string) error { return os.WriteFile(p, []byte("SQLite format 3\x00"), 0o600) }, problem: "it is no ledger, or its beginning is damaged", next: "put a backup in its place", damaged: true},
		{name: "somebody's SQLite file", make: func(p string) error { return foreign(p, "CREATE TABLE t(x)") }, problem: "without page checksums", next: "check the path", damaged: true},
		{name: "somebody's SQLite file with page checksums", make: func(p string) error {
			c, err := sqlite3.Open("file:" + p)
			if err != nil {
				return err
			}
			return errors.Join(c.EnableChecksums("main"), c.Exec("CREATE TABLE t(x)"), c.Close())
		}, problem: "an SQLite file of something else", next: "name another file"},
		{name: "a ledger of a later version", make: func(p string) error {
			l, err := sqlite.Open(p, nil)
			if err != nil {
				return err
			}
			return errors.Join(l.Close(), foreign(p, "UPDATE meta SET value = '3' WHERE name = 'schema'"))
		}, problem: `its schema is version "3", this program knows 2`, next: "or a newer one"},
		{name: "a ledger of an earlier version", make: func(p string) error {
			l, err := sqlite.Open(p, nil)
			if err != nil {
				return err
			}
			return errors.Join(l.Close(), foreign(p, "UPDATE meta SET value = '1' WHERE name = 'schema'; DROP TABLE papers"))
		}, problem: `its schema is version "1", this program knows 2`, next: "use the version of postconfirm that wrote it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			if c.path != "" {
				path = filepath.Join(filepath.Dir(path), c.path)
			}
			if c.make != nil {
				if err := c.make(path); err != nil {
					t.Fatal(err)
				}
			}
			before, _ := os.ReadFile(path)
			_, err := sqlite.Open(path, nil)
			refused(t, err, c.problem, c.next, c.damaged)
			if after, _ := os.ReadFile(path); string(before) != string(after) {
				t.Error("what was refused was changed")
			}
			if c.make != nil {
				_, err = sqlite.OpenReader(path)
				refused(t, err, c.problem, c.next, c.damaged)
			}
		})
	}
}

func refused(t *testing.T, err error, problem, next string, damaged bool) {
	t.Helper()
	var u *sqlite.Unusable
	if !errors.As(err, &u) {
		t.Fatalf("got %v, want *Unusable", err)
	}
	if !strings.Contains(err.Error(), problem) || !strings.Contains(u.Next, next) || errors.Is(err, sqlite.ErrDamaged) != damaged {
		t.Errorf("got %q, damaged %v, want %q, %q, %v", err, errors.Is(err, sqlite.ErrDamaged), problem, next, damaged)
	}
}

func TestOpenTakesAnyPlaceThatIsFine(t *testing.T) {
	for _, name := range []string{"ledger.db", "with space", "100%41?mode=ro#x&y=z", "ünïcode.db", "file:odd", "-flag"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			l := open(t, path, nil)
			if err := finish(t.Context(), l, 1); err != nil {
				t.Fatal(err)
			}
			for _, end := range []string{"", "-wal", "-shm", ".lock", ".mark"} {
				if info, err := os.Stat(path + end); err != nil || info.Mode() != 0o600 {
					t.Errorf("%s: got %v, %v, want a file of mode 0600", end, info, err)
				}
			}
			shut(t, l)
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
				t.Errorf("after Close there are %v, %v, want ledger, lock and mark", entries, err)
			}
		})
	}
	t.Run("an empty file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := finish(t.Context(), open(t, path, nil), 1); err != nil {
			t.Error(err)
		}
	})
	t.Run("a relative path", func(t *testing.T) {
		t.Chdir(t.TempDir())
		if err := finish(t.Context(), open(t, "ledger.db", nil), 1); err != nil {
			t.Error(err)
		}
	})
	t.Run("a link, with the lock and the log beside the file itself", func(t *testing.T) {
		dir := t.TempDir()
		path, link := filepath.Join(dir, "ledger.db"), filepath.Join(t.TempDir(), "link.db")
		shut(t, open(t, path, nil))
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		l := open(t, link, nil)
		if l.Path() != path {
			t.Errorf("it is at %s, want %s", l.Path(), path)
		}
		var held *sqlite.Held
		if _, err := sqlite.Open(path, nil); !errors.As(err, &held) {
			t.Errorf("the same file by its own name: got %v, want *Held", err)
		}
	})
}

func TestOneWorkerHoldsTheLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, &sqlite.Options{Now: start})
	t.Run("another Open is told who has it and what to do", func(t *testing.T) {
		_, err := sqlite.Open(path, nil)
		var held *sqlite.Held
		if !errors.As(err, &held) || held.PID != os.Getpid() || !held.Since.Equal(start()) {
			t.Fatalf("got %v, want *Held with process and time", err)
		}
		if want := "is held by process"; !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "since 2026-03-01T12:00:00Z") || !strings.Contains(err.Error(), "stop that one") {
			t.Errorf("got %q", err)
		}
	})
	t.Run("so is another process", func(t *testing.T) {
		out, err := childCommand(t, "open", path, 0).Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(string(out), "is held by process") {
			t.Errorf("got %q, %v", out, err)
		}
	})
	t.Run("a lock file that says nothing is no reason to crash", func(t *testing.T) {
		if err := os.WriteFile(path+".lock", []byte("?"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(path, nil); err == nil || !strings.Contains(err.Error(), "is held by another worker") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("Close gives it free", func(t *testing.T) {
		shut(t, l)
		out, err := childCommand(t, "open", path, 0).Output()
		if err != nil || string(out) != "opened <nil>\n" {
			t.Errorf("got %q, %v", out, err)
		}
	})
	t.Run("and so does a failed Open", func(t *testing.T) {
		bad := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(bad, []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			var held *sqlite.Held
			if _, err := sqlite.Open(bad, nil); err == nil || errors.As(err, &held) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestTheMarkRemembersTheLedger(t *testing.T) {
	filled := func(t *testing.T, from, to int) string {
		path := filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, nil)
		for i := from; i < to; i++ {
			if err := finish(t.Context(), l, i); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, l)
		return path
	}
	for _, c := range []struct {
		name    string
		replace func(t *testing.T, path string) error
		problem string
		gone    bool
	}{
		{"a ledger that was deleted", func(_ *testing.T, path string) error { return os.Remove(path) }, "the ledger that was here is gone, with 6 commits", true},
		{"a ledger that was emptied", func(_ *testing.T, path string) error { return os.Truncate(path, 0) }, "the ledger that was here is gone, with 6 commits", false},
		{"another ledger", func(t *testing.T, path string) error { clone(t, filled(t, 0, 9), path); return nil }, "another ledger was here before", false},
		{"an older copy", func(t *testing.T, path string) error {
			clone(t, path, path+".old")
			l := open(t, path, nil)
			for i := 3; i < 5; i++ {
				if err := finish(t.Context(), l, i); err != nil {
					return err
				}
			}
			shut(t, l)
			return os.Rename(path+".old", path)
		}, "its last 4 commits are missing", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filled(t, 0, 3)
			if err := c.replace(t, path); err != nil {
				t.Fatal(err)
			}
			_, err := sqlite.Open(path, nil)
			refused(t, err, c.problem, "delete "+path+".mark", true)
			if _, err := os.Stat(path); c.gone != errors.Is(err, os.ErrNotExist) {
				t.Errorf("afterwards the file is %v: Open must not put an empty one in its place", err)
			}
			if err := os.Remove(path + ".mark"); err != nil {
				t.Fatal(err)
			}
			if err := finish(t.Context(), open(t, path, nil), 100); err != nil {
				t.Errorf("with the mark deleted: %v", err)
			}
		})
	}
	t.Run("a torn mark counts as none", func(t *testing.T) {
		path := filled(t, 0, 3)
		if err := os.Truncate(path+".mark", 40); err != nil {
			t.Fatal(err)
		}
		open(t, path, nil)
	})
}

func TestEveryLedgerHasAnIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, nil)
	first := l.Identity()
	shut(t, l)
	r, err := sqlite.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if other := open(t, filepath.Join(t.TempDir(), "ledger.db"), nil); len(first) != 32 || r.Identity() != first || other.Identity() == first {
		t.Errorf("got %q, reopened %q, another's %q", first, r.Identity(), other.Identity())
	}
}

func TestAFileThatAnotherProgramLocks(t *testing.T) {
	for _, c := range []struct {
		name string
		held time.Duration
		want error
	}{
		{"for a moment is waited for", 5 * time.Second, nil},
		{"for long fails the call and not the ledger", time.Minute, sqlite3.BUSY},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "ledger.db")
				l := open(t, path, nil)
				other, err := sqlite3.Open("file:" + path)
				if err == nil {
					err = other.Exec("BEGIN IMMEDIATE")
				}
				if err != nil {
					t.Fatal(err)
				}
				saved := make(chan error, 1)
				go func() { saved <- finish(t.Context(), l, 1) }()
				time.Sleep(c.held)
				if err := errors.Join(other.Exec("ROLLBACK"), other.Close()); err != nil {
					t.Error(err)
				}
				if err := <-saved; !errors.Is(err, c.want) || l.Err() != nil {
					t.Errorf("got %v, want %v; Err is %v", err, c.want, l.Err())
				}
				if err := finish(t.Context(), l, 2); err != nil {
					t.Errorf("afterwards: %v", err)
				}
				shut(t, l)
			})
		})
	}
}
