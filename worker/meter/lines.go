package meter

import (
	"context"
	"io"
	"maps"
	"strings"
	"sync"
	"time"
)

// Lines are a Meter that writes what it counted as CloudWatch's embedded metric format (Amazon CloudWatch User Guide,
// embedded metric format specification). It is safe for concurrent use.
type Lines struct {
	*Meter
	to   io.Writer
	sums *sums
	turn sync.Mutex // one writes at a time
}

// series is one metric with one set of label values.
type series struct {
	name   string
	labels string // joined by NUL, which no label has
}

// sums are what was counted since the last Flush.
type sums struct {
	mu     sync.Mutex
	counts map[series]float64
	values map[series][]float64
}

func (s *sums) add(name string, by float64, labels ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[series{name, strings.Join(labels, "\x00")}] += by
}

func (s *sums) observe(name string, value float64, labels ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := series{name, strings.Join(labels, "\x00")}
	s.values[key] = append(s.values[key], value)
}

// take gives what was counted, and begins anew.
func (s *sums) take() (counts map[series]float64, values map[series][]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts, values = maps.Clone(s.counts), maps.Clone(s.values)
	clear(s.counts)
	clear(s.values)
	return counts, values
}

// NewLines makes a meter that writes its lines to w; o may be nil.
func NewLines(w io.Writer, o *Options) *Lines {
	s := &sums{counts: map[series]float64{}, values: map[series][]float64{}}
	return &Lines{Meter: newMeter(s, time.Minute, o), to: w, sums: s}
}

// enough is how long before the deadline of an invocation the ledger is still asked for its overview.
const enough = overviewTimeout + time.Second

// Flush writes what was counted since the last Flush, and the gauges with it; if nothing was counted, it writes nothing.
// Metrics that can share a line do: each line is one Write of one JSON object. The ledger is asked for its overview when
// the last one is old and four seconds are left until ctx's deadline. The error is the writer's, and what was counted
// is lost then.
func (l *Lines) Flush(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.sums.mu.Lock()
	idle := len(l.sums.counts)+len(l.sums.values) == 0
	l.sums.mu.Unlock()
	if idle {
		return nil
	}
	gauges := map[series]float64{}
	set := func(name string, value float64, labels ...string) {
		gauges[series{name, strings.Join(labels, "\x00")}] = value
	}
	l.read(set)
	if end, limited := ctx.Deadline(); !limited || time.Until(end) >= enough {
		if o, fresh := l.look(ctx); fresh {
			l.tell(o, set)
		}
	}
	counts, values := l.sums.take()
	maps.Copy(counts, gauges)
	for _, line := range pack(l.options.Now(), counts, values) {
		if _, err := l.to.Write(line); err != nil {
			return err
		}
	}
	return nil
}
