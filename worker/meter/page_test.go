package meter_test

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/meter"
	"github.com/postconfirm/postconfirm/worker/workertest"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// quiet are options of a test.
func quiet() *meter.Options {
	return &meter.Options{Log: slog.New(slog.DiscardHandler), Now: seconds()}
}

// full is a page of a daemon on which everything was counted.
func full(t *testing.T) *meter.Page {
	t.Helper()
	p := meter.NewPage(quiet())
	l := &fake.Ledger{}
	l.Put(worker.Run{Key: "a", State: worker.Open, FirstSeen: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)})
	l.Put(worker.Run{Key: "b", State: worker.Done})
	p.Watch(meter.Gauges{Ledger: l, WriteRate: func() float64 { return 7.5 }, Dependencies: states,
		InFlight: func() int { return 12 }, Hidden: func() int { return 340 }, Pipeline: "0123456789abcdef"})
	day(t, p)
	p.Reconciled(3, 2)
	return p
}

var compiler = regexp.MustCompile(`goversion="[^"]*"(.*)version="[^"]*"`)

func TestThePageOfADay(t *testing.T) {
	h := full(t).Handler()
	scrape(t, h) // asks the ledger for its overview; the time that took is on the next page for sure
	golden(t, "testdata/page.golden", compiler.ReplaceAllString(scrape(t, h), `goversion="…"${1}version="…"`))
}

func TestThePageFollowsPrometheusConventions(t *testing.T) {
	text := scrape(t, full(t).Handler())
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v: %+v", err, problems)
	}
	for _, m := range meter.Table() {
		if !strings.Contains(text, "# TYPE "+m.Name+" "+string(m.Kind)+"\n") {
			t.Errorf("%s is not on the page", m.Name)
		}
	}
}

func TestGaugesThatNobodyGivesAreLeftOut(t *testing.T) {
	p := meter.NewPage(quiet())
	if text := scrape(t, p.Handler()); strings.Count(text, "# TYPE") != 1 || !strings.Contains(text, "postconfirm_received_messages_total 0") {
		t.Error(text)
	}
}

func TestDependenciesThatNoLabelCanNameAreOne(t *testing.T) {
	p := meter.NewPage(quiet())
	p.Watch(meter.Gauges{Dependencies: func() []worker.DependencyState {
		return []worker.DependencyState{{Name: "http:bücher.example", Open: true}, {Name: "http:straße.example"}, {Name: "http:a.example"}}
	}})
	text := scrape(t, p.Handler())
	for _, want := range []string{`{dependency="other"} 1`, `{dependency="http:a.example"} 0`} {
		if strings.Count(text, "postconfirm_breaker_open"+want+"\n") != 1 {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestALedgerThatIsTimedKeepsThePortsPromises(t *testing.T) {
	workertest.Ledger(t, func(*testing.T) workertest.LedgerHarness {
		return workertest.LedgerHarness{Ledger: meter.NewPage(nil).Ledger(&fake.Ledger{})}
	})
}

func TestTheLedgerIsAskedForItsOverviewEveryThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &fake.Ledger{}
		p := meter.NewPage(&meter.Options{Log: slog.New(slog.DiscardHandler)})
		p.Watch(meter.Gauges{Ledger: l})
		l.Put(worker.Run{Key: "a", State: worker.Open, FirstSeen: time.Now().Add(-time.Minute)})
		look := func(asked int, want ...string) {
			t.Helper()
			text := scrape(t, p.Handler())
			if n := l.Calls(fake.Overview); n != asked {
				t.Errorf("asked %d times, want %d", n, asked)
			}
			for _, line := range want {
				if !strings.Contains(text, line+"\n") {
					t.Errorf("no %s in\n%s", line, text)
				}
			}
			if len(want) == 0 && (strings.Contains(text, "_oldest_") || strings.Contains(text, "_ledger_runs")) {
				t.Errorf("what can't be read is shown:\n%s", text)
			}
		}
		look(1, "postconfirm_oldest_unfinished_seconds 60", `postconfirm_ledger_runs{state="open"} 1`)
		time.Sleep(29 * time.Second)
		look(1, "postconfirm_oldest_unfinished_seconds 89") // the age goes on though nobody asks
		l.Down(errors.New("no disk"))
		time.Sleep(time.Second)
		look(2)
		time.Sleep(29 * time.Second)
		look(2)
		l.Down(nil)
		l.Put(worker.Run{Key: "a", State: worker.Parked})
		time.Sleep(time.Second)
		look(3, "postconfirm_oldest_unfinished_seconds 0", `postconfirm_ledger_runs{state="open"} 0`, `postconfirm_ledger_runs{state="parked"} 1`,
			`postconfirm_ledger_seconds_count{operation="overview",outcome="error"} 1`)
	})
}

// stuck is a ledger that gives its overview when the caller gives up.
type stuck struct{}

func (stuck) Overview(ctx context.Context) (worker.Overview, error) {
	<-ctx.Done()
	return worker.Overview{}, ctx.Err()
}

func TestAStuckLedgerHoldsTheScrapeForThreeSecondsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := meter.NewPage(&meter.Options{Log: slog.New(slog.DiscardHandler)})
		p.Watch(meter.Gauges{Ledger: stuck{}, WriteRate: func() float64 { return 15 }})
		for _, want := range []time.Duration{3 * time.Second, 0} {
			began := time.Now()
			if text := scrape(t, p.Handler()); !strings.Contains(text, "postconfirm_write_budget_per_second 15\n") {
				t.Error(text)
			}
			if took := time.Since(began); took != want {
				t.Errorf("took %v, want %v", took, want)
			}
		}
	})
}

func TestTheLastReceiveThatSucceededIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := meter.NewPage(nil)
		b := &belt{err: errors.New("no network")}
		q := p.Queue(b)
		_, _ = q.Receive(t.Context())
		if !p.Received().IsZero() {
			t.Error("a failure counts")
		}
		b.err = nil
		_, _ = q.Receive(t.Context())
		began := time.Now()
		time.Sleep(time.Minute)
		if !p.Received().Equal(began) {
			t.Errorf("got %v, want %v", p.Received(), began)
		}
	})
}

// TestNoSeriesIsMadeOfWhatConnectorsSay feeds a page what the worst connector could say, from many goroutines.
func TestNoSeriesIsMadeOfWhatConnectorsSay(t *testing.T) {
	p := meter.NewPage(nil)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 500 {
				code := "code_" + strings.Repeat("x", (i+g)%30) + "_" + string(rune('a'+i%26))
				p.Finished(worker.Verdict{Outcome: worker.Retry, Reason: code})
				p.Stepped(step(worker.StepNote{Code: code, Tries: 1}))
			}
		})
	}
	all.Wait()
	for _, personal := range []string{"ada@acme.example", "6f9c4f9e-1111-2222-3333-444455556666", "https://api.example.com/u", "+4917012345678",
		"a52pp684obmd36t84i4xyzabcd", "Ada", "ada lovelace", "with\nline", `with"quote`, "ünï"} {
		p.Finished(worker.Verdict{Outcome: worker.Retry, Reason: personal})
	}
	for range 3 {
		p.Finished(worker.Verdict{Outcome: worker.Released, Reason: "busy"}) // the worker's own words have room whatever came before
	}
	text := scrape(t, p.Handler())
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return !strings.HasPrefix(l, "postconfirm_deliveries_total") })
	if len(lines) != 50+2 || !strings.Contains(text, `reason="other"} `) || !strings.Contains(text, `{outcome="released",reason="busy"} 3`) {
		t.Errorf("%d series:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for _, personal := range []string{"ada", "Ada", "6f9c4f9e", "https", "4917", "a52pp"} {
		if strings.Contains(text, personal) {
			t.Errorf("%s is on the page", personal)
		}
	}
}
