package sqlite

import (
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/postconfirm/postconfirm/worker"
)

// ErrDamaged says that what the file holds is not what was written to it. A single run that is damaged, and a file that
// Open refuses for it, are worker.ErrDamaged as well; a call that met damage of the file itself is not: it says nothing
// about the run.
var ErrDamaged = errors.New("the ledger is damaged")

// ErrDead says that the ledger met an I/O error and does nothing any more: whether the last writes are on the disk is
// not known, and asking again could hide it. Stop the program, see to the disk, start it again.
var ErrDead = errors.New("the ledger has stopped after an error of the disk or the file; restart the worker, and look at the disk first")

// ErrClosed says that the ledger was closed before.
var ErrClosed = errors.New("the ledger is closed")

// Unusable says why a file can't be opened as a ledger, and what to do.
type Unusable struct {
	Path    string
	Problem string // what is the matter
	Next    string // the next step for a person
	Err     error  // the cause, or nil
}

// Error gives path, problem, cause and next step.
func (u *Unusable) Error() string {
	cause := ""
	if u.Err != nil {
		cause = " (" + u.Err.Error() + ")"
	}
	return fmt.Sprintf("sqlite: open %s: %s%s; %s", u.Path, u.Problem, cause, u.Next)
}

// Unwrap gives the cause.
func (u *Unusable) Unwrap() error { return u.Err }

// Is says that damage is also worker.ErrDamaged.
func (u *Unusable) Is(target error) bool {
	return target == worker.ErrDamaged && errors.Is(u.Err, ErrDamaged)
}

// Held says that another worker has the ledger.
type Held struct {
	Path  string
	PID   int       // of the process that holds it; 0 if it did not say
	Since time.Time // when it opened the ledger; zero if it did not say
}

// Error says who holds it and what to do.
func (h *Held) Error() string {
	who := "another worker"
	if h.PID != 0 {
		who = fmt.Sprintf("process %d since %s", h.PID, h.Since.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("sqlite: open %s: it is held by %s; one ledger serves one worker: stop that one, or give this one another file", h.Path, who)
}

// RecordError says that one run is not as it was stored. It is ErrDamaged and worker.ErrDamaged too. Other runs are not
// affected.
type RecordError struct {
	Key     string // run key
	Problem string
}

// Error gives key and problem.
func (r *RecordError) Error() string { return "run " + r.Key + ": " + r.Problem }

// Unwrap is ErrDamaged, of this ledger and of every one.
func (r *RecordError) Unwrap() []error { return []error{ErrDamaged, worker.ErrDamaged} }

// PaperError says that one paper is not as it was stored. It is ErrDamaged and worker.ErrDamaged too. No run is affected.
type PaperError struct{ Drawer, Name string }

// Error gives drawer and name.
func (p *PaperError) Error() string {
	return "paper " + p.Drawer + "/" + p.Name + ": its checksum is wrong"
}

// Unwrap is ErrDamaged, of this ledger and of every one.
func (p *PaperError) Unwrap() []error { return []error{ErrDamaged, worker.ErrDamaged} }

// explain adds ErrDamaged to what SQLite says of a file whose bytes are wrong.
func explain(err error) error {
	if err == nil || errors.Is(err, ErrDamaged) || !damaged(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

func damaged(err error) bool {
	for _, code := range []error{sqlite3.CORRUPT, sqlite3.NOTADB, sqlite3.IOERR_DATA, sqlite3.IOERR_CORRUPTFS, sqlite3.IOERR_SHORT_READ, errPanic} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// fatal tells whether an error of the writer ends it. A full disk and a lock that others hold pass.
func fatal(err error) bool {
	return damaged(err) || errors.Is(err, errMoved) || errors.Is(err, sqlite3.IOERR) || errors.Is(err, sqlite3.CANTOPEN) || errors.Is(err, sqlite3.READONLY) || errors.Is(err, sqlite3.NOMEM)
}
