//go:build !unix

package main

import "time"

// used is not known here.
func used() (cpu time.Duration, peak int64) { return 0, 0 }
