package sqlite_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// population says what a large ledger looks like.
type population struct {
	runs     int
	troubled func(i int) bool
	parked   bool // all that are troubled, for thirty causes
	r        *rand.Rand
}

// usual is a ledger in which six of a hundred runs are in trouble, worst one in which all are parked.
func usual(runs int) *population {
	return &population{runs: runs, troubled: func(i int) bool { return i%50 < 3 }, r: rand.New(rand.NewPCG(1, 2))}
}

func worst(runs int) *population {
	return &population{runs: runs, troubled: func(int) bool { return true }, parked: true, r: rand.New(rand.NewPCG(1, 2))}
}

// fill puts the population into a new ledger: first seen over thirty days, with an answer of 300 bytes each.
func (p *population) fill(t testing.TB) *sqlite.Ledger {
	t.Helper()
	return p.fillAt(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func (p *population) fillAt(t testing.TB, path string) *sqlite.Ledger {
	t.Helper()
	l := open(t, path, nil)
	for from := 0; from < p.runs; from += 5000 {
		var runs []worker.Run
		for i := from; i < min(from+5000, p.runs); i++ {
			runs = append(runs, p.run(i))
		}
		if err := sqlite.Fill(l, runs); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

var answer = []byte(`{"body":{"name":"` + strings.Repeat("Company ", 35) + `"}}`)

func (p *population) run(i int) worker.Run {
	of := func(n int) int { return p.r.IntN(n) }
	id := person(i)
	id.Pool = []string{"eu-west-1_Ab12cd34E", "eu-west-1_Ab12cd34E", "us-east-1_Rare00000"}[min(2, max(1, 1002-of(1001))-1)%3]
	id.Source = []string{"signup", "reconcile", "backfill"}[max(0, of(50)-47)]
	id.Client = fmt.Sprintf("client-%019d", []int{0, 0, 0, 1, 1, 2, 3 + of(200)/199}[of(7)])
	if of(40) == 0 {
		id.Generation = "backfill-1"
	}
	r := worker.Run{Identity: id, Key: id.Key(), State: worker.Done, Fence: 4, FirstSeen: start().Add(time.Duration(float64(i) / float64(p.runs) * float64(30*24*time.Hour)))}
	r.Domain = fmt.Sprintf("%08x", []int{0, 0, 0, 1, 1, 2 + of(20), 100 + of(5000)}[of(7)])
	r.Updated, r.Pipeline = r.FirstSeen.Add(time.Duration(of(3600))*time.Second), "9f86d081884c7d65"
	r.Steps = map[string]worker.StepRecord{"company": {State: worker.StepDone, Outcome: worker.OutcomeFound, Output: answer, At: r.Updated}}
	switch {
	case p.troubled(i):
		p.trouble(&r, of(30), of(6))
	case i%100 == 99:
		r.State = []worker.RunState{worker.Gone, worker.Replaced}[of(2)]
	}
	return r
}

func (p *population) trouble(r *worker.Run, cause, kind int) {
	step, code := []string{"crm", "mail", "company"}[cause%3], fmt.Sprint("http_", 400+cause)
	switch {
	case p.parked || kind < 4:
		r.State, r.Reason = worker.Parked, code
		r.Steps[step] = worker.StepRecord{State: worker.StepFailed, Code: code, Kind: "permanent", Attempts: 1 + cause%8}
	case kind == 4:
		r.State = worker.Open
		r.Steps[step] = worker.StepRecord{Code: code, Kind: "temporary", Attempts: 1 + cause%8}
	default:
		r.Steps[step] = worker.StepRecord{State: worker.StepUnknown, Code: "interrupted"}
	}
}

// asked are the filters by which operators look, with the names of what they look for.
func asked() map[string]worker.Filter {
	day := 24 * time.Hour
	return map[string]worker.Filter{
		"all": {}, "open": {State: worker.Open}, "done": {State: worker.Done}, "parked": {State: worker.Parked}, "gone": {State: worker.Gone},
		"troubled": {Troubled: true}, "done and troubled": {State: worker.Done, Troubled: true},
		"by step": {Cause: worker.Cause{Step: "crm"}}, "by class": {Cause: worker.Cause{Class: "permanent"}}, "by code": {Cause: worker.Cause{Code: "http_407"}},
		"by cause and state": {State: worker.Parked, Cause: worker.Cause{Step: "mail", Class: "permanent", Code: "http_407"}},
		"by pool":            {Pool: "eu-west-1_Ab12cd34E"}, "by a rare pool": {Pool: "us-east-1_Rare00000"},
		"by source": {Source: "signup"}, "by a rare source": {Source: "backfill"}, "by generation": {Generation: "0"}, "by a rare generation": {Generation: "backfill-1"},
		"by client": {Client: fmt.Sprintf("client-%019d", 0)}, "by a rare client": {Client: fmt.Sprintf("client-%019d", 4)}, "by a client that is none": {Client: "x"},
		"by domain": {Domain: "00000000"}, "by a rare domain": {Domain: "000000c8"}, "by a domain of some": {Domain: "00000005"},
		"since two hours": {Since: start().Add(30*day - 2*time.Hour)}, "since two days": {Since: start().Add(28 * day)}, "a day of three weeks ago": {Since: start().Add(9 * day), Until: start().Add(10 * day)},
		"parked since a day":   {State: worker.Parked, Since: start().Add(29 * day)},
		"troubled by domain":   {Troubled: true, Domain: "000000c8"},
		"a client since a day": {Client: fmt.Sprintf("client-%019d", 2), Since: start().Add(29 * day)},
		"parked of a client":   {State: worker.Parked, Client: fmt.Sprintf("client-%019d", 4)},
	}
}

// trendOf is one of those that consoles ask for: it ends at some second.
var trendOf = worker.Trend{End: start().Add(30*24*time.Hour - 12345*time.Millisecond), Each: time.Hour, Parts: 24}

// BenchmarkAMillionRuns measures what operators wait for: the first page of a hundred, a page from the middle, and the
// groups. "max-ms" is the slowest of all calls.
func BenchmarkAMillionRuns(b *testing.B) {
	for name, p := range map[string]*population{"60,000 in trouble": usual(1_000_000), "all parked for 30 causes": worst(1_000_000)} {
		l := p.fill(b)
		filters := asked()
		for _, of := range slices.Sorted(maps.Keys(filters)) {
			f := filters[of]
			b.Run(name+"/list "+of, func(b *testing.B) {
				slowest(b, func() error { _, err := l.List(b.Context(), f); return err })
			})
			b.Run(name+"/list from the middle "+of, func(b *testing.B) {
				f.After = "g"
				slowest(b, func() error { _, err := l.List(b.Context(), f); return err })
			})
		}
		for of, f := range map[string]worker.Filter{"all": {}, "parked": {State: worker.Parked}, "of a pool": {Pool: "eu-west-1_Ab12cd34E"}, "of a rare domain": {Domain: "000000c8"}} {
			b.Run(name+"/groups "+of, func(b *testing.B) {
				slowest(b, func() error { _, err := l.Groups(b.Context(), f, trendOf); return err })
			})
		}
		shut(b, l)
	}
}

// slowest reports the slowest call, and by how much the heap grows while pages are read.
func slowest(b *testing.B, call func() error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		most = max(most, time.Since(begin))
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(most.Microseconds())/1000, "max-ms")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1e6, "MB/op")
	b.ReportMetric(float64(int64(after.HeapSys)-int64(before.HeapSys))/1e6, "MB-grown")
}
