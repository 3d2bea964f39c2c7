package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	bars "github.com/jedib0t/go-pretty/v6/progress"

	"github.com/postconfirm/postconfirm/worker/replay"
)

// replayProgress shows how far a plan has come: a bar on a terminal, else a line every ten seconds.
type replayProgress struct {
	out     io.Writer
	rate    float64
	bar     bars.Writer
	tracker *bars.Tracker
	drawing sync.WaitGroup
	said    time.Time
}

// lineEvery is how often something is said where there is no terminal.
const lineEvery = 10 * time.Second

func newReplayProgress(out io.Writer, rate float64) *replayProgress {
	p := &replayProgress{out: out, rate: rate, said: time.Now()}
	if !terminal(out) {
		return p
	}
	p.bar = bars.NewWriter()
	p.bar.SetOutputWriter(out)
	p.bar.SetUpdateFrequency(200 * time.Millisecond)
	p.bar.SetAutoStop(false)
	p.bar.Style().Visibility.ETA = true
	p.bar.Style().Visibility.Value = true
	return p
}

// tell is replay.RunOptions.Tell.
func (p *replayProgress) tell(now replay.Progress) {
	if p.bar == nil {
		p.line(now)
		return
	}
	if p.tracker == nil {
		p.tracker = &bars.Tracker{Message: "replay", Total: int64(now.Total)}
		p.bar.AppendTracker(p.tracker)
		p.drawing.Go(p.bar.Render)
	}
	p.tracker.SetValue(int64(now.Done))
	p.tracker.UpdateMessage(fmt.Sprintf("%d reopened, %d unfinished", now.Reopened, now.Unfinished))
}

func (p *replayProgress) line(now replay.Progress) {
	if time.Since(p.said) < lineEvery {
		return
	}
	p.said = time.Now()
	left := time.Duration(float64(now.Total-now.Done) / p.rate * float64(time.Second)).Round(time.Second)
	text := fmt.Sprintf("%d of %d; %d unfinished; about %s to go", now.Done, now.Total, now.Unfinished, left)
	if now.Waiting != "" {
		text += "; waiting: " + now.Waiting
	}
	fmt.Fprintln(p.out, text)
}

// end takes the bar away.
func (p *replayProgress) end() {
	if p.tracker != nil {
		p.bar.Stop()
		p.drawing.Wait()
	}
}
