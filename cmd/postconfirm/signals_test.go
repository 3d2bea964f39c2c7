//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/postconfirm/postconfirm/worker"
)

// looks are the command lines that write much.
func looks(ledger string) [][]string {
	return [][]string{{"runs", "list", "--limit", "0", "--ledger", ledger}, {"runs", "list", "--limit", "0", "--json", "--ledger", ledger},
		{"audit", "list", "--limit", "0", "--ledger", ledger}, {"audit", "list", "--limit", "0", "--json", "--ledger", ledger}}
}

func TestC7_153CtrlCAndABrokenPipe(t *testing.T) {
	ledger := ledgerOf(t, 1000, func(*worker.Run) {})
	t.Run("Ctrl-C ends a list after a whole line, with 130", func(t *testing.T) {
		for _, args := range looks(ledger) {
			interrupted(t, args)
		}
	})
	t.Run("before the first line, too", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, args := range append(looks(ledger), []string{"runs", "group", "--ledger", ledger}, []string{"runs", "show", plantedRun(1).Key, "--ledger", ledger}) {
			if code, out, _ := ended(ctx, args...); code != exitInterrupted || out != "" {
				t.Errorf("%v: %d %s", args, code, out)
			}
		}
	})
	t.Run("a broken pipe ends it quietly, with 141", func(t *testing.T) {
		for _, args := range append(looks(ledger), []string{"runs", "group", "--ledger", ledger}, []string{"runs", "group", "--json", "--ledger", ledger},
			[]string{"runs", "show", plantedRun(1).Key, "--ledger", ledger}, []string{"runs", "show", plantedRun(1).Key, "--json", "--ledger", ledger}) {
			unreadPipe(t, args)
		}
	})
	t.Run("a full disk is an error", func(t *testing.T) {
		for _, args := range looks(ledger) {
			var people bytes.Buffer
			if code := run(t.Context(), args, streams{full{}, &people}); code != exitFailed || !strings.Contains(people.String(), "no space") {
				t.Errorf("%v: %d %s", args, code, people.String())
			}
		}
	})
	t.Run("afterwards all is there", func(t *testing.T) {
		if code, out, _ := ended(t.Context(), looks(ledger)[1]...); code != exitDone || strings.Count(out, "\n") != 1000 {
			t.Errorf("%d, %d lines", code, strings.Count(out, "\n"))
		}
	})
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// interrupted reads a line of what a command writes, sends the signal, and reads the rest.
func interrupted(t *testing.T, args []string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := interruptible()
	defer stop()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, args, streams{w, io.Discard})
		_ = w.Close()
	}()
	lines := bufio.NewReader(r)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	rest, err := io.ReadAll(lines)
	if got := <-code; got != exitInterrupted || err != nil || (len(rest) > 0 && !bytes.HasSuffix(rest, []byte("\n"))) || bytes.Count(rest, []byte("\n")) > 390 {
		t.Errorf("%v: %d after %d more lines", args, got, bytes.Count(rest, []byte("\n")))
	}
}

// unreadPipe runs a command that writes into a pipe nobody reads.
func unreadPipe(t *testing.T, args []string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	code := start(args, w, said)
	_, _ = w.Close(), said.Close()
	if text, err := os.ReadFile(said.Name()); code != exitPipe || err != nil || len(text) > 0 {
		t.Errorf("%v: %d, %q, %v", args, code, text, err)
	}
}
