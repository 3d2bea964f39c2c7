package sqlite

import (
	"errors"
	"sync"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// ownVFS is the name of the file system below, which is registered when it is first asked for.
var ownVFS = sync.OnceValue(func() string {
	const name = "postconfirm"
	vfs.Register(name, room{vfs.Find("")})
	return name
})

// room is the operating system's file system, but for one thing: it tells SQLite of a full disk as such. The library
// means to and does not: it looks for the system's error number where os.File has put its own error around it, so a
// full disk passes for a broken one. SQLite takes a change back cleanly for which there is no room, and goes on; after
// any other error nothing is known.
type room struct{ vfs.VFS }

// OpenFilename opens a file of the operating system.
func (r room) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	system, ok := r.VFS.(vfs.VFSFilename)
	if !ok {
		return nil, flags, sqlite3.CANTOPEN
	}
	file, flags, err := system.OpenFilename(name, flags)
	if err != nil {
		return nil, flags, err
	}
	return roomFile{file}, flags, nil
}

type roomFile struct{ vfs.File }

// WriteAt is the file's. That a sync may tell of a full disk too is another matter: then it is too late.
func (f roomFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.File.WriteAt(p, offset)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return n, sqlite3.FULL
	}
	return n, err
}

// SharedMemory is the file's: without it there is no write-ahead log.
func (f roomFile) SharedMemory() vfs.SharedMemory {
	if shared, ok := f.File.(vfs.FileSharedMemory); ok {
		return shared.SharedMemory()
	}
	return nil
}

// Unwrap gives what SQLite asks of a file besides.
func (f roomFile) Unwrap() vfs.File { return f.File }
