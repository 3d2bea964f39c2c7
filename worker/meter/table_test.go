package meter_test

import (
	"strings"
	"testing"

	"github.com/postconfirm/postconfirm/worker/meter"
)

func TestTheDocsAreMadeFromTheTable(t *testing.T) { golden(t, "METRICS.md", meter.Markdown()) }

func TestEveryRowOfTheTableIsComplete(t *testing.T) {
	explained := map[string]bool{}
	for _, l := range meter.Labels() {
		explained[l.Name] = true
	}
	seen, used := map[string]bool{}, map[string]bool{}
	for _, m := range meter.Table() {
		if seen[m.Name] || !strings.HasPrefix(m.Name, "postconfirm_") || m.Help == "" || m.Unit == "" || strings.HasSuffix(m.Help, ".") {
			t.Errorf("%+v", m)
		}
		seen[m.Name] = true
		if (m.Kind == meter.Histogram) != (len(m.Buckets) > 0) || (m.Kind == meter.Counter) != strings.HasSuffix(m.Name, "_total") {
			t.Errorf("%s: name, kind and buckets do not fit", m.Name)
		}
		// OpenMetrics knows a counter by its name without the end: no gauge may have it.
		if m.Kind != meter.Counter && seen[m.Name+"_total"] {
			t.Errorf("%s is also the family of a counter", m.Name)
		}
		for _, l := range m.Labels {
			used[l] = true
			if !explained[l] {
				t.Errorf("%s: nobody says what %s can be", m.Name, l)
			}
		}
	}
	for l := range explained {
		if !used[l] {
			t.Errorf("no metric has the label %s", l)
		}
	}
}
