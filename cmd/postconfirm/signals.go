package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// exitPipe is the exit code of a program whose output nobody reads any more, as a shell sees it: 128 and the number of
// SIGPIPE.
const exitPipe = 141

// errPipe is why a command ends when nobody reads its output any more.
var errPipe = errors.New("nobody reads the output any more")

// start runs a command line until it is done, interrupted, or nobody reads its output any more; it gives the exit code.
// The runtime ends a program that writes to a broken pipe on the spot, which would leave half done what a command
// does; so the signal is taken, and the command is asked to stop. It comes of broken connections as well, so it says
// nothing: the failed write does.
func start(args []string, out, err *os.File) int {
	ctx, stop := interruptible()
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return run(ctx, args, streams{&outlet{out, cancel}, &outlet{err, cancel}})
}

// interruptible is a context that ends with the first signal to stop; a second one ends the program at once.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// outlet is a stream whose broken pipe ends the command.
type outlet struct {
	file *os.File
	end  context.CancelCauseFunc
}

// Write writes, and ends the command if nobody reads.
func (o *outlet) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.end(errPipe)
	}
	return n, err
}

// Stat tells what kind of file it is.
func (o *outlet) Stat() (os.FileInfo, error) { return o.file.Stat() }

// unread tells whether a command ended, well or not, while nobody read its output any more.
func unread(ctx context.Context, err error) bool {
	return errors.Is(context.Cause(ctx), errPipe) || errors.Is(err, syscall.EPIPE)
}
