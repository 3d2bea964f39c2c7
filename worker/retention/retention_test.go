package retention_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/retention"
	"github.com/postconfirm/postconfirm/worker/sqlite"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	pool   = "eu-west-1_Ab12cd34E"
	canary = "canary of somebody"
)

func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// run is one with values, updated so many days after the start.
func run(sub, generation string, state worker.RunState, days int) worker.Run {
	id := worker.Identity{Pool: pool, Sub: sub, Generation: generation, Source: "signup"}
	at := start().AddDate(0, 0, days)
	yes := true
	return worker.Run{Identity: id, Key: id.Key(), State: state, Fence: 3, Domain: "0a1b2c3d",
		Origin: worker.Origin{User: canary, At: at, Metadata: map[string]string{"plan": canary}, Steps: []string{"company", "mail"}}, FirstSeen: at, Updated: at, Reason: "why", Steps: map[string]worker.StepRecord{
			"company": {State: worker.StepDone, Outcome: worker.OutcomeFound, Output: []byte(`{"name":"` + canary + `"}`), If: &yes, Attempts: 2, At: at, First: at},
			"mail":    {State: worker.StepUnknown, Code: "interrupted"},
		}, Flags: []string{"step mail: unknown"}, Written: map[string]worker.Wrote{"website": {Digest: "digest", Observed: at}}}
}

// kept is what a run without its answers must look like.
func kept(r worker.Run, now time.Time) worker.Run {
	company := r.Steps["company"]
	company.Output = nil
	r.Steps = map[string]worker.StepRecord{"company": company, "mail": r.Steps["mail"]}
	r.Fence, r.Erased = r.Fence+1, now
	r.Origin = worker.Origin{At: r.Origin.At, Steps: r.Origin.Steps}
	return r
}

func ledger(runs ...worker.Run) *fake.Ledger {
	l := &fake.Ledger{}
	for _, r := range runs {
		l.Put(r)
	}
	return l
}

func same(t *testing.T, l *fake.Ledger, want worker.Run) {
	t.Helper()
	got, _ := l.Run(want.Key)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", want.State, diff)
	}
}

func TestForget(t *testing.T) {
	now := start().AddDate(0, 0, 9)
	forget := func(t *testing.T, l retention.People) (int, error) {
		return retention.Forget(t.Context(), l, pool, "s", now)
	}
	t.Run("erases answers and digests of all runs of the person, and keeps what was done", func(t *testing.T) {
		done, open, parked, other := run("s", "0", worker.Done, 1), run("s", "1", worker.Open, 2), run("s", "2", worker.Parked, 3), run("another", "0", worker.Done, 1)
		open.Owner, open.LeaseUntil = "a", now.Add(time.Minute)
		l := ledger(done, open, parked, other)
		if n, err := forget(t, l.Records()); n != 3 || err != nil {
			t.Errorf("got %d, %v, want 3", n, err)
		}
		want := kept(done, now)
		want.Written, want.Domain = nil, ""
		same(t, l, want)
		for _, r := range []worker.Run{open, parked} {
			want := kept(r, now)
			want.Domain = ""
			want.Written, want.State, want.Reason, want.Updated, want.Owner, want.LeaseUntil = nil, worker.Gone, "forgotten", now, "", time.Time{}
			same(t, l, want)
		}
		same(t, l, other)
		if err := l.Save(t.Context(), open); !errors.Is(err, worker.ErrLeaseLost) {
			t.Errorf("the worker that is at it: got %v, want ErrLeaseLost", err)
		}
		if n, err := forget(t, l.Records()); n != 0 || err != nil {
			t.Errorf("again: got %d, %v, want 0", n, err)
		}
	})
	t.Run("takes the digests that a sweep has left", func(t *testing.T) {
		swept := run("s", "0", worker.Done, 1)
		swept.Steps, swept.Erased = nil, start()
		l := ledger(swept)
		if n, err := forget(t, l.Records()); n != 1 || err != nil || len(l.Runs()[0].Written) > 0 {
			t.Errorf("got %d, %v, %v", n, err, l.Runs()[0].Written)
		}
	})
	t.Run("killed half-way it is completed by the next call", func(t *testing.T) {
		l := ledger(run("s", "0", worker.Done, 1), run("s", "1", worker.Open, 2), run("s", "2", worker.Parked, 3))
		l.LoseNext(fake.Amend, nil)
		l.FailNext(fake.Amend, context.Canceled)
		if n, err := forget(t, l.Records()); n != 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("killed: got %d, %v, want 1", n, err)
		}
		if n, err := forget(t, l.Records()); n != 2 || err != nil {
			t.Errorf("again: got %d, %v, want 2", n, err)
		}
	})
	t.Run("reads a run again that moved meanwhile", func(t *testing.T) {
		l := ledger(run("s", "0", worker.Open, 1))
		l.FailNext(fake.Amend, worker.ErrLeaseLost)
		if n, err := forget(t, l.Records()); n != 1 || err != nil {
			t.Errorf("got %d, %v, want 1", n, err)
		}
		l = ledger(run("s", "0", worker.Open, 1))
		for range 20 {
			l.FailNext(fake.Amend, worker.ErrLeaseLost)
		}
		if n, err := forget(t, l.Records()); n != 0 || !errors.Is(err, worker.ErrLeaseLost) {
			t.Errorf("for ever: got %d, %v", n, err)
		}
	})
	t.Run("says when it can't read", func(t *testing.T) {
		l := ledger(run("s", "0", worker.Open, 1))
		l.Down(errors.New("down"))
		if n, err := forget(t, l.Records()); n != 0 || err == nil {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

// oneDamaged is a ledger in which one run is damaged.
type oneDamaged struct{ fake.Records }

func (d oneDamaged) Person(ctx context.Context, pool, sub string) ([]worker.Run, error) {
	runs, err := d.Records.Person(ctx, pool, sub)
	return runs, errors.Join(err, fmt.Errorf("run x: %w", worker.ErrDamaged))
}

func (d oneDamaged) Unerased(ctx context.Context, before time.Time) iter.Seq2[worker.Run, error] {
	return func(yield func(worker.Run, error) bool) {
		if !yield(worker.Run{}, fmt.Errorf("run x: %w", worker.ErrDamaged)) {
			return
		}
		d.Records.Unerased(ctx, before)(yield)
	}
}

func TestARunThatIsDamagedKeepsNoOtherFromBeingErased(t *testing.T) {
	l := ledger(run("s", "0", worker.Done, 1), run("s", "1", worker.Parked, 2))
	if n, err := retention.Forget(t.Context(), oneDamaged{l.Records()}, pool, "s", start()); n != 2 || !errors.Is(err, worker.ErrDamaged) {
		t.Errorf("forget: got %d, %v", n, err)
	}
	l = ledger(run("s", "0", worker.Done, 1), run("s", "1", worker.Gone, 2))
	s := retention.New(oneDamaged{l.Records()}, &retention.Options{PerSecond: 1e6, Now: func() time.Time { return start().AddDate(1, 0, 0) }})
	if n, err := s.Sweep(t.Context()); n != 2 || !errors.Is(err, worker.ErrDamaged) {
		t.Errorf("sweep: got %d, %v", n, err)
	}
}

func TestSweepErasesWhatEndedLongAgo(t *testing.T) {
	now := start().AddDate(0, 0, 40)
	old := []worker.Run{run("a", "0", worker.Done, 9), run("b", "0", worker.Gone, 0), run("c", "0", worker.Replaced, 1)}
	young := []worker.Run{run("d", "0", worker.Done, 11), run("e", "0", worker.Open, 0), run("f", "0", worker.Parked, 0)}
	l := ledger(append(old, young...)...)
	s := retention.New(l.Records(), &retention.Options{PerSecond: 1e6, Now: func() time.Time { return now }})
	if n, err := s.Sweep(t.Context()); n != 3 || err != nil {
		t.Fatalf("got %d, %v, want 3", n, err)
	}
	for _, r := range old {
		same(t, l, kept(r, now)) // with its digests
	}
	for _, r := range young {
		same(t, l, r)
	}
	if n, err := s.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("again: got %d, %v, want 0", n, err)
	}
}

func TestSweepStops(t *testing.T) {
	var runs []worker.Run
	for i := range 5 {
		runs = append(runs, run(fmt.Sprint(i), "0", worker.Done, 0))
	}
	o := &retention.Options{PerSecond: 1e6, Now: func() time.Time { return start().AddDate(1, 0, 0) }}
	t.Run("at an error of the ledger", func(t *testing.T) {
		l := ledger(runs...)
		l.LoseNext(fake.Amend, nil)
		l.FailNext(fake.Amend, errors.New("down"))
		if n, err := retention.New(l.Records(), o).Sweep(t.Context()); n != 1 || err == nil || !strings.Contains(err.Error(), "down") {
			t.Errorf("got %d, %v", n, err)
		}
	})
	t.Run("not at a run that somebody else swept", func(t *testing.T) {
		l := ledger(runs...)
		l.FailNext(fake.Amend, worker.ErrLeaseLost)
		if n, err := retention.New(l.Records(), o).Sweep(t.Context()); n != 4 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	})
	t.Run("when it is told to", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := ledger(runs...)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			n, err := retention.New(l.Records(), &retention.Options{Now: o.Now}).Sweep(ctx)
			if n < 1 || n > 4 || err == nil {
				t.Errorf("got %d, %v", n, err)
			}
		})
	})
}

func TestRunSweepsOnceADayAndNotTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := &fake.Ledger{}, &bytes.Buffer{}
		for i := range 500 {
			l.Put(run(fmt.Sprint(i), "0", worker.Done, i%2-31))
		}
		began := time.Now()
		s := retention.New(l.Records(), &retention.Options{Now: func() time.Time { return start().Add(time.Since(began)) },
			Log: slog.New(slog.NewTextHandler(log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); s.Run(ctx) }()
		erased := func() (n int) {
			for _, r := range l.Runs() {
				if !r.Erased.IsZero() {
					n++
				}
			}
			return n
		}
		for _, at := range []struct {
			after time.Duration
			want  int
		}{{10*time.Minute - time.Second, 0}, {10*time.Minute + 2*time.Second, 101}, {11 * time.Minute, 500}} {
			time.Sleep(time.Until(began.Add(at.after)))
			synctest.Wait()
			if n := erased(); n > at.want || n < at.want-1 {
				t.Errorf("after %v: %d erased, want %d", at.after, n, at.want)
			}
		}
		l.Put(run("late", "0", worker.Done, -40))
		time.Sleep(24*time.Hour - 2*time.Minute)
		if n := erased(); n != 500 {
			t.Errorf("before the next day: %d erased", n)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := erased(); n != 501 {
			t.Errorf("the next day: %d erased", n)
		}
		l.Down(errors.New("down"))
		time.Sleep(24 * time.Hour)
		cancel()
		<-ended
		if !strings.Contains(log.String(), "sweep failed") || strings.Contains(log.String(), canary) {
			t.Errorf("log: %s", log)
		}
	})
}

func TestNoValueIsLeftInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, err := sqlite.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for i := range 20 {
		r := run(fmt.Sprint("s", i%2), fmt.Sprint(i), worker.Done, 0)
		claimed, err := l.Claim(t.Context(), r.Identity, "a", start(), start().Add(time.Minute))
		if err == nil {
			r.Fence = claimed.Fence
			err = l.Save(t.Context(), r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	n, err := retention.Forget(t.Context(), l, pool, "s0", time.Time{})
	s := retention.New(l, &retention.Options{PerSecond: 1e6, Now: func() time.Time { return start().AddDate(0, 0, 31) }})
	m, err2 := s.Sweep(t.Context())
	if err := errors.Join(err, err2, l.Close()); err != nil || n != 10 || m != 10 {
		t.Fatalf("%d forgotten, %d swept, %v", n, m, err)
	}
	data, err := os.ReadFile(path)
	if err != nil || bytes.Contains(data, []byte(canary)) {
		t.Errorf("%v; a value is still in the file", err)
	}
}
