package sqlite

import (
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// lockWait is how long a statement waits for another process that has the file's lock for a moment.
const lockWait = 10 * time.Second

// errPanic says that SQLite, which is translated code, panicked: on a file whose bytes lie, as far as anybody knows.
var errPanic = errors.New("SQLite panicked")

// guard runs f and makes a panic of SQLite an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return f()
}

// openForWriting opens the connection of the writer, which syncs with every commit. It changes nothing in the file yet.
// The log is moved into the file when the writer says so, for it hears of the errors then.
func openForWriting(path, vfs string) (*sqlite3.Conn, error) {
	c, err := sqlite3.OpenFlags(uri(path, parameters(vfs)), sqlite3.OPEN_READWRITE|sqlite3.OPEN_URI)
	if err != nil {
		return nil, err
	}
	err = errors.Join(c.BusyTimeout(lockWait), c.Exec(`PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;
		PRAGMA journal_size_limit=67108864; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;
		PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON`))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// openForReading opens a connection that can't write.
func openForReading(path, vfs string) (*sqlite3.Conn, error) {
	values := parameters(vfs)
	values.Set("mode", "ro")
	c, err := sqlite3.OpenFlags(uri(path, values), sqlite3.OPEN_READONLY|sqlite3.OPEN_URI)
	if err != nil {
		return nil, err
	}
	err = errors.Join(c.BusyTimeout(lockWait),
		c.Exec("PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON"))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func parameters(vfs string) url.Values {
	if vfs == "" {
		vfs = ownVFS()
	}
	return url.Values{"vfs": {vfs}}
}

// verified makes sure that page checksums are computed and compared.
func verified(c *sqlite3.Conn) error {
	on, err := text(c, "PRAGMA checksum_verification")
	if err == nil && on != "1" {
		err = fmt.Errorf("%w: page checksums are off", ErrDamaged)
	}
	return err
}

// closeConn closes a connection with all of its statements.
func closeConn(c *sqlite3.Conn) error {
	var all error
	for {
		var open *sqlite3.Stmt
		for s := range c.Stmts() {
			open = s
			break
		}
		if open == nil {
			return errors.Join(all, c.Close())
		}
		all = errors.Join(all, open.Close())
	}
}

// leaveConn closes a connection and leaves the log as it is.
func leaveConn(c *sqlite3.Conn) error {
	_, err := c.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, true)
	return errors.Join(err, closeConn(c))
}
