package app

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/meter"
)

// off is the setting that turns the numbers off.
const off = "off"

// numbers is how a process can be seen: by a page that is scraped, by lines in a function's log, or not at all.
type numbers struct {
	*meter.Meter // nil without page and lines
	page         *meter.Page
	lines        *meter.Lines
	listener     net.Listener // for the page
	ready        ready
}

// checkMetrics looks at the setting without touching a port.
func (s *Settings) checkMetrics() error {
	if s.Metrics == "" || s.Metrics == off {
		return nil
	}
	if s.Lambda {
		if s.Metrics == "emf" {
			return nil
		}
		return fmt.Errorf("the metrics %q are not for a Lambda function, which has no listener: want emf (the default) or off", s.Metrics)
	}
	if _, _, err := net.SplitHostPort(s.Metrics); err != nil {
		return fmt.Errorf("--metrics %q: want HOST:PORT, as in 127.0.0.1:9464", s.Metrics)
	}
	return nil
}

// open makes the face that the settings want. A port that can't be had is wrong use.
func (n *numbers) open(s *Settings) (err error) {
	switch {
	case s.Metrics == off, s.Metrics == "" && !s.Lambda:
		return nil
	case s.Lambda:
		if s.Out == nil {
			s.Out = os.Stdout
		}
		n.lines = meter.NewLines(s.Out, &meter.Options{Log: s.Log})
		n.Meter = n.lines.Meter
		return nil
	}
	if n.listener, err = net.Listen("tcp", s.Metrics); err != nil {
		return &Usage{fmt.Errorf("--metrics %s: %w", s.Metrics, err)}
	}
	n.page = meter.NewPage(&meter.Options{Log: s.Log})
	n.Meter = n.page.Meter
	return nil
}

// around puts the meter where the worker's calls pass: before its ledger, before a daemon's queue, and among its
// observers.
func (n *numbers) around(p *worker.Ports, o *worker.Options) {
	if n.Meter == nil {
		return
	}
	p.Ledger = n.Ledger(p.Ledger)
	if n.page != nil {
		p.Queue = n.Queue(p.Queue)
	}
	if o.Observer == nil {
		o.Observer = n.Meter
		return
	}
	o.Observer = observers{n.Meter, o.Observer}
}

// watch says where the gauges are.
func (n *numbers) watch(a *App, w *worker.Worker) {
	if n.Meter == nil {
		return
	}
	g := meter.Gauges{WriteRate: w.WriteRate, Dependencies: w.Dependencies}
	g.Ledger, _ = a.Ledger.(meter.Overviewer)
	if a.daemon != nil {
		g.InFlight, g.Hidden, g.Pipeline = a.daemon.InFlight, a.daemon.Hidden, a.Pipeline.Hash
		n.ready.ledger, n.ready.received, n.ready.full = a.store.err, n.Received, a.daemon.Full
	}
	n.Watch(g)
}

// close gives the port back.
func (n *numbers) close() error {
	if n.listener == nil {
		return nil
	}
	if err := n.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// observers are several in the place of one.
type observers []worker.Observer

// Stepped tells everyone.
func (all observers) Stepped(n worker.StepNote) {
	for _, o := range all {
		o.Stepped(n)
	}
}

// Finished tells everyone.
func (all observers) Finished(v worker.Verdict) {
	for _, o := range all {
		o.Finished(v)
	}
}
