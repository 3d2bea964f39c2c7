// Package sqlite is the ledger as one file: the embedded default for one machine.
//
// It promises: what Save or Claim returned nil for is on the disk, through kill -9 and power loss; callers who wait at
// the same time share one commit; every run carries a checksum over all of its columns, every page one of its own, and
// a mark beside the file remembers how far it had come, so damage, a lost log or an older copy is an error and never
// another past. Reads run beside the writer and don't wait for it.
//
// It refuses: a second worker on the same file; a file that is not its own; to go on after an I/O error (a failed
// fsync must never be repeated: the handle is dead until the program starts anew); network file systems, where locks
// and shared memory don't hold.
//
// Beside PATH stand PATH-wal and PATH-shm (of SQLite, while it is open or after a crash), PATH.lock (who works) and
// PATH.mark (what was acknowledged). A backup is a copy of PATH after Close. All are readable by their owner only:
// answers of outside systems stand in them.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Options are the settings of a ledger; the zero value of each is its default.
type Options struct {
	// Batch is how many waiting requests share one commit; 256.
	Batch int
	// VFS names a registered SQLite file system, for tests that break disks; the operating system's, told
	// apart when it is full.
	VFS string
	// Now tells since when the lock is held; time.Now.
	Now func() time.Time
}

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	if v.Batch <= 0 {
		v.Batch = 256
	}
	if v.Now == nil {
		v.Now = time.Now
	}
	return v
}

// Ledger is an open ledger of the worker role: it reads and writes. It is safe for concurrent use.
type Ledger struct {
	*Reader
	writer *writer
	lock   *lock
	close  func() error
}

var _ worker.Ledger = (*Ledger)(nil)

// Open opens the ledger at path for the one worker role, or creates it (mode 0600). o may be nil. The errors are *Held
// if another worker has it, else *Unusable, which knows the next step; damage also is ErrDamaged.
func Open(path string, o *Options) (_ *Ledger, err error) {
	options := o.withDefaults()
	path, err = place(path, true)
	if err != nil {
		return nil, err
	}
	l := &Ledger{}
	l.lock, err = holdLock(path, options.Now())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = l.lock.release()
		}
	}()
	if l.writer, err = openWriter(path, options, false); err != nil {
		return nil, err
	}
	l.Reader = newReader(path, options.VFS, l.writer.identity)
	l.close = sync.OnceValue(l.shut)
	return l, nil
}

// Close stores what is queued, moves the log into the main file, and gives the file free. It waits for calls that are
// under way; later ones get ErrClosed. It may be called again.
func (l *Ledger) Close() error { return l.close() }

func (l *Ledger) shut() error {
	return errors.Join(l.Reader.Close(), l.writer.close(), l.lock.release())
}

// Err says why the ledger is dead, or nil while it works. A dead ledger must be opened anew.
func (l *Ledger) Err() error { return l.writer.dead() }

// Claim takes the lease on a run, as worker.Ledger says. If ctx ends first, its error is returned at once, and the
// claim may have been taken all the same.
func (l *Ledger) Claim(ctx context.Context, id worker.Identity, owner string, now, until time.Time) (worker.Run, error) {
	if owner == "" {
		return worker.Run{}, errors.New("sqlite: claim: an owner is needed")
	}
	fresh, err := rowOf(newRun(id, now))
	if err != nil {
		return worker.Run{}, fmt.Errorf("sqlite: claim: %w", err)
	}
	var claimed row
	var others bool
	err = l.writer.do(ctx, func(s *statements) (err error) {
		claimed, others, err = s.claim(fresh, owner, now, until)
		return err
	})
	if err != nil {
		return worker.Run{}, claimError(err)
	}
	run, err := claimed.run()
	run.Others = others
	return run, err
}

func newRun(id worker.Identity, now time.Time) worker.Run {
	return worker.Run{Identity: id, Key: id.Key(), State: worker.Open, FirstSeen: now, Updated: now}
}

// claimError leaves *worker.Busy as it is: it is an answer.
func claimError(err error) error {
	var busy *worker.Busy
	if errors.As(err, &busy) {
		return busy
	}
	return fmt.Errorf("sqlite: claim: %w", err)
}

// Save stores the run if its fence is still the newest, as worker.Ledger says. If ctx ends first, its error is
// returned at once, and the run may be stored all the same.
func (l *Ledger) Save(ctx context.Context, r worker.Run) error {
	changed, err := rowOf(r)
	if err == nil {
		err = l.writer.do(ctx, func(s *statements) error { return s.save(changed) })
	}
	if err != nil {
		return fmt.Errorf("sqlite: save: %w", err)
	}
	return nil
}

// Written merges what the runs of this person wrote, the value that was observed last winning each attribute.
func (l *Ledger) Written(ctx context.Context, pool, sub string) (map[string]worker.Wrote, error) {
	if err := l.writer.dead(); err != nil {
		return nil, fmt.Errorf("sqlite: written: %w", err)
	}
	return l.Reader.Written(ctx, pool, sub)
}

// Amend stores r over the version that has its fence and raises the fence by one, so that whoever holds the run can't
// save it any more: for operators, who change runs that they have read. worker.ErrLeaseLost if the run moved meanwhile,
// or is not known: read it again. If ctx ends first, its error is returned at once, and the run may be stored all the
// same.
func (l *Ledger) Amend(ctx context.Context, r worker.Run) error { return l.writer.amend(ctx, r) }

// Stats counts what the writer did since Open.
type Stats struct {
	Requests int64 // claims and saves that were carried out
	Commits  int64 // transactions they shared
}

// Stats are the counts as of now.
func (l *Ledger) Stats() Stats {
	return Stats{Requests: l.writer.requests.Load(), Commits: l.writer.commits.Load()}
}
