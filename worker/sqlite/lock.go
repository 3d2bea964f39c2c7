package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// errLocked is what tryLock says when somebody else has the file.
var errLocked = errors.New("locked")

// lock is the worker role of one ledger: a lock of the operating system on PATH.lock, which ends with the process
// however that dies. The file stays; its text says who.
type lock struct{ file *os.File }

const lockText = "pid %d since %s\n"

func holdLock(path string, now time.Time) (*lock, error) {
	name := path + ".lock"
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unwritable(name, err)
	}
	err = tryLock(file)
	if err != nil {
		defer func() { _ = file.Close() }()
		if errors.Is(err, errLocked) {
			return nil, holder(path, file)
		}
		return nil, &Unusable{Path: path, Problem: "its lock file can't be locked", Next: "keep the ledger on a local disk", Err: err}
	}
	text := fmt.Sprintf(lockText, os.Getpid(), now.UTC().Format(time.RFC3339))
	if err := errors.Join(file.Truncate(0), writeAt(file, text)); err != nil {
		_ = file.Close()
		return nil, unwritable(name, err)
	}
	return &lock{file}, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// holder reads who has the lock.
func holder(path string, file *os.File) *Held {
	held := &Held{Path: path}
	text, err := io.ReadAll(io.LimitReader(file, 200))
	if err != nil {
		return held
	}
	var since string
	if _, err := fmt.Sscanf(string(text), lockText, &held.PID, &since); err != nil {
		return &Held{Path: path}
	}
	held.Since, _ = time.Parse(time.RFC3339, since)
	return held
}

func (l *lock) release() error { return l.file.Close() }
