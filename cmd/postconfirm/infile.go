package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// inFile opens a file that is read twice; - is standard input, which is copied to a file that has no name. Whatever can't
// be read as a file is wrong use.
func inFile(path string, stdin io.Reader) (file *os.File, err error) {
	if path == "-" {
		return spooled(stdin)
	}
	if file, err = os.Open(path); err != nil {
		return nil, &problem{err: err, code: exitUsage}
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s is a directory", printable(path))
	case !info.Mode().IsRegular():
		defer func() { _ = file.Close() }()
		return spooled(file)
	default:
		return file, nil
	}
	return nil, &problem{err: errors.Join(err, file.Close()), code: exitUsage}
}

// spooled copies what can be read once only.
func spooled(r io.Reader) (*os.File, error) {
	file, err := os.CreateTemp("", "postconfirm-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err == nil {
		_, err = io.Copy(file, r)
		if err == nil {
			_, err = file.Seek(0, io.SeekStart)
		}
		if err == nil {
			return file, nil
		}
		return nil, errors.Join(&problem{err: fmt.Errorf("read the input: %w", err), code: exitUsage}, file.Close())
	}
	return nil, errors.Join(err, file.Close())
}
