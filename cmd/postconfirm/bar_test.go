package main

import (
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"
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
		"without a total": func(long time.Duration) func() {
			show := newMeter(out)
			show.tell("read", 5, 0, " lines")
			time.Sleep(long)
			return show.end
		},
		"whose total is reached": func(long time.Duration) func() {
			show := newMeter(out)
			show.tell("sweep", 5, 5, "")
			time.Sleep(long)
			return show.end
		},
		"that was told nothing": func(time.Duration) func() { return newMeter(out).end },
		"after another one": func(long time.Duration) func() {
			show := newMeter(out)
			show.tell("reading the pool", 1, 3, "")
			show.tell("sending", 1, 3, "")
			time.Sleep(long)
			return show.end
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
