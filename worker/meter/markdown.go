package meter

import (
	"fmt"
	"strings"
)

// Markdown is METRICS.md: the table for people.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Metrics

The daemon shows them to Prometheus on the listener that ` + "`--metrics`" + ` names; the Lambda function writes them to its log, where CloudWatch
finds them (namespace ` + "`postconfirm`" + `, labels are dimensions). A *daemon* metric has no meaning in a function. This page is made from
the code: ` + "`go test ./worker/meter -update`" + `.

| metric | kind | unit | labels | what it says |
|---|---|---|---|---|
`)
	for _, m := range Table() {
		labels := make([]string, len(m.Labels))
		for i, l := range m.Labels {
			labels[i] = "`" + l + "`"
		}
		where := ""
		if m.Daemon {
			where = " *Daemon.*"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s.%s |\n", m.Name, m.Kind, m.Unit, strings.Join(labels, " "), m.Help, where)
	}
	b.WriteString("\n| label | its values |\n|---|---|\n")
	for _, l := range Labels() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", l.Name, l.Values)
	}
	b.WriteString(`
A user adds no series: nobody's id, address or name is ever a label. Every process counts for itself: sum counters over processes; take the
maximum of ` + "`" + oldestUnfinished + "` and `" + ledgerRuns + "`" + `, which all processes read from the same ledger (a daemon at most every 30 s, a function at
most every 60 s; a file that no other process reads is one ledger for each daemon). A gauge that can't be read is absent, not old.
`)
	return b.String()
}
