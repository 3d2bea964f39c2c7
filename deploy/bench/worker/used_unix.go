//go:build unix

package main

import (
	"runtime"
	"syscall"
	"time"
)

// used is the CPU time of this process so far, and the most memory it had, in bytes.
func used() (cpu time.Duration, peak int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	peak = int64(u.Maxrss) // kilobytes, but on macOS and iOS bytes (getrusage(2))
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		peak *= 1024
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), peak
}
