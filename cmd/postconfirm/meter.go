package main

import (
	"fmt"
	"io"
	"time"

	bars "github.com/jedib0t/go-pretty/v6/progress"
)

// lineEvery is how often something is said where there is no terminal.
const lineEvery = 10 * time.Second

// meter shows how far long work has come: a bar on a terminal, elsewhere a line every ten seconds.
type meter struct {
	out  io.Writer
	now  func() time.Time
	said time.Time

	what    string
	tracker *bars.Tracker // nil while there is no bar
	drawn   chan struct{}
}

func newMeter(out io.Writer) *meter {
	return &meter{out: out, now: time.Now, said: time.Now()}
}

// tell says that so many of a total, 0 if nobody knows it, are done; another what begins a bar of its own. more stands
// behind the numbers.
func (p *meter) tell(what string, done, total int, more string) {
	if terminal(p.out) {
		p.draw(what, done, total, more)
		return
	}
	now := p.now()
	if now.Sub(p.said) < lineEvery {
		return
	}
	p.said = now
	if total > 0 {
		fmt.Fprintf(p.out, "%s: %d of %d%s\n", what, done, total, more)
		return
	}
	fmt.Fprintf(p.out, "%s: %d so far%s\n", what, done, more)
}

func (p *meter) draw(what string, done, total int, more string) {
	if p.tracker == nil || p.what != what {
		p.end()
		p.begin(what, total > 0)
	}
	if total > 0 {
		p.tracker.UpdateTotal(int64(max(total, done)))
	}
	p.tracker.UpdateMessage(what + more)
	p.tracker.SetValue(int64(done))
}

func (p *meter) begin(what string, eta bool) {
	p.what, p.tracker, p.drawn = what, &bars.Tracker{AutoStopDisabled: true}, make(chan struct{})
	bar, drawn := bars.NewWriter(), p.drawn
	bar.SetOutputWriter(p.out)
	bar.SetUpdateFrequency(250 * time.Millisecond)
	bar.Style().Visibility.ETA = eta
	bar.SetAutoStop(true) // at the end of its only tracker; a stop before it began to draw would be lost
	bar.AppendTracker(p.tracker)
	go func() {
		defer close(drawn)
		bar.Render()
	}()
}

// end takes the bar away, so that text can follow.
func (p *meter) end() {
	if p.tracker == nil {
		return
	}
	p.tracker.MarkAsDone()
	<-p.drawn
	p.tracker = nil
}
