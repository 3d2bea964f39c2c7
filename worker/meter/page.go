package meter

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Page is a Meter that Prometheus scrapes. It is safe for concurrent use.
type Page struct {
	*Meter
	registry *prometheus.Registry
	counted  vectors
	seen     *seen
}

// vectors are the metrics that are counted, by name.
type vectors struct {
	counters   map[string]*prometheus.CounterVec
	histograms map[string]*prometheus.HistogramVec
}

func (v vectors) add(name string, by float64, labels ...string) {
	v.counters[name].WithLabelValues(labels...).Add(by)
}

func (v vectors) observe(name string, value float64, labels ...string) {
	v.histograms[name].WithLabelValues(labels...).Observe(value)
}

// NewPage makes a page with a registry of its own; o may be nil.
func NewPage(o *Options) *Page {
	p := &Page{registry: prometheus.NewPedanticRegistry(),
		counted: vectors{map[string]*prometheus.CounterVec{}, map[string]*prometheus.HistogramVec{}}}
	p.Meter = newMeter(p.counted, 30*time.Second, o)
	p.seen = &seen{meter: p.Meter, about: map[string]*prometheus.Desc{}}
	for _, m := range Table() {
		p.register(m)
	}
	p.registry.MustRegister(p.seen)
	return p
}

func (p *Page) register(m Metric) {
	switch m.Kind {
	case Counter:
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help + "."}, m.Labels)
		if len(m.Labels) == 0 {
			c.WithLabelValues() // there from the start
		}
		p.counted.counters[m.Name] = c
		p.registry.MustRegister(c)
	case Histogram:
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.Name, Help: m.Help + ".", Buckets: m.Buckets}, m.Labels)
		p.counted.histograms[m.Name] = h
		p.registry.MustRegister(h)
	case Gauge:
		p.seen.about[m.Name] = prometheus.NewDesc(m.Name, m.Help+".", m.Labels, nil)
	}
}

// Handler answers with all metrics in Prometheus' text format.
func (p *Page) Handler() http.Handler {
	return promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

// seen reads the gauges whenever the page is asked for.
type seen struct {
	meter *Meter
	about map[string]*prometheus.Desc
}

// Describe is prometheus.Collector's.
func (s *seen) Describe(to chan<- *prometheus.Desc) {
	for _, d := range s.about {
		to <- d
	}
}

// Collect is prometheus.Collector's.
func (s *seen) Collect(to chan<- prometheus.Metric) {
	set := func(name string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(s.about[name], prometheus.GaugeValue, value, labels...)
	}
	s.meter.read(set)
	s.meter.build(set)
	o, _ := s.meter.look(context.Background())
	s.meter.tell(o, set)
}
