package sqlite

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// place looks at the path before SQLite does, so that each mistake has its own message, and gives the path with links
// resolved: two names of one file must share one lock. With create, a file that is not there is made, mode 0600.
func place(path string, create bool) (string, error) {
	if path == "" {
		return "", &Unusable{Path: `""`, Problem: "the path is empty", Next: "name a file, such as ./ledger.db"}
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return "", &Unusable{Path: path, Problem: "the path can't be resolved", Next: "name the file with its full path", Err: err}
	}
	if resolved, err := filepath.EvalSymlinks(full); err == nil {
		full = resolved
	}
	info, err := os.Stat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return full, missing(full, create)
	case err != nil:
		return "", unreadable(full, err)
	case info.IsDir():
		return "", &Unusable{Path: full, Problem: "it is a folder", Next: "name a file in it, such as " + filepath.Join(full, "ledger.db")}
	case !info.Mode().IsRegular():
		return "", &Unusable{Path: full, Problem: "it is not a regular file", Next: "name a file on a local disk"}
	}
	return full, accessible(full, create)
}

// missing is place for a file that is not there.
func missing(path string, create bool) error {
	if !create {
		return &Unusable{Path: path, Problem: "there is no such file", Next: "check the path; a worker creates its ledger when it starts", Err: fs.ErrNotExist}
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return &Unusable{Path: path, Problem: "there is no folder " + dir, Next: "create it, or name another place", Err: err}
	}
	if err := remembered(path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return unwritable(path, err)
	}
	return file.Close()
}

// accessible opens a file that is there and reads its header.
func accessible(path string, write bool) error {
	flag := os.O_RDONLY
	if write {
		flag = os.O_RDWR
	}
	file, err := os.OpenFile(path, flag, 0)
	switch {
	case err != nil && write:
		return unwritable(path, err)
	case err != nil:
		return unreadable(path, err)
	}
	defer func() { _ = file.Close() }()
	header := make([]byte, 100)
	n, err := io.ReadFull(file, header)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return unreadable(path, err)
	}
	return header100(path, header[:n])
}

// header100 judges the first 100 bytes (SQLite, Database File Format): the magic, and at 20 how many bytes of each
// page are reserved: 8, for its checksum. A wrong count would switch the checksums off, so it can't be left to them.
func header100(path string, header []byte) error {
	switch {
	case len(header) == 0:
		return nil
	case len(header) < 100 || !bytes.HasPrefix(header, []byte("SQLite format 3\x00")):
		return &Unusable{Path: path, Problem: "it is no ledger, or its beginning is damaged", Next: nextDamaged, Err: ErrDamaged}
	case header[20] != 8:
		return &Unusable{Path: path, Problem: "it is an SQLite file without page checksums: not a ledger, or damaged", Next: nextDamaged, Err: ErrDamaged}
	}
	return nil
}

const (
	nextDamaged  = "check the path; if it is the right file, keep a copy, then put a backup in its place"
	nextReadable = "run as the user who owns it"
)

func unreadable(path string, err error) error {
	return &Unusable{Path: path, Problem: "it can't be read", Next: nextReadable, Err: cause(err)}
}

func unwritable(path string, err error) error {
	return &Unusable{Path: path, Problem: "it can't be written", Next: "run as the user who owns it, on a file system that is not read-only", Err: cause(err)}
}

// cause drops the path from an error of the file system: the message has it already.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// uri is the path as SQLite wants it, with parameters.
func uri(path string, parameters url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	query := strings.ReplaceAll(parameters.Encode(), "+", "%20") // SQLite knows no plus
	address := url.URL{Scheme: "file", Path: path, RawQuery: query}
	return address.String()
}
