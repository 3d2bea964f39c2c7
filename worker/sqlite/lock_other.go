//go:build !windows && (!unix || aix || solaris)

package sqlite

import (
	"errors"
	"os"
)

// tryLock refuses: without a lock that ends with its process, two workers could share a ledger.
func tryLock(*os.File) error {
	return errors.New("this operating system has no file locks that end with the process")
}

func syncFolder(string) error { return nil }
