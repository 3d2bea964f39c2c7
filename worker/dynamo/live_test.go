package dynamo_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/postconfirm/postconfirm/enrich/onewrite"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/dynamo"
	"github.com/postconfirm/postconfirm/worker/workertest"
)

// endpointVariable names a DynamoDB for the tests below: its URL. Region and credentials are the usual ones. Each test
// makes tables of its own, and deletes them.
const endpointVariable = "POSTCONFIRM_TEST_DYNAMODB"

func TestLedgerKeepsThePortsPromises(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	workertest.Ledger(t, func(t *testing.T) workertest.LedgerHarness {
		table := w.create(t)
		l := w.open(t, table)
		return workertest.LedgerHarness{Ledger: l, Reopen: func(t *testing.T) worker.Ledger {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = w.open(t, table)
			return l
		}}
	})
}

func TestRecordsKeepTheirPromises(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	workertest.Ledgers(t, func(t *testing.T) workertest.RecordsHarness {
		l := w.open(t, w.create(t))
		return workertest.RecordsHarness{Ledger: l, Records: l}
	})
}

// TestFortyWorkersRaceForEachRun lets forty ledgers claim the same runs at the same moment: new ones, then ones whose
// lease has ended.
func TestFortyWorkersRaceForEachRun(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	const workers, runs = 40, 10
	table := w.create(t)
	var ledgers []*dynamo.Ledger
	for range workers {
		ledgers = append(ledgers, w.open(t, table))
	}
	for round := range 3 {
		now := start().Add(time.Duration(round) * lease)
		for run := range runs {
			id := person()
			id.Sub += fmt.Sprint(run)
			w.race(t, ledgers, id, now, int64(round+1))
		}
	}
}

// race has all claim one run. One wins, with the fence; the others hear until when it is held.
func (w *outside) race(t *testing.T, ledgers []*dynamo.Ledger, id worker.Identity, now time.Time, fence int64) {
	t.Helper()
	var all sync.WaitGroup
	var winners atomic.Int64
	for i, l := range ledgers {
		all.Go(func() {
			r, err := l.Claim(t.Context(), id, fmt.Sprintf("worker-%d-%d", i, fence), now, now.Add(lease))
			var busy *worker.Busy
			switch {
			case err == nil && r.Fence == fence && r.Crashes == int(fence-1):
				winners.Add(1)
			case err == nil:
				t.Errorf("worker %d won fence %d, %d crashes, want fence %d", i, r.Fence, r.Crashes, fence)
			case !errors.As(err, &busy) || !busy.Until.Equal(now.Add(lease)):
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	all.Wait()
	if winners.Load() != 1 {
		t.Errorf("run of %s: %d winners for fence %d", id.Sub, winners.Load(), fence)
	}
}

// loser carries every request out, and loses the answers to writes when they are to be lost.
type loser struct {
	onewrite.Doer
	lose atomic.Bool
}

func (l *loser) Do(r *http.Request) (*http.Response, error) {
	out, err := l.Doer.Do(r)
	operation := r.Header.Get("X-Amz-Target")
	write := !strings.HasSuffix(operation, ".GetItem") && !strings.HasSuffix(operation, ".Query")
	if err == nil && write && l.lose.Load() {
		return nil, errors.Join(out.Body.Close(), syscall.ECONNRESET)
	}
	return out, err
}

func TestALostAnswerIsNoLostWrite(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	table := w.create(t)
	wire := &loser{Doer: w.http}
	l, err := dynamo.Open(t.Context(), w.client(t, wire), table, w.options)
	if err != nil {
		t.Fatal(err)
	}
	wire.lose.Store(true)
	for round := range 5 {
		now := start().Add(time.Duration(round) * lease)
		r, err := l.Claim(t.Context(), person(), fmt.Sprint("worker-", round), now, now.Add(lease))
		if err != nil || r.Fence != int64(round+1) {
			t.Fatalf("claim: got %v, fence %d", err, r.Fence)
		}
		r.Releases++
		if err := l.Save(t.Context(), r); err != nil {
			t.Fatalf("save: %v", err)
		}
	}
	r, err := w.open(t, table).Claim(t.Context(), person(), "another", start().Add(9*lease), start().Add(10*lease))
	if err != nil || r.Fence != 6 || r.Releases != 5 {
		t.Errorf("got %v, fence %d, %d releases, want 6, 5", err, r.Fence, r.Releases)
	}
}

func TestTheIndexOnTheServerHoldsUnfinishedRunsOnly(t *testing.T) {
	w := reach(t)
	if w == nil {
		return
	}
	table := w.create(t)
	l := w.open(t, table)
	index, client := "unfinished", w.client(t, w.http)
	for _, c := range []struct {
		state worker.RunState
		want  int32
	}{{worker.Open, 1}, {worker.Parked, 2}, {worker.Done, 2}, {worker.Gone, 2}} {
		id := person()
		id.Generation = string(c.state)
		r, err := l.Claim(t.Context(), id, "a", start(), start().Add(lease))
		if err == nil {
			r.State, r.Owner = c.state, ""
			err = l.Save(t.Context(), r)
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table, IndexName: &index})
		if err != nil {
			t.Fatal(err)
		}
		if out.Count != c.want || out.Items[0]["state"] == nil || out.Items[0]["record"] != nil {
			t.Errorf("with one run %s more, the index holds %d, want %d: %v", c.state, out.Count, c.want, out.Items)
		}
	}
}

// outside is the DynamoDB that the variable names.
type outside struct {
	url     string
	http    *http.Client
	options *dynamo.Options
}

// reach gives nil, and says so, when no DynamoDB is named.
func reach(t *testing.T) *outside {
	t.Helper()
	url := os.Getenv(endpointVariable)
	if url == "" {
		t.Logf("NOT RUN: %s names no DynamoDB; `make check-dynalite` runs this against dynalite", endpointVariable)
		return nil
	}
	transport := &http.Transport{MaxConnsPerHost: 64, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	// Thousands of calls wait for 64 connections here: their time is not the server's.
	return &outside{url: url, http: &http.Client{Transport: transport}, options: &dynamo.Options{Timeout: time.Minute}}
}

func (w *outside) client(t *testing.T, d onewrite.Doer) *dynamodb.Client {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithBaseEndpoint(w.url))
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient = onewrite.Client{Doer: d}
	cfg.Region = cmp.Or(cfg.Region, "eu-west-1")
	return dynamodb.NewFromConfig(cfg)
}

// create makes a table that ends with the test.
func (w *outside) create(t *testing.T) string {
	t.Helper()
	table, client := "postconfirm-test-"+rand.Text(), w.client(t, w.http)
	if err := dynamo.CreateTable(t.Context(), client, table); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.WithoutCancel(t.Context()), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
			t.Errorf("delete table: %v", err)
		}
	})
	return table
}

func (w *outside) open(t *testing.T, table string) *dynamo.Ledger {
	t.Helper()
	l, err := dynamo.Open(t.Context(), w.client(t, w.http), table, w.options)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
