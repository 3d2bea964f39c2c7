package sizing_test

import (
	"flag"
	"math"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postconfirm/postconfirm/deploy/sizing"
)

var update = flag.Bool("update", false, "write the page anew")

// TestTheArithmeticByHand computes a bill from figures that are easy to do in the head.
func TestTheArithmeticByHand(t *testing.T) {
	p := sizing.Prices{SQS: 0.4, LambdaRequests: 0.2, LambdaGBSecond: 0.00001, DynamoWrites: 0.6, DynamoReads: 0.1, LogsGB: 0.5, CustomMetric: 0.3, SESThousand: 0.1, DynamoGBMonth: 0.25}
	u := sizing.Use{Lambda: true, Dynamo: true, Batch: 10, BatchMS: 1000, MemoryMB: 1024, TriggerMS: 10, TriggerMB: 1024, WriteUnits: 10, ReadUnits: 2, LogBytes: 1000, Metrics: 10, Mails: 1}
	users, monthly := sizing.Total(sizing.Cost(u, p, 1e6))
	// 0.48 queue, 0.2 + 0.1 trigger, 0.5 logs, 0.02 + 1.0 worker, 6.2 table, 100 mails
	if want := 0.48 + 0.3 + 0.5 + 1.02 + 6.2 + 100; math.Abs(users-want) > 1e-9 {
		t.Errorf("users: got %v, want %v", users, want)
	}
	if want := 3 + 0.25; math.Abs(monthly-want) > 1e-9 {
		t.Errorf("monthly: got %v, want %v", monthly, want)
	}
}

func TestUsersOneByOneCostMoreRequests(t *testing.T) {
	p, one := sizing.Listed(), sizing.Typical(true, true)
	ten, _ := sizing.Total(sizing.Cost(one, p, 1e6))
	one.Batch = 1
	single, _ := sizing.Total(sizing.Cost(one, p, 1e6))
	if single <= ten {
		t.Errorf("one by one %v, in tens %v", single, ten)
	}
}

func TestQuotas(t *testing.T) {
	q := sizing.NewAccount()
	for name, v := range map[string][2]any{
		"sign-ups a second":       {q.SignUpRate(), 25.0},
		"left of the writes":      {q.Share(15), 0.4},
		"left when all are taken": {q.Share(30), 0.0},
		"a backlog":               {sizing.Drain(900, 15), 66 * time.Second},
		"a walk":                  {q.Walk(601, 1), 11 * time.Second},
		"Regions":                 {q.Regions(60, 15), 4},
		"Regions of a few":        {q.Regions(1, 15), 1},
		"at once":                 {sizing.Concurrency(15, 1500*time.Millisecond), 23},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: got %v, want %v", name, v[0], v[1])
		}
	}
}

func TestThePageIsMadeFromTheCode(t *testing.T) {
	const path = "SIZING.md"
	if *update {
		if err := os.WriteFile(path, []byte(sizing.Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), sizing.Page()); diff != "" {
		t.Errorf("%s is old; run this test with -update (-written +code):\n%s", path, diff)
	}
}
