package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// tick is the unit of used.
const tick = 10 * time.Millisecond

// start is one cold start.
type start struct {
	init, first time.Duration
	rss         int64 // after the first invocation
}

// warmth is one process that is kept warm.
type warmth struct {
	p50, p99    time.Duration
	cpu         time.Duration // of one invocation
	connections int64
}

// results are all measurements of one subject.
type results struct {
	subject subject
	cold    []start
	slow    []start // with the CPU cut
	warm    []warmth
}

// bench makes the subjects, measures them in turns, and prints the tables.
func bench(ctx context.Context, p plan, out, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "postconfirm-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ca, err := newAuthority(p.RSA)
	if err != nil {
		return err
	}
	s, err := startStub(ca)
	if err != nil {
		return err
	}
	defer s.close()
	w := workshop{dir, ca, s}
	subjects, err := w.subjects(ctx, p, stderr)
	if err != nil {
		return err
	}
	all := make([]*results, len(subjects))
	for i := range subjects {
		all[i] = &results{subject: subjects[i]}
	}
	if err := w.measure(ctx, p, all, stderr); err != nil {
		return err
	}
	return report(out, p, all)
}

// measure goes through the rounds. Nobody is always the first.
func (w workshop) measure(ctx context.Context, p plan, all []*results, stderr io.Writer) error {
	slow := p.Share > 0
	if c, err := newCut(p.Share); slow && err != nil {
		fmt.Fprintf(stderr, "bench: NOT RUN: starts with the CPU cut: %v\n", err)
		slow = false
	} else if err == nil {
		_ = c.remove() // it was to see that it works
	}
	for round := range p.Starts {
		for i := range all {
			r := all[(i+round)%len(all)]
			if err := w.coldStart(ctx, p, r, round, slow); err != nil {
				return fmt.Errorf("%s: %w", r.subject.name, err)
			}
		}
		fmt.Fprintf(stderr, "\rcold start %d of %d", round+1, p.Starts)
	}
	fmt.Fprintln(stderr)
	for round := range p.Rounds {
		for i := range all {
			r := all[(i+round)%len(all)]
			m, err := w.keepWarm(ctx, p, r.subject)
			if err != nil {
				return fmt.Errorf("%s: %w", r.subject.name, err)
			}
			r.warm = append(r.warm, m)
			fmt.Fprintf(stderr, "warm, round %d  %-28s p50 %v\n", round+1, r.subject.name, m.p50.Round(time.Microsecond))
		}
	}
	return nil
}

// coldStart measures one start at full speed and, if asked, one with the CPU cut. They change places from round to round:
// the second finds its program in the caches.
func (w workshop) coldStart(ctx context.Context, p plan, r *results, round int, slow bool) error {
	steps := []func() error{func() error {
		m, err := w.once(ctx, r.subject, nil)
		r.cold = append(r.cold, m)
		return err
	}}
	if slow {
		steps = append(steps, func() error { return w.slowStart(ctx, p, r) })
	}
	for i := range steps {
		if err := steps[(i+round)%len(steps)](); err != nil {
			return err
		}
	}
	return nil
}

func (w workshop) slowStart(ctx context.Context, p plan, r *results) error {
	c, err := newCut(p.Share)
	if err != nil {
		return err
	}
	m, err := w.once(ctx, r.subject, c)
	r.slow = append(r.slow, m)
	return errors.Join(err, c.remove())
}

// once is one process: its init, its first event, its end. The CPU is cut when it asks for the event.
func (w workshop) once(ctx context.Context, s subject, c *cut) (m start, err error) {
	before := w.stub.messages.Load()
	p, err := w.start(ctx, s)
	if err != nil {
		return m, err
	}
	defer p.stop()
	if m.init, err = p.ready(); err != nil {
		return m, err
	}
	if c != nil {
		if err := c.take(p.cmd.Process.Pid); err != nil {
			return m, err
		}
	}
	if m.first, err = p.invoke(0); err != nil {
		return m, err
	}
	m.rss = memory(p.cmd.Process.Pid)
	return m, w.arrived(s, before, 1)
}

// arrived checks that the events are on the queue.
func (w workshop) arrived(s subject, before int64, want int) error {
	if got := int(w.stub.messages.Load() - before); s.sends && got != want || !s.sends && got != 0 {
		return fmt.Errorf("%d messages for %d events", got, want)
	}
	return nil
}

// keepWarm measures one process over many invocations, after a few that don't count.
func (w workshop) keepWarm(ctx context.Context, p plan, s subject) (m warmth, err error) {
	const few = 20
	messages, connections := w.stub.messages.Load(), w.stub.connections.Load()
	pr, err := w.start(ctx, s)
	if err != nil {
		return m, err
	}
	defer pr.stop()
	if _, err := pr.ready(); err != nil {
		return m, err
	}
	took := make([]time.Duration, 0, p.Invokes)
	var cpu int64
	for n := range few + p.Invokes {
		if n == few {
			cpu = used(pr.cmd.Process.Pid)
		}
		d, err := pr.invoke(n)
		if err != nil {
			return m, fmt.Errorf("invocation %d: %w", n, err)
		}
		if n >= few {
			took = append(took, d)
		}
	}
	m.cpu = time.Duration(used(pr.cmd.Process.Pid)-cpu) * tick / time.Duration(p.Invokes)
	slices.Sort(took)
	m.p50, m.p99 = took[len(took)/2], took[len(took)*99/100]
	m.connections = w.stub.connections.Load() - connections
	return m, w.arrived(s, messages, few+p.Invokes)
}
