// Package meter is the numbers to see a worker by: one table of metrics, and two faces that show them. [Page] is
// scraped by Prometheus; [Lines] are CloudWatch's embedded metric format, written by a Lambda function. Both have the
// same names and the same labels, made from [Table]; METRICS.md is made from it, too.
//
// A [Meter] listens to the worker as its observer, and stands around its ledger and its queue; the rest are gauges,
// read when somebody looks.
//
// It promises: every label has a bounded set of values, so that no user and no vendor can make the number of series
// grow; a gauge that can't be read now is left out, never shown as it was; counting holds nobody up and never fails.
//
// It refuses to let a value through that could be a person's: no sub, no run key, no address, no URL is ever a label.
// It opens no listener: who may look is decided elsewhere.
package meter

import (
	"log/slog"
	"sync"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
)

// Options are the settings of both faces; the zero value of each is its default.
type Options struct {
	Every time.Duration    // how old the overview of the ledger may get before it is read again; 30s of a Page, 60s of Lines
	Log   *slog.Logger     // told when the ledger gives no overview; slog.Default()
	Now   func() time.Time // time.Now
}

// sink is where a face counts.
type sink interface {
	add(name string, by float64, labels ...string)
	observe(name string, value float64, labels ...string)
}

// Meter counts what it is told. It is a worker.Observer, and safe for concurrent use.
type Meter struct {
	sink
	options Options
	reasons words
	gauges  Gauges

	reading  sync.Mutex // one reads the ledger's overview, others wait
	overview overview

	mu       sync.Mutex
	received time.Time
}

var _ worker.Observer = (*Meter)(nil)

func newMeter(s sink, every time.Duration, o *Options) *Meter {
	m := &Meter{sink: s}
	if o != nil {
		m.options = *o
	}
	if m.options.Every == 0 {
		m.options.Every = every
	}
	if m.options.Log == nil {
		m.options.Log = slog.Default()
	}
	if m.options.Now == nil {
		m.options.Now = time.Now
	}
	return m
}

// Stepped counts what became of a step in one delivery.
func (m *Meter) Stepped(n worker.StepNote) {
	step := text(n.Step)
	m.observe(stepSeconds, n.Took.Seconds(), step, n.Class.String(), outcome(n))
	if n.Tries > 0 {
		m.add(triesTotal, float64(n.Tries), step)
	}
	if n.Charged {
		m.add(attemptsTotal, 1, step)
	}
	if putOff(n) {
		m.add(throttlesTotal, 1, text(n.Dependency))
	}
}

// Finished counts a verdict.
func (m *Meter) Finished(v worker.Verdict) {
	m.add(deliveriesTotal, 1, v.Outcome.String(), m.reasons.word(v.Reason))
	switch v.Outcome {
	case worker.Completed, worker.Parking, worker.Vanished:
		m.add(runsTotal, 1, v.Outcome.String())
	}
}

// MailEvent counts an event of SES: its kind and what became of it, each one of the few words that package mailevents has.
func (m *Meter) MailEvent(kind, outcome string) { m.add(mailEventsTotal, 1, text(kind), text(outcome)) }

// outcome is what became of a step, in one of a few words; Labels has them all.
func outcome(n worker.StepNote) string {
	switch {
	case n.State == worker.StepDone && n.Kind == enrich.NotFound:
		return "not-found"
	case n.State == worker.StepDone && n.Code != "":
		return "default"
	case n.State == worker.StepDone && n.Tries == 0:
		return "unchanged"
	case n.State.Terminal():
		return string(n.State)
	case n.Tries == 0, n.Kind == enrich.Throttled && !n.Sent:
		return "held"
	case n.Kind == enrich.Throttled:
		return "throttled"
	}
	return "retry"
}

// putOff tells whether the other side, not ourselves, asked to wait. A write to a user who went meanwhile is put off by
// the worker: the next delivery looks again.
func putOff(n worker.StepNote) bool {
	return (n.Kind == enrich.Throttled || n.Kind == enrich.Denied) && n.Sent && n.Code != "user_gone"
}

// Reconciled counts what a scheduled reconciliation came to.
func (m *Meter) Reconciled(found, messages int) {
	m.add(reconciledTotal, float64(found), "found")
	m.add(reconciledTotal, float64(messages), "sent")
}
