package main

import (
	"fmt"
	"io"
	"time"
)

// ticker shows how far long work has come: a bar on a terminal, else a line every ten seconds. The total may be a guess;
// 0 is none.
type ticker struct {
	out   io.Writer
	what  string
	total int
	bar   *gauge // nil without a terminal
	said  time.Time
}

func newTicker(out io.Writer, what string, total int) *ticker {
	return &ticker{out: out, what: what, total: total, bar: newGauge(out, total > 0), said: time.Now()}
}

// tell says that so many are done.
func (t *ticker) tell(done int, more string) {
	if t.bar == nil {
		t.line(done, more)
		return
	}
	t.bar.show(t.what, t.total, done, t.what+": "+more)
}

func (t *ticker) line(done int, more string) {
	if time.Since(t.said) < lineEvery {
		return
	}
	t.said = time.Now()
	fmt.Fprintf(t.out, "%s: %d so far; %s\n", t.what, done, more)
}

// end takes the bar away.
func (t *ticker) end() { t.bar.end() }
