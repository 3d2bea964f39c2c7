package app

import (
	"context"
	"errors"
	"testing"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestWhatTheWorkersOfADeploymentShare(t *testing.T) {
	for _, c := range []struct {
		name, workers  string
		table          bool
		budget         *worker.Budget
		rate           float64 // 0: the worker's own default
		leases, hinted bool
	}{
		{name: "a file and no number: one worker, all of it"},
		{name: "a file and a number: a part of it", workers: "4", rate: 3},
		{name: "a table and no number: slices", table: true, rate: 12, leases: true, hinted: true},
		{name: "a table and a number: a part of it, and hints", table: true, workers: "3", rate: 4, hinted: true},
		{name: "a table and the number one: all of it, by itself", table: true, workers: "1", rate: 12, hinted: true},
		{name: "a budget that was given stays", table: true, budget: worker.NewBudget(7, nil), rate: 7, hinted: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			line, in := &fake.Slices{}, store{}
			line.Down(errors.New("asked"))
			if c.table {
				in = store{slices: line, hints: &fake.Hints{}}
			}
			s := Settings{Workers: c.workers, Worker: worker.Options{Budget: c.budget}}
			s.share(enrich.Limits{CognitoWrites: 12}, in)
			if got := s.Worker.Hints != nil; got != c.hinted {
				t.Errorf("hints: %v", got)
			}
			b := s.Worker.Budget
			if c.rate == 0 {
				if b != nil {
					t.Errorf("a budget of %v", b.Rate())
				}
				return
			}
			if got := b.Rate(); got != c.rate {
				t.Errorf("rate %v, want %v", got, c.rate)
			}
			if err := b.Take(context.Background()); (err != nil) != c.leases || (line.Calls() > 0) != c.leases {
				t.Errorf("take: %v, after %d calls of the line", err, line.Calls())
			}
		})
	}
}

func TestAFileSharesNothing(t *testing.T) {
	for _, kind := range ledgerKinds() {
		if kind.oneMachine {
			opened, err := kind.open(t.Context(), t.TempDir()+"/ledger.db", nil)
			if err != nil {
				t.Fatal(err)
			}
			if opened.slices != nil || opened.hints != nil {
				t.Errorf("%s shares something", kind.prefix)
			}
			if err := opened.shut(); err != nil {
				t.Error(err)
			}
		}
	}
}
