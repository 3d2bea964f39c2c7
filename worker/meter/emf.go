package meter

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// namespace is where CloudWatch keeps the metrics; the trigger's are there, too.
const namespace = "postconfirm"

// The limits of the format (embedded metric format specification). Dimension sets here never have more than three of the
// thirty dimensions allowed.
const (
	maxValues  = 100 // of one metric in one line
	maxMetrics = 100 // of one directive
)

// directive tells CloudWatch which members of a line are metrics, and by which others to keep them.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []reference
}

type reference struct {
	Name string
	Unit string
}

// line is one JSON object. All its directives share its members, so no name stands for two things in one line.
//
//	{ "_aws": { "Timestamp": 1767312000000, "CloudWatchMetrics": [
//	    { "Namespace": "postconfirm", "Dimensions": [["step","class","outcome"]],
//	      "Metrics": [{ "Name": "postconfirm_step_seconds", "Unit": "Seconds" }] }, … ] },
//	  "step": "company", "class": "read", "outcome": "done",    the dimensions' values
//	  "postconfirm_step_seconds": [0.12, 0.34],                 a number, or up to 100 of them
//	  … }
type line struct {
	members    map[string]any
	directives []directive
}

// entry is one metric as a line has it.
type entry struct {
	metric Metric
	labels []string
	value  any
}

// pack puts everything into as few lines as it can without trying hard: each entry goes into the first line that has
// room for it.
func pack(now time.Time, counts map[series]float64, values map[series][]float64) [][]byte {
	var lines []*line
	for _, e := range entries(counts, values) {
		i := slices.IndexFunc(lines, func(l *line) bool { return l.fits(e) })
		if i < 0 {
			lines = append(lines, &line{members: map[string]any{}})
			i = len(lines) - 1
		}
		lines[i].put(e)
	}
	out := make([][]byte, len(lines))
	for i, l := range lines {
		out[i] = l.encode(now)
	}
	return out
}

// entries are all series in a fixed order, long ones in pieces.
func entries(counts map[series]float64, values map[series][]float64) (all []entry) {
	for _, m := range Table() {
		for _, s := range sorted(counts, m.Name) {
			all = append(all, entry{m, split(s), counts[s]})
		}
		for _, s := range sorted(values, m.Name) {
			for piece := range slices.Chunk(values[s], maxValues) {
				all = append(all, entry{m, split(s), piece})
			}
		}
	}
	return all
}

func sorted[V any](of map[series]V, name string) []series {
	all := slices.DeleteFunc(slices.Collect(maps.Keys(of)), func(s series) bool { return s.name != name })
	slices.SortFunc(all, func(a, b series) int { return cmp.Compare(a.labels, b.labels) })
	return all
}

func split(s series) []string {
	if s.labels == "" {
		return nil
	}
	return strings.Split(s.labels, "\x00")
}

func (l *line) fits(e entry) bool {
	if _, taken := l.members[e.metric.Name]; taken {
		return false
	}
	for i, name := range e.metric.Labels {
		if v, taken := l.members[name]; taken && v != e.labels[i] {
			return false
		}
	}
	d := l.directive(e.metric.Labels)
	return d < 0 || len(l.directives[d].Metrics) < maxMetrics
}

// directive finds the one with these dimensions; -1 is none.
func (l *line) directive(labels []string) int {
	return slices.IndexFunc(l.directives, func(d directive) bool { return slices.Equal(d.Dimensions[0], labels) })
}

func (l *line) put(e entry) {
	l.members[e.metric.Name] = e.value
	for i, name := range e.metric.Labels {
		l.members[name] = e.labels[i]
	}
	d := l.directive(e.metric.Labels)
	if d < 0 {
		l.directives = append(l.directives, directive{Namespace: namespace, Dimensions: [][]string{append([]string{}, e.metric.Labels...)}})
		d = len(l.directives) - 1
	}
	l.directives[d].Metrics = append(l.directives[d].Metrics, reference{e.metric.Name, e.metric.Unit})
}

func (l *line) encode(now time.Time) []byte {
	l.members["_aws"] = map[string]any{"Timestamp": now.UnixMilli(), "CloudWatchMetrics": l.directives}
	out, _ := json.Marshal(l.members) // strings and finite numbers only: it can't fail
	return append(out, '\n')
}
