package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// durable is a file that is being written.
type durable interface {
	io.Writer
	Sync() error
	Close() error
}

// outFile writes a file as a whole or not at all: into a new file beside it, which is synced and takes its name at the
// end. Only its owner may read it.
type outFile struct {
	path  string
	force bool                               // another file of this name may be replaced
	make  func(path string) (durable, error) // os.OpenFile for a file that must not exist
}

// create makes a file that nobody else has.
func create(path string) (durable, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// check refuses a name that may not be taken: of a file without force, and of whatever is no plain file, such as a link,
// which leads to another place.
func (o outFile) check() error {
	info, err := os.Lstat(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &problem{err: err, code: exitUsage}
	case !info.Mode().IsRegular():
		return &problem{err: fmt.Errorf("%s is no plain file, but a %s", printable(o.path), kindOf(info.Mode())), hint: "name a new file", code: exitUsage}
	case !o.force:
		return &problem{err: fmt.Errorf("%s exists", printable(o.path)), hint: "name a new file, or give --force to replace it", code: exitUsage}
	}
	return nil
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "special file"
}

// write calls f with where to write, and keeps what it wrote if it returned nil and everything is on the disk. Whatever
// fails, what was there before is as it was.
func (o outFile) write(f func(io.Writer) error) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	dir, name := filepath.Split(o.path)
	part := filepath.Join(dir, "."+name+"."+strings.ToLower(rand.Text()[:8])+".part")
	file, err := o.make(part)
	if err != nil {
		return &problem{err: fmt.Errorf("write %s: %w", printable(o.path), err), code: exitUsage}
	}
	defer func() { _ = os.Remove(part) }() // it has the other name by then, or is worth nothing
	b := bufio.NewWriterSize(file, 64<<10)
	err = f(b)
	for _, step := range []func() error{b.Flush, file.Sync} {
		if err == nil {
			err = step()
		}
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = o.rename(part)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", printable(o.path), err)
	}
	return syncFolder(dir)
}

// rename gives the file its name. Without force a file that came to be meanwhile stays: a link is refused then, where a
// rename would replace it.
func (o outFile) rename(part string) error {
	if o.force {
		return os.Rename(part, o.path)
	}
	err := os.Link(part, o.path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := o.check(); err != nil { // a file system without links
		return err
	}
	return os.Rename(part, o.path)
}

// syncFolder makes a new name durable.
func syncFolder(dir string) error {
	if dir == "" {
		dir = "."
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
