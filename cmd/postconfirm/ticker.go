package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	bars "github.com/jedib0t/go-pretty/v6/progress"
)

// ticker shows how far long work has come: a bar on a terminal, else a line every ten seconds. The total may be a guess;
// 0 is none.
type ticker struct {
	out     io.Writer
	what    string
	total   int
	bar     bars.Writer
	tracker *bars.Tracker
	drawing sync.WaitGroup
	said    time.Time
}

func newTicker(out io.Writer, what string, total int) *ticker {
	t := &ticker{out: out, what: what, total: total, said: time.Now()}
	if !terminal(out) {
		return t
	}
	t.bar = bars.NewWriter()
	t.bar.SetOutputWriter(out)
	t.bar.SetUpdateFrequency(200 * time.Millisecond)
	t.bar.SetAutoStop(false)
	t.bar.Style().Visibility.ETA = total > 0
	t.bar.Style().Visibility.Value = true
	return t
}

// tell says that so many are done.
func (t *ticker) tell(done int, more string) {
	if t.bar == nil {
		t.line(done, more)
		return
	}
	if t.tracker == nil {
		t.tracker = &bars.Tracker{Message: t.what, Total: int64(t.total)}
		t.bar.AppendTracker(t.tracker)
		t.drawing.Go(t.bar.Render)
	}
	t.tracker.SetValue(int64(done))
	t.tracker.UpdateMessage(t.what + ": " + more)
}

func (t *ticker) line(done int, more string) {
	if time.Since(t.said) < lineEvery {
		return
	}
	t.said = time.Now()
	fmt.Fprintf(t.out, "%s: %d so far; %s\n", t.what, done, more)
}

// end takes the bar away.
func (t *ticker) end() {
	if t.tracker != nil {
		t.bar.Stop()
		t.drawing.Wait()
	}
}
