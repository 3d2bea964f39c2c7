package main

import (
	"fmt"
	"io"
	"time"

	bar "github.com/jedib0t/go-pretty/v6/progress"

	"github.com/postconfirm/postconfirm/worker/reconcile"
)

// plainly is how often a line is written where there is no terminal.
const plainly = 10 * time.Second

// steadily tells how a walk goes: a bar on a terminal, a line every ten seconds elsewhere.
type steadily struct {
	out   io.Writer
	users int // that the walk will see, about; 0 if nobody knows
	now   func() time.Time
	last  time.Time

	bars    bar.Writer // nil without a terminal, and while there is nothing to show
	tracker *bar.Tracker
	ended   chan struct{}
}

func newSteadily(out io.Writer) *steadily {
	return &steadily{out: out, now: time.Now, last: time.Now()}
}

func (s *steadily) expect(users int) { s.users = users }

// walk is told of every page and every batch.
func (s *steadily) walk(k reconcile.Walk) {
	what, done, total := "reading the pool", k.Counts.Listed, max(s.users, k.Counts.Listed)
	if k.Phase == reconcile.Sending || k.Phase == reconcile.Sent {
		what, done, total = "sending", k.Messages+k.Settled, k.Counts.Found
	}
	if terminal(s.out) {
		s.show(what, done, total)
		return
	}
	if now := s.now(); now.Sub(s.last) >= plainly {
		s.last = now
		fmt.Fprintf(s.out, "%s: %d of %d users, %d found, %d sent\n", what, done, total, k.Counts.Found, k.Messages)
	}
}

func (s *steadily) show(what string, done, total int) {
	if s.tracker == nil || s.tracker.Message != what {
		s.pause()
		s.tracker = &bar.Tracker{Message: what, Units: bar.UnitsDefault}
		s.bars, s.ended = bar.NewWriter(), make(chan struct{})
		s.bars.SetOutputWriter(s.out)
		s.bars.SetUpdateFrequency(250 * time.Millisecond)
		s.bars.Style().Visibility.ETA = true
		s.bars.SetAutoStop(true) // at the end of its only tracker; a stop before it began to draw would be lost
		s.bars.AppendTracker(s.tracker)
		go func() { defer close(s.ended); s.bars.Render() }()
	}
	s.tracker.UpdateTotal(int64(total))
	s.tracker.SetValue(int64(done))
}

// pause takes the bar away, so that text can follow.
func (s *steadily) pause() {
	if s.tracker == nil {
		return
	}
	s.tracker.MarkAsDone()
	<-s.ended
	s.tracker, s.bars = nil, nil
}

func (s *steadily) stop() { s.pause() }
