package meter

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/postconfirm/postconfirm/worker"
)

// Overviewer is a ledger that knows about all its runs at once.
type Overviewer interface {
	// Overview counts the runs by state and finds the oldest open one.
	Overview(ctx context.Context) (worker.Overview, error)
}

// Gauges are where the numbers come from that are read, not counted. What is nil is left out.
type Gauges struct {
	Ledger       Overviewer                      // the oldest unfinished run, and the runs by state
	WriteRate    func() float64                  // of the write budget, per second
	Dependencies func() []worker.DependencyState // of the breakers
	InFlight     func() int                      // messages worked on
	Hidden       func() int                      // messages hidden
	Pipeline     string                          // hash of the pipeline file; "" leaves the build out
}

// Watch says where gauges are read. Call it before anybody looks; it is not safe for concurrent use.
func (m *Meter) Watch(g Gauges) { m.gauges = g }

// overview is what the ledger said last.
type overview struct {
	worker.Overview
	at time.Time // when it was asked; zero if never
	ok bool      // it answered
}

// overviewTimeout bounds one look at the whole ledger: who scrapes does not wait long.
const overviewTimeout = 3 * time.Second

// look asks the ledger for its overview, if the last answer is too old. fresh tells that it was asked now.
func (m *Meter) look(ctx context.Context) (o overview, fresh bool) {
	m.reading.Lock()
	defer m.reading.Unlock()
	now := m.options.Now()
	if m.gauges.Ledger == nil || !m.overview.at.IsZero() && now.Sub(m.overview.at) < m.options.Every {
		return m.overview, false
	}
	ctx, cancel := context.WithTimeout(ctx, overviewTimeout)
	defer cancel()
	all, err := m.gauges.Ledger.Overview(ctx)
	m.took("overview", now, err)
	if err != nil {
		m.options.Log.Warn("meter: overview of the ledger", "error", err.Error())
	}
	m.overview = overview{Overview: all, at: now, ok: err == nil}
	return m.overview, true
}

// read gives every gauge that can be read now without asking anybody outside.
func (m *Meter) read(set func(name string, value float64, labels ...string)) {
	if m.gauges.WriteRate != nil {
		set(writeBudget, m.gauges.WriteRate())
	}
	if m.gauges.Dependencies != nil {
		open := map[string]bool{} // two names that no face can show are one label
		for _, d := range m.gauges.Dependencies() {
			open[text(d.Name)] = open[text(d.Name)] || d.Open
		}
		for name, is := range open {
			set(breakerOpen, one(is), name)
		}
	}
	if m.gauges.InFlight != nil {
		set(inFlight, float64(m.gauges.InFlight()))
	}
	if m.gauges.Hidden != nil {
		set(hiddenMessages, float64(m.gauges.Hidden()))
	}
}

// tell gives the gauges of an overview. Only states that are known are told: the ledger may name what it likes. Open and
// parked are told even if there is none, for alarms that wait for 0.
func (m *Meter) tell(o overview, set func(name string, value float64, labels ...string)) {
	if !o.ok {
		return
	}
	age := 0.0
	if !o.Oldest.IsZero() {
		age = max(0, m.options.Now().Sub(o.Oldest).Seconds())
	}
	set(oldestUnfinished, age)
	for _, s := range []worker.RunState{worker.Open, worker.Parked, worker.Done, worker.Gone, worker.Replaced} {
		if n, counted := o.States[s]; counted || s == worker.Open || s == worker.Parked {
			set(ledgerRuns, float64(n), string(s))
		}
	}
}

// build gives what program this is.
func (m *Meter) build(set func(name string, value float64, labels ...string)) {
	if m.gauges.Pipeline == "" {
		return
	}
	version, compiler := other, other
	if b, ok := debug.ReadBuildInfo(); ok {
		version, compiler = text(b.Main.Version), text(b.GoVersion)
	}
	set(buildInfo, 1, version, compiler, text(m.gauges.Pipeline[:min(12, len(m.gauges.Pipeline))]))
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
