//go:build unix && !aix && !solaris

package sqlite_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postconfirm/postconfirm/worker/sqlite"
)

func TestANamedPipeIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(path, nil)
	refused(t, err, "it is not a regular file", "name a file on a local disk", false)
}

// TestAReadOnlyLedgerIsRefused runs Open as a user who may not write: in a child process if the tests run as root,
// whom nothing stops.
func TestAReadOnlyLedgerIsRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	shut(t, open(t, path, nil))
	c := childCommand(t, "open", path, 0)
	if os.Getuid() == 0 {
		c.Path = filepath.Join(dir, "test")
		copyBinary(t, c.Args[0], c.Path)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c2 := range []struct {
		name string
		mode os.FileMode
	}{{"for reading only", 0o444}, {"not even for reading", 0o000}} {
		t.Run(c2.name, func(t *testing.T) {
			if err := os.Chmod(path, c2.mode); err != nil {
				t.Fatal(err)
			}
			again := *c
			out, _ := again.Output()
			if !strings.Contains(string(out), "it can't be written (permission denied); run as the user who owns it") {
				t.Errorf("got %q", out)
			}
		})
	}
}

func copyBinary(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
