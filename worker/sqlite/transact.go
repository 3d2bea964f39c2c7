package sqlite

import (
	"errors"
	"fmt"
	"os"

	"github.com/ncruces/go-sqlite3"
)

// errMoved says that the path no longer names the open file.
var errMoved = errors.New("the file was deleted, moved or replaced while it was open")

// transact carries out a batch in one transaction. The error of one request stands in it; the error returned is of all.
func (w *writer) transact(batch []*request) (err error) {
	if err := w.start(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil && !w.conn.GetAutocommit() {
			err = errors.Join(err, w.rollback.Exec())
		}
	}()
	for _, r := range batch {
		if r.err = explain(r.job(w.statements)); r.err == nil {
			continue
		}
		if w.conn.GetAutocommit() || fatal(r.err) {
			return r.err // SQLite gave the whole transaction up, or must not be trusted with it
		}
	}
	commits, ok, err := w.total()
	if err != nil {
		return err
	}
	if !ok {
		return w.rollback.Exec()
	}
	if err := w.commit.Exec(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.commits.Add(1)
	return w.remember(commits)
}

// remember notes the commit in the mark, once it is sure that the commit went to the file that the next start will
// open. A mark that can't be written lags behind, which is harmless.
func (w *writer) remember(commits int64) error {
	now, err := os.Stat(w.path)
	if err != nil || !os.SameFile(now, w.file) {
		return errMoved
	}
	_, _ = w.mark.WriteAt([]byte(mark{w.identity, commits}.text()), 0)
	return nil
}

// close waits for all requests to come back, ends the goroutine, and closes the file.
func (w *writer) close() error {
	close(w.stopping)
	for range cap(w.free) {
		<-w.free
	}
	close(w.queue)
	<-w.stopped
	return w.closing
}

// shut moves the log into the file and closes the connection. After an error the log stays as it is: the next start
// reads it with fresh eyes.
func (w *writer) shut() error {
	return guard(func() (err error) {
		if w.dead() == nil && !w.beside {
			if err = w.checkpoint(sqlite3.CHECKPOINT_TRUNCATE); err != nil {
				w.die(err)
			}
		}
		end := closeConn
		if w.dead() != nil {
			end = leaveConn
		}
		return errors.Join(err, end(w.conn), w.mark.Close())
	})
}
