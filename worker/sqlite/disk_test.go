package sqlite_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// disk is a file system that breaks on command: the operating system's, with a hook before each change.
type disk struct {
	vfs.VFS
	name string

	mu     sync.Mutex
	before func(op, file string, data []byte, offset int64) error
}

// newDisk registers a disk for one test.
func newDisk(t *testing.T) *disk {
	d := &disk{VFS: vfs.Find(""), name: "disk of " + strings.ReplaceAll(t.Name(), "/", " ")}
	vfs.Register(d.name, sqlite.Room(d))
	t.Cleanup(func() { vfs.Unregister(d.name) })
	return d
}

func (d *disk) options() *sqlite.Options { return &sqlite.Options{VFS: d.name} }

// hook sets what is asked before each "write", "truncate", "sync" and "delete"; its error is the operation's. nil is a sound disk.
func (d *disk) hook(before func(op, file string, data []byte, offset int64) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = before
}

func (d *disk) ask(op, file string, data []byte, offset int64) error {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(op, file, data, offset)
}

// OpenFilename opens a file of the real disk.
func (d *disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := d.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil {
		return nil, flags, err
	}
	return &diskFile{File: file, disk: d, name: name.String()}, flags, nil
}

// Delete removes a file, and its name durably: SQLite asks for that.
func (d *disk) Delete(name string, syncFolder bool) error {
	if err := d.ask("delete", name, nil, 0); err != nil {
		return err
	}
	return d.VFS.Delete(name, syncFolder)
}

type diskFile struct {
	vfs.File
	disk *disk
	name string
}

func (f *diskFile) WriteAt(p []byte, offset int64) (int, error) {
	if err := f.disk.ask("write", f.name, p, offset); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, offset)
}

func (f *diskFile) Truncate(size int64) error {
	if err := f.disk.ask("truncate", f.name, nil, size); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *diskFile) Sync(flags vfs.SyncFlag) error {
	if err := f.disk.ask("sync", f.name, nil, 0); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

// SharedMemory is the real file's: without it there is no write-ahead log.
func (f *diskFile) SharedMemory() vfs.SharedMemory {
	return f.File.(vfs.FileSharedMemory).SharedMemory()
}

// change is a write or truncation that no sync has made durable yet.
type change struct {
	data   []byte // nil for a truncation
	offset int64
}

func (c change) apply(to []byte) []byte {
	if c.data == nil {
		return append(to, make([]byte, max(0, c.offset-int64(len(to))))...)[:c.offset]
	}
	if end := c.offset + int64(len(c.data)); end > int64(len(to)) {
		to = append(to, make([]byte, end-int64(len(to)))...)
	}
	copy(to[c.offset:], c.data)
	return to
}

// memory is what a disk holds for sure, and what it was only told to write: what a power loss leaves is the first and
// any part of the second.
type memory struct {
	mu      sync.Mutex
	durable map[string][]byte
	pending map[string][]change
	left    int // operations until the power goes
	off     bool
}

func (m *memory) before(op, file string, data []byte, offset int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left--; m.left <= 0 {
		m.off = true
	}
	if m.off {
		return os.ErrDeadlineExceeded
	}
	switch op {
	case "write":
		m.pending[file] = append(m.pending[file], change{slices.Clone(data), offset})
	case "truncate":
		m.pending[file] = append(m.pending[file], change{nil, offset})
	case "sync":
		for _, c := range m.pending[file] {
			m.durable[file] = c.apply(m.durable[file])
		}
		m.pending[file] = nil
	case "delete":
		delete(m.durable, file)
		delete(m.pending, file)
	}
	return nil
}
