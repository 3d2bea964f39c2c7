package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// job is what the worker asks of the ledger for one user: a claim and three saves, the last of which ends the run. The
// run has two steps with answers of some 300 bytes each.
func job(b *testing.B, l *sqlite.Ledger, i int) error {
	r, err := claim(b.Context(), l, i)
	if err != nil {
		return err
	}
	answer := `{"body":{"name":"` + strings.Repeat("Company ", 35) + `"}}`
	r.Steps, r.Domain = map[string]worker.StepRecord{}, []string{"0a1b2c3d", "99887766", "c0ffee00"}[i%3]
	for _, step := range []string{"company", "crm"} {
		r.Steps[step] = worker.StepRecord{State: worker.StepDone, Outcome: worker.OutcomeFound, Output: []byte(answer), At: start()}
		if err := l.Save(b.Context(), r); err != nil {
			return err
		}
	}
	r.State, r.Owner, r.Updated = worker.Done, "", start().Add(time.Second)
	r.Written = map[string]worker.Wrote{"custom:company": {Digest: "1f0e3dad99908345f7439f8ffabdffc4", Observed: start()},
		"custom:crm_id": {Digest: "9f86d081884c7d659a2feaa0c55ad015", Observed: start()}}
	return l.Save(b.Context(), r)
}

func BenchmarkJob(b *testing.B) {
	b.Run("serial", func(b *testing.B) {
		l := open(b, filepath.Join(b.TempDir(), "ledger.db"), nil)
		for i := 0; b.Loop(); i++ {
			if err := job(b, l, i); err != nil {
				b.Fatal(err)
			}
		}
		report(b, l)
	})
	b.Run("64 at once", func(b *testing.B) {
		l := open(b, filepath.Join(b.TempDir(), "ledger.db"), nil)
		jobs(b, l, b.N, 0)
		report(b, l)
	})
	b.Run("64 at once in a ledger of 100,000", func(b *testing.B) {
		l := open(b, filepath.Join(b.TempDir(), "ledger.db"), nil)
		jobs(b, l, 100_000, 0)
		b.ResetTimer()
		jobs(b, l, b.N, 100_000)
		report(b, l)
	})
}

// jobs does n jobs, 64 at the same time.
func jobs(b *testing.B, l *sqlite.Ledger, n, from int) {
	var next atomic.Int64
	err := crowd(64, func(int) error {
		for {
			i := int(next.Add(1))
			if i > n {
				return nil
			}
			if err := job(b, l, from+i); err != nil {
				return err
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}

// report adds jobs per second, requests per commit, and what a run takes on the disk.
func report(b *testing.B, l *sqlite.Ledger) {
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	s := l.Stats()
	b.ReportMetric(float64(s.Requests)/float64(s.Commits), "requests/commit")
	path := l.Path()
	shut(b, l)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(s.Requests/4), "bytes/run")
}
