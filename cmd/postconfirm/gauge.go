package main

import (
	"io"
	"time"

	bars "github.com/jedib0t/go-pretty/v6/progress"
)

// gauge is a bar on a terminal, drawn beside the work by a goroutine of its own.
type gauge struct {
	pen     bars.Writer
	tracker *bars.Tracker // nil before the first show
	ended   chan struct{} // closed when the drawing has ended
}

// newGauge is nil where out is no terminal.
func newGauge(out io.Writer, eta bool) *gauge {
	if !terminal(out) {
		return nil
	}
	g := &gauge{pen: bars.NewWriter(), ended: make(chan struct{})}
	g.pen.SetOutputWriter(out)
	g.pen.SetUpdateFrequency(200 * time.Millisecond)
	g.pen.SetAutoStop(false)
	g.pen.Style().Visibility.ETA = eta
	g.pen.Style().Visibility.Value = true
	return g
}

// show draws that so many are done. What and total are those of the first call; a total of 0 is none.
func (g *gauge) show(what string, total, done int, message string) {
	if g.tracker == nil {
		g.tracker = &bars.Tracker{Message: what, Total: int64(total)}
		g.pen.AppendTracker(g.tracker)
		go func() {
			defer close(g.ended)
			g.pen.Render()
		}()
	}
	g.tracker.SetValue(int64(done))
	g.tracker.UpdateMessage(message)
}

// end takes the bar away; the gauge may be nil. The library forgets a stop that comes before its first look at the bar,
// and would then draw for ever: short work is done sooner than that, so the stop is said until it is heard.
func (g *gauge) end() {
	if g == nil || g.tracker == nil {
		return
	}
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		g.pen.Stop()
		select {
		case <-g.ended:
			return
		case <-again.C:
		}
	}
}
