package worker_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/enrich/event"
	"github.com/postconfirm/postconfirm/worker"
)

func TestSuspectsHaveTheirTurns(t *testing.T) {
	in(t, "runs with one crash left are worked on one at a time, and the others don't wait for them", func(t *testing.T, on face) {
		var now, most, fresh atomic.Int64
		var began time.Time
		v := &vendor{class: enrich.Read, run: func(_ context.Context, c enrich.Call, _ int) (enrich.Result, error) {
			if user, _ := c.Vars["user"].(map[string]any); user["email"] == "fresh@acme.example" {
				fresh.Store(int64(time.Since(began)))
				return acme, nil
			}
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(2 * time.Second)
			now.Add(-1)
			return acme, nil
		}}
		p := company(t, v)
		p.Steps[0].Timeout = 5 * time.Second
		w := newWorld(t, on, p)
		var suspects []string
		for i := range 5 {
			sub := w.confirm(fmt.Sprintf("user%d@acme.example", i))
			id := worker.Identity{Pool: w.pool, Sub: sub, Generation: event.Onboarding}
			for k := range 2 {
				_, err := w.ledger.Claim(t.Context(), id, fmt.Sprint("gone-", k), time.Now(), time.Now().Add(time.Second))
				w.must(err)
				time.Sleep(2 * time.Second)
			}
			suspects = append(suspects, sub)
		}
		w.confirm("fresh@acme.example")
		began = time.Now()
		w.work(time.Hour)
		expect(t, "at once", most.Load(), 1)
		expect(t, "fresh waited", time.Duration(fresh.Load()) < time.Second, true)
		for _, sub := range suspects {
			expect(t, "run", w.run(sub).State, worker.Done)
			expect(t, "crashes", w.run(sub).Crashes, 2)
		}
	})
}
