package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// perSecond is how many users were finished per second.
func (m measurement) perSecond(p plan) float64 { return float64(p.Users) / m.Cost.Elapsed.Seconds() }

// connections are those of the whole measurement, at both listeners.
func (m measurement) connections() float64 {
	return float64(m.Tally.CloudConnections + m.Tally.VendorConnections)
}

// columns are what the table shows of a measurement.
var columns = []struct {
	name   string
	format string
	value  func(plan, measurement) float64
}{
	{"users/s", "%.0f", func(p plan, m measurement) float64 { return m.perSecond(p) }},
	{"CPU µs/user", "%.0f", func(p plan, m measurement) float64 { return float64(m.Cost.CPU.Microseconds()) / float64(p.Users) }},
	{"allocs/user", "%.0f", func(p plan, m measurement) float64 { return float64(m.Cost.Mallocs) / float64(p.Users) }},
	{"kB/user", "%.1f", func(p plan, m measurement) float64 { return float64(m.Cost.Bytes) / 1000 / float64(p.Users) }},
	{"peak RSS MiB", "%.0f", func(_ plan, m measurement) float64 { return float64(m.Cost.PeakRSS) / (1 << 20) }},
	{"connections", "%.0f", func(_ plan, m measurement) float64 { return m.connections() }},
	{"to AWS", "%.0f", func(_ plan, m measurement) float64 { return float64(m.Tally.CloudConnections) }},
	{"to vendor", "%.0f", func(_ plan, m measurement) float64 { return float64(m.Tally.VendorConnections) }},
}

// median of one column over the rounds; of an even number of rounds, the higher of the two in the middle.
func median(p plan, all []measurement, value func(plan, measurement) float64) float64 {
	of := make([]float64, len(all))
	for i, m := range all {
		of[i] = value(p, m)
	}
	slices.Sort(of)
	return of[len(of)/2]
}

// printTable prints medians, what each promise costs, and the calls per user.
func printTable(out io.Writer, p plan, all map[string][]measurement) error {
	fmt.Fprintf(out, "%d users, %d in flight, vendor %v, %d rounds (medians), %d cores shared with the cloud, %s %s/%s\n\n",
		p.Users, p.InFlight, p.Latency, p.Rounds, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	fmt.Fprintf(t, "subject\t%s\tof the loop's users/s\tof its CPU\t\n", strings.Join(names, "\t"))
	for _, subject := range subjects() {
		fmt.Fprintf(t, "%s\t", subject)
		for _, c := range columns {
			fmt.Fprintf(t, c.format+"\t", median(p, all[subject], c.value))
		}
		for _, c := range columns[:2] {
			fmt.Fprintf(t, "%.2f\t", median(p, all[subject], c.value)/cmp.Or(median(p, all[subjectLoop], c.value), 1))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printCalls(out, p, all)
}

// printCalls prints the calls per user by operation, and what the ledger did.
func printCalls(out io.Writer, p plan, all map[string][]measurement) error {
	operations := map[string]bool{}
	for _, of := range all {
		for operation := range of[0].Tally.Calls {
			operations[operation] = true
		}
	}
	fmt.Fprintf(out, "\ncalls per user\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, operation := range slices.Sorted(maps.Keys(operations)) {
		fmt.Fprintf(t, "  %s\t", operation)
		for _, subject := range subjects() {
			fmt.Fprintf(t, "%.3f\t", median(p, all[subject], func(p plan, m measurement) float64 {
				return float64(m.Tally.Calls[operation]) / float64(p.Users)
			}))
		}
		fmt.Fprintln(t)
	}
	commits := func(p plan, m measurement) float64 { return float64(m.Cost.Commits) / float64(p.Users) }
	saves := func(p plan, m measurement) float64 { return float64(m.Cost.Saves) / float64(p.Users) }
	fmt.Fprintf(t, "  ledger writes in SQLite\t\t\t%.3f\t\n", median(p, all[subjectSQLite], saves))
	fmt.Fprintf(t, "  commits that they shared\t\t\t%.3f\t\n", median(p, all[subjectSQLite], commits))
	return t.Flush()
}
