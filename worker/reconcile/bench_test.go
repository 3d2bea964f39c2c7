package reconcile_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/reconcile"
	"github.com/postconfirm/postconfirm/worker/sqlite"
)

// BenchmarkLookUp asks a file of 100,000 runs about a page of 60 users, as a walk does.
func BenchmarkLookUp(b *testing.B) {
	const users = 100_000
	l, err := sqlite.Open(filepath.Join(b.TempDir(), "ledger.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	const pool = "eu-west-1_Ab12cd34E"
	id := func(i int) worker.Identity {
		return worker.Identity{Pool: pool, Sub: fmt.Sprintf("6f9c4f9e-0a1b-4c2d-8e3f-%012d", i), Generation: "0", Source: "signup"}
	}
	var all sync.WaitGroup
	for part := range 100 {
		all.Go(func() {
			for i := part; i < users; i += 100 {
				if _, err := l.Claim(context.Background(), id(i), "w", time.Now(), time.Now()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	n := 0
	for b.Loop() {
		for range 60 {
			n = (n + 7919) % users
			if _, ok, err := reconcile.Runs(l).Find(context.Background(), id(n)); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/60, "µs/user")
}
