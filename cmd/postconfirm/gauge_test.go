package main

import (
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/replay"
)

// screen is a terminal that keeps nothing.
type screen struct{ io.Writer }

func (screen) Stat() (os.FileInfo, error) { return device{}, nil }

// device is what the system says of a terminal.
type device struct{ os.FileInfo }

func (device) Mode() os.FileMode { return os.ModeDevice | os.ModeCharDevice }

func newScreen(t *testing.T) screen {
	t.Helper()
	s := screen{io.Discard}
	if !terminal(s) {
		t.Fatal("this does not pass for a terminal: this test would see no bar")
	}
	return s
}

// TestABarEndsHoweverShortTheWork ends bars before they were drawn for the first time, which is before the goroutine that
// draws them was given a turn, and after.
func TestABarEndsHoweverShortTheWork(t *testing.T) {
	out := newScreen(t)
	for name, work := range map[string]func(time.Duration) (end func()){
		"a ticker": func(long time.Duration) func() {
			show := newTicker(out, "read", 0)
			show.tell(5, "lines")
			time.Sleep(long)
			return show.end
		},
		"a ticker whose total is reached": func(long time.Duration) func() {
			show := newTicker(out, "sweep", 5)
			show.tell(5, "letters")
			time.Sleep(long)
			return show.end
		},
		"a ticker that was told nothing": func(time.Duration) func() { return newTicker(out, "read", 0).end },
		"a replay": func(long time.Duration) func() {
			show := newReplayProgress(out, 1)
			show.tell(replay.Progress{Total: 3, Done: 1})
			time.Sleep(long)
			return show.end
		},
		"a walk": func(long time.Duration) func() {
			show := newSteadily(out)
			show.walk(reconcile.Walk{Phase: reconcile.Walking, Counts: reconcile.Counts{Listed: 60}})
			time.Sleep(long)
			return show.stop
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				for _, long := range []time.Duration{0, 1, time.Second} {
					synctest.Test(t, func(t *testing.T) { within(t, work(long)) })
				}
			}
		})
	}
}

// within wants f to return within a second.
func within(t *testing.T, f func()) {
	t.Helper()
	returned := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(returned)
		f()
	}()
	select {
	case <-returned:
	case <-time.After(time.Second):
		f() // by now the bar is drawn, and a stop is heard: the goroutines of this test end
		<-returned
		t.Fatalf("the bar is drawn for ever: it ended after %v, when it was stopped once more", time.Since(began))
	}
}

func TestTheNullDeviceIsNoTerminal(t *testing.T) {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if terminal(f) {
		t.Error("a bar would be drawn for nobody")
	}
}
