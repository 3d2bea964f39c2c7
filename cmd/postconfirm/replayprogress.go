package main

import (
	"fmt"
	"io"
	"time"

	"github.com/postconfirm/postconfirm/worker/replay"
)

// replayProgress shows how far a plan has come: a bar on a terminal, else a line every ten seconds.
type replayProgress struct {
	out  io.Writer
	rate float64
	bar  *gauge // nil without a terminal
	said time.Time
}

// lineEvery is how often something is said where there is no terminal.
const lineEvery = 10 * time.Second

func newReplayProgress(out io.Writer, rate float64) *replayProgress {
	return &replayProgress{out: out, rate: rate, bar: newGauge(out, true), said: time.Now()}
}

// tell is replay.RunOptions.Tell.
func (p *replayProgress) tell(now replay.Progress) {
	if p.bar == nil {
		p.line(now)
		return
	}
	p.bar.show("replay", now.Total, now.Done, fmt.Sprintf("%d reopened, %d unfinished", now.Reopened, now.Unfinished))
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
func (p *replayProgress) end() { p.bar.end() }
