//go:build unix && !aix && !solaris

package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// tryLock takes the whole file, for this open file alone: a second Open in the same process is refused as well.
func tryLock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		}
		return err
	}
}

// syncFolder makes the names of new files durable; the library syncs the files only.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
