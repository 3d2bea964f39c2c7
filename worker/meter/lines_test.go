package meter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/meter"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// object is one line, read as CloudWatch reads it.
type object struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// check holds lines against the rules of the embedded metric format (Amazon CloudWatch User Guide) and gives the sum or
// the number of values of each series, as "name{dimension=value,…}".
func check(t *testing.T, text string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for raw := range strings.Lines(text) {
		var o object
		var members map[string]any
		if err := errors.Join(json.Unmarshal([]byte(raw), &o), json.Unmarshal([]byte(raw), &members)); err != nil || !strings.HasSuffix(raw, "}\n") {
			t.Fatalf("%v in %s", err, raw)
		}
		if len(raw) > 256<<10 || o.AWS.Timestamp < 946684800000 || len(o.AWS.CloudWatchMetrics) == 0 {
			t.Errorf("size, time or directives: %s", raw)
		}
		for _, d := range o.AWS.CloudWatchMetrics {
			if d.Namespace != "postconfirm" || len(d.Metrics) == 0 || len(d.Metrics) > 100 || len(d.Dimensions) != 1 {
				t.Errorf("directive: %+v", d)
			}
			name := checkDimensions(t, members, d.Dimensions[0])
			for _, m := range d.Metrics {
				if slices.Contains(d.Dimensions[0], m.Name) || !slices.Contains([]string{"Count", "Seconds", "Count/Second", "None"}, m.Unit) {
					t.Errorf("metric: %+v", m)
				}
				all[m.Name+name] += checkValue(t, members[m.Name])
			}
		}
	}
	return all
}

func checkDimensions(t *testing.T, members map[string]any, dimensions []string) string {
	t.Helper()
	if len(dimensions) > 30 {
		t.Errorf("%d dimensions", len(dimensions))
	}
	var pairs []string
	for _, d := range dimensions {
		v, ok := members[d].(string)
		odd := func(r rune) bool { return r <= ' ' || r > '~' }
		if !ok || v == "" || len(v) > 1024 || strings.ContainsFunc(v, odd) || strings.HasPrefix(d, ":") || len(d) > 255 {
			t.Errorf("dimension %s is %v", d, members[d])
		}
		pairs = append(pairs, d+"="+v)
	}
	if len(pairs) == 0 {
		return ""
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func checkValue(t *testing.T, v any) float64 {
	t.Helper()
	switch v := v.(type) {
	case float64:
		return v
	case []any:
		for _, one := range v {
			if _, ok := one.(float64); !ok {
				t.Errorf("value %v", one)
			}
		}
		if len(v) == 0 || len(v) > 100 {
			t.Errorf("%d values", len(v))
		}
		return float64(len(v))
	}
	t.Errorf("value %v", v)
	return 0
}

// writes keeps each Write on its own.
type writes struct {
	all []string
	err error
}

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, string(p))
	return len(p), w.err
}

func TestTheLinesOfADay(t *testing.T) {
	var w writes
	l := meter.NewLines(&w, quiet())
	l.Watch(meter.Gauges{WriteRate: func() float64 { return 7.5 }, Dependencies: states})
	day(t, l)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(w.all, "")
	if strings.Count(text, "\n") != len(w.all) {
		t.Error("a line is not one write")
	}
	check(t, text)
	golden(t, "testdata/lines.golden", text)
	w.all = nil
	if err := l.Flush(t.Context()); err != nil || len(w.all) != 0 {
		t.Errorf("what was written is written again: %v, %v", err, w.all)
	}
}

func TestBothFacesCountTheSame(t *testing.T) {
	var out bytes.Buffer
	l := meter.NewLines(&out, quiet())
	day(t, l)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := meter.NewPage(quiet())
	day(t, p)
	page := scrape(t, p.Handler())
	for name, sum := range check(t, out.String()) {
		// name{a=b} is name{a="b"}, or name_count{a="b"} of a histogram
		want := strings.NewReplacer("=", `="`, ",", `",`, "}", `"}`).Replace(name)
		head, labels, some := strings.Cut(want, "{")
		if some {
			labels = "{" + sortLabels(labels)
		}
		number, _ := json.Marshal(sum)
		if !strings.Contains(page, head+labels+" "+string(number)+"\n") && !strings.Contains(page, head+"_count"+labels+" "+string(number)+"\n") {
			t.Errorf("%s %s is not on the page", head+labels, number)
		}
	}
}

// sortLabels writes labels in the order of the page.
func sortLabels(labels string) string {
	all := strings.Split(strings.TrimSuffix(labels, "}"), ",")
	slices.Sort(all)
	return strings.Join(all, ",") + "}"
}

func TestManyValuesAreSplitIntoLinesOfAHundred(t *testing.T) {
	var out bytes.Buffer
	l := meter.NewLines(&out, nil)
	for range 1050 {
		l.Stepped(step(worker.StepNote{State: worker.StepDone, Tries: 1}))
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := check(t, out.String())
	if n := strings.Count(out.String(), "\n"); n != 11 {
		t.Errorf("%d lines", n)
	}
	if all["postconfirm_step_seconds{step=company,class=read,outcome=done}"] != 1050 || all["postconfirm_tries_total{step=company}"] != 1050 {
		t.Errorf("%v", all)
	}
}

func TestAFunctionAsksTheLedgerOncePerMinuteAndOnlyWithTimeToSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		ledger := &fake.Ledger{}
		l := meter.NewLines(&out, &meter.Options{Log: slog.New(slog.DiscardHandler)})
		l.Watch(meter.Gauges{Ledger: ledger})
		for i, c := range []struct {
			pause, left time.Duration
			asked       int
		}{
			{0, 3900 * time.Millisecond, 0}, {0, time.Minute, 1}, {59 * time.Second, time.Minute, 1}, {time.Second, time.Second, 1}, {0, 4 * time.Second, 2},
		} {
			time.Sleep(c.pause)
			ctx, cancel := context.WithTimeout(t.Context(), c.left)
			out.Reset()
			before := ledger.Calls(fake.Overview)
			l.Finished(worker.Verdict{Outcome: worker.Completed})
			if err := l.Flush(ctx); err != nil {
				t.Error(err)
			}
			cancel()
			asked := ledger.Calls(fake.Overview)
			_, told := check(t, out.String())["postconfirm_oldest_unfinished_seconds"]
			if asked != c.asked || told != (asked > before) {
				t.Errorf("%d: asked %d times, want %d; told %v", i, asked, c.asked, told)
			}
		}
		ledger.Down(errors.New("no table"))
		time.Sleep(time.Minute)
		out.Reset()
		l.Finished(worker.Verdict{Outcome: worker.Completed})
		if err := l.Flush(t.Context()); err != nil || strings.Contains(out.String(), "oldest") {
			t.Errorf("%v, %s", err, &out)
		}
	})
}

func TestALogThatFailsIsSaidAndCostsItsLinesOnly(t *testing.T) {
	w := &writes{err: errors.New("no log")}
	l := meter.NewLines(w, nil)
	l.Finished(worker.Verdict{Outcome: worker.Completed})
	if err := l.Flush(t.Context()); !errors.Is(err, w.err) {
		t.Errorf("got %v", err)
	}
	w.err, w.all = nil, nil
	l.Finished(worker.Verdict{Outcome: worker.Poison, Reason: "body_empty"})
	if err := l.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if all := check(t, strings.Join(w.all, "")); len(all) != 1 || all["postconfirm_deliveries_total{outcome=poison,reason=body_empty}"] != 1 {
		t.Errorf("%v", all)
	}
}
