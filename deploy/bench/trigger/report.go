package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// spread is the median of some values, with the least and the greatest.
type spread struct{ median, least, most float64 }

func of[M any](all []M, value func(M) float64) (s spread) {
	values := make([]float64, len(all))
	for i, m := range all {
		values[i] = value(m)
	}
	if slices.Sort(values); len(values) > 0 {
		s = spread{values[len(values)/2], values[0], values[len(values)-1]}
	}
	return s
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// The columns, as spreads.
func (r *results) begin() spread {
	return of(r.cold, func(m start) float64 { return milliseconds(m.init) })
}

func (r *results) first() spread {
	return of(r.cold, func(m start) float64 { return milliseconds(m.first) })
}

func (r *results) total() spread {
	return of(r.cold, func(m start) float64 { return milliseconds(m.init + m.first) })
}

func (r *results) slowTotal() spread {
	return of(r.slow, func(m start) float64 { return milliseconds(m.init + m.first) })
}

func (r *results) rss() spread {
	return of(r.cold, func(m start) float64 { return float64(m.rss) / (1 << 20) })
}

func (r *results) p50() spread {
	return of(r.warm, func(m warmth) float64 { return milliseconds(m.p50) })
}

func (r *results) p99() spread {
	return of(r.warm, func(m warmth) float64 { return milliseconds(m.p99) })
}

func (r *results) cpu() spread {
	return of(r.warm, func(m warmth) float64 { return float64(m.cpu.Microseconds()) })
}

func (r *results) connections() spread {
	return of(r.warm, func(m warmth) float64 { return float64(m.connections) })
}

// title is the name, and the version where it says something.
func (r *results) title() string {
	if r.subject.version == "" {
		return r.subject.name
	}
	return r.subject.name + " (" + r.subject.version + ")"
}

// report prints the tables, and writes the files that were asked for.
func report(out io.Writer, p plan, all []*results) error {
	var text bytes.Buffer
	tables(&text, p, all)
	if _, err := out.Write(text.Bytes()); err != nil {
		return err
	}
	if p.Markdown != "" {
		if err := os.WriteFile(p.Markdown, text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if p.SVG == "" {
		return nil
	}
	var drawing bytes.Buffer
	if err := chart(&drawing, p, all); err != nil {
		return fmt.Errorf("draw the chart: %w", err)
	}
	return os.WriteFile(p.SVG, drawing.Bytes(), 0o644)
}

func tables(out io.Writer, p plan, all []*results) {
	fmt.Fprintf(out, "%d cold starts each, medians [least–most] in ms; %d warm invocations in each of %d processes; %d cores shared with SQS and the Runtime API, %s %s/%s\n\n",
		p.Starts, p.Invokes, p.Rounds, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(out, "%s\n\n", leaf(p.RSA))
	fmt.Fprintf(out, "| | init | first event | both | both, CPU cut to %d %% | warm p50 / p99 | CPU µs per event | connections | RSS MiB |\n|---|---|---|---|---|---|---|---|---|\n", p.Share)
	for _, r := range all {
		fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %.2f / %.2f | %.0f | %.0f | %.1f |\n", r.title(), r.begin(), r.first(), r.total(), r.slowTotal(),
			r.p50().median, r.p99().median, r.cpu().median, r.connections().median, r.rss().median)
	}
	fmt.Fprintf(out, "\n| goal | wanted | measured | |\n|---|---|---|---|\n")
	for _, g := range goals() {
		g.line(out, all)
	}
}

// leaf says what signs the stub's handshakes, because the ratios depend on it.
func leaf(isRSA bool) string {
	if isRSA {
		return "The stub's certificate has an RSA key, as AWS's: signing with it takes about 0.7 ms of the cores that the subjects run on, in every start that sends."
	}
	return "The stub's certificate has an ECDSA key, its chain RSA keys: an RSA key would take about 0.7 ms of the subjects' cores in every start that sends, where AWS's machines do it (-rsa shows it)."
}

func (s spread) String() string {
	if s == (spread{}) {
		return "–"
	}
	return fmt.Sprintf("%.1f [%.1f–%.1f]", s.median, s.least, s.most)
}

// goal is a ratio of two figures that is wanted to be at most, or at least, so much.
type goal struct {
	text        string
	a, b        string // subjects
	of, against func(*results) spread
	most, least float64
}

func goals() []goal {
	return []goal{
		{"init and first event / Go that does nothing", subjectOurs, subjectNoop, (*results).total, (*results).total, 2.9, 0},
		{"init and first event / the common way", subjectOurs, subjectCommon, (*results).total, (*results).total, 0.6, 0},
		{"the same with the CPU cut / the common way", subjectOurs, subjectCommon, (*results).slowTotal, (*results).slowTotal, 0.15, 0},
		{"Node.js / ours", subjectNode, subjectOurs, (*results).total, (*results).total, 0, 25},
		{"Python / ours", subjectPython, subjectOurs, (*results).total, (*results).total, 0, 40},
		{"warm p99 / p50", subjectOurs, subjectOurs, (*results).p99, (*results).p50, 2, 0},
		{"CPU per event / a bare loop", subjectOurs, subjectLoop, (*results).cpu, (*results).cpu, 2, 0},
		{"RSS after the first event / Go that does nothing", subjectOurs, subjectNoop, (*results).rss, (*results).rss, 1.5, 0},
	}
}

// line writes one goal: the ratio of the medians, and of the least values, which other work on the machine disturbs less.
func (g goal) line(out io.Writer, all []*results) {
	find := func(name string) *results {
		i := slices.IndexFunc(all, func(r *results) bool { return r.subject.name == name })
		if i < 0 {
			return &results{}
		}
		return all[i]
	}
	a, b := g.of(find(g.a)), g.against(find(g.b))
	if a == (spread{}) || b == (spread{}) {
		fmt.Fprintf(out, "| %s | %s | – | not measured |\n", g.text, g.wanted())
		return
	}
	ratio, verdict := a.median/cmp.Or(b.median, 1), "reached"
	if g.most > 0 && ratio > g.most || g.least > 0 && ratio < g.least {
		verdict = "MISSED"
	}
	fmt.Fprintf(out, "| %s | %s | %.2f (of the least: %.2f) | %s |\n", g.text, g.wanted(), ratio, a.least/cmp.Or(b.least, 1), verdict)
}

func (g goal) wanted() string {
	if g.most > 0 {
		return strings.TrimSuffix(fmt.Sprintf("≤ %.2f", g.most), "0")
	}
	return fmt.Sprintf("≥ %.0f", g.least)
}
