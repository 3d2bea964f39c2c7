//go:build !failpoints

package main

import "github.com/postconfirm/postconfirm/worker/app"

// breaks is where a proof breaks the worker. This one is never broken: it is the program for everybody.
func breaks(*app.Settings, func(string) string) error { return nil }
