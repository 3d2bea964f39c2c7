package replay_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/postconfirm/postconfirm/enrich"
	"github.com/postconfirm/postconfirm/worker"
	"github.com/postconfirm/postconfirm/worker/audit"
	"github.com/postconfirm/postconfirm/worker/replay"
	"github.com/postconfirm/postconfirm/worker/workertest/fake"
)

// papers are how many papers a drawer has.
func (w *world) papers(drawer string) int {
	w.t.Helper()
	all, err := w.ledger.Records().Papers(w.t.Context(), drawer, "", 1000)
	w.must(err)
	return len(all)
}

func (w *world) refs(runs ...worker.Run) (all []replay.Ref) {
	w.t.Helper()
	for _, r := range runs {
		ref, err := replay.ParseKey(r.Key)
		w.must(err)
		all = append(all, ref)
	}
	return all
}

func TestAPlanSaysWhatItWouldDo(t *testing.T) {
	w := newWorld(t, pipeline(t))
	w.desk.Pipeline.Steps[0].Price = enrich.Price{Nanos: 2_000_000, Currency: "USD"}
	w.desk.Pipeline.Steps[2].Price = enrich.Price{Nanos: 500_000_000}
	condition, err := language(t).Compile("user.plan == 'pro'")
	w.must(err)
	w.desk.Pipeline.Steps[2].If = condition
	w.parked(8)
	w.put(person(8), func(r *worker.Run) { // its lookup is old
		refused(r)
		r.Steps["lookup"] = done(start.Add(-25 * time.Hour))
	})
	w.put(person(9), func(r *worker.Run) { // its order is finished, and its condition decided
		refused(r)
		yes := true
		r.Steps["order"] = worker.StepRecord{State: worker.StepDone, If: &yes}
	})
	p := w.plan(nil)
	stored, err := w.desk.Load(t.Context(), p.ID)
	w.must(err)
	if diff := cmp.Diff(p, stored, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	want := replay.Preview{Users: 10, Writes: 10, Minutes: p.Preview.Minutes, Excluded: map[string]int{},
		Calls: []replay.Calls{
			{Step: "crm", Vendor: "http:crm", Class: "idempotent", Users: 10},
			{Step: "order", Vendor: "http:order", Class: "keyed", Users: 9, Maybe: 9, Price: enrich.Price{Nanos: 500_000_000}},
			{Step: "mail", Vendor: "http:mail", Class: "unsafe", Users: 10},
			{Step: "lookup", Vendor: "http:lookup", Class: "read", Users: 1, Again: 1, Price: enrich.Price{Nanos: 2_000_000, Currency: "USD"}},
		},
		Cost:    []enrich.Price{{Nanos: 4_500_000_000}, {Nanos: 2_000_000, Currency: "USD"}},
		Configs: []replay.Config{{Hash: "now", Runs: 10, Same: true, Kept: true}}}
	byStep := func(a, b replay.Calls) int { return cmpText(a.Step, b.Step) }
	slices.SortFunc(p.Preview.Calls, byStep)
	slices.SortFunc(want.Calls, byStep)
	if diff := cmp.Diff(want, p.Preview); diff != "" {
		t.Error(diff)
	}
	if seconds := p.Preview.Minutes * 60; seconds < 1.3 || seconds > 1.4 {
		t.Errorf("%v s for ten at 7.5/s", seconds)
	}
	if p.State != replay.Ready || p.Entries != 10 || p.Who != "ann" || p.Why != "OPS-7" || p.Pipeline != "now" {
		t.Errorf("got %+v", p)
	}
}

func TestWhatIsNotReplayedIsCounted(t *testing.T) {
	w := newWorld(t, pipeline(t))
	w.parked(2)
	keys := w.refs(w.put(person(0), refused), w.put(person(10), nil), w.put(person(11), func(r *worker.Run) { r.State = worker.Gone }),
		w.put(person(12), func(r *worker.Run) { r.State = worker.Open }), w.put(person(13), func(r *worker.Run) { refused(r); r.Source = "backfill" }),
		worker.Run{Key: person(99).Key()})
	p := w.plan(func(r *replay.Request) { r.Keys = keys; r.Filter.Source = "signup" })
	want := map[string]int{"done": 1, "gone": 1, "open": 1, "other": 1, "unknown": 1}
	if diff := cmp.Diff(want, p.Preview.Excluded); diff != "" || p.Entries != 1 {
		t.Error(diff, p.Entries)
	}
	t.Run("and if nothing is left, there is no plan", func(t *testing.T) {
		p, err := w.make(func(r *replay.Request) { r.Keys = keys[1:3] })
		if !errors.Is(err, replay.ErrNothing) || p.Preview.Excluded["done"] != 1 {
			t.Errorf("got %v, %v", err, p.Preview.Excluded)
		}
		if n := w.papers("plan"); n != 1 {
			t.Errorf("%d plans are kept, want the first one", n)
		}
	})
}

func TestAPlanNeverGrows(t *testing.T) {
	w := newWorld(t, pipeline(t))
	w.parked(1500) // more than one paper
	p := w.plan(nil)
	for i := 1500; i < 1600; i++ {
		w.put(person(i), refused)
	}
	r := w.run(p.ID, quick())
	if p.Entries != 1500 || r.Reopened != 1500 {
		t.Errorf("planned %d, reopened %d", p.Entries, r.Reopened)
	}
	for i := 1500; i < 1600; i++ {
		if w.get(person(i)).Reopens != 0 {
			t.Fatal("a run that was parked after the plan was reopened")
		}
	}
	t.Run("nor does it shrink unseen", func(t *testing.T) {
		w.must(w.ledger.Records().DropPaper(t.Context(), "plan."+p.ID, "000001"))
		if _, err := w.desk.Report(t.Context(), r.Plan); !errors.Is(err, replay.ErrPlanDamaged) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRow148RunsOfAnotherEnvironment(t *testing.T) {
	foreign := worker.Identity{Pool: "eu-west-1_Staging99", Sub: "sub", Generation: "0"}
	for name, change := range map[string]func(*world, *replay.Request){
		"found by a filter": func(*world, *replay.Request) {},
		"named by key":      func(w *world, r *replay.Request) { r.Keys = w.refs(worker.Run{Key: foreign.Key()}) },
	} {
		t.Run(name+" are refused", func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.parked(3)
			w.put(foreign, refused)
			_, err := w.make(func(r *replay.Request) { change(w, r) })
			if !errors.Is(err, replay.ErrForeign) {
				t.Fatalf("got %v", err)
			}
			contains(t, err.Error(), "eu-west-1_Staging99 (1 runs)")
			if w.papers("plan") != 0 {
				t.Error("a plan was kept")
			}
		})
	}
	t.Run("unless they are wanted", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.put(foreign, refused)
		if p := w.plan(func(r *replay.Request) { r.Foreign = true }); p.Entries != 1 {
			t.Errorf("%d entries", p.Entries)
		}
	})
	t.Run("also of a pool that this ledger does not know", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		refs, err := replay.ReadKeys("keys", texts(`{"pool":"us-east-1_Other","sub":"s"}`))
		w.must(err)
		if _, err := w.make(func(r *replay.Request) { r.Keys = refs }); !errors.Is(err, replay.ErrForeign) {
			t.Errorf("got %v", err)
		}
	})
}

func TestStepsThatAreDoneAnew(t *testing.T) {
	now := func(r *worker.Run) { // a run of which everything is done
		r.Steps = map[string]worker.StepRecord{}
		for _, id := range []string{"lookup", "crm", "order", "mail", enrich.AttributesStep} {
			r.Steps[id] = done(start.Add(-time.Hour))
		}
	}
	for _, c := range []struct {
		name    string
		run     func(*worker.Run)
		request func(*replay.Request)
		again   []string // whose effects have a new key
	}{
		{"the unsafe one is not repeated behind the step from which all is done anew", now, func(r *replay.Request) { r.FromStep = "lookup" }, []string{"crm", "lookup", "order"}},
		{"only what depends on it is", now, func(r *replay.Request) { r.FromStep = "crm" }, []string{"crm"}},
		{"what comes after the attributes depends on what they read, and one that was skipped never happened", func(r *worker.Run) {
			now(r)
			r.Steps["mail"] = worker.StepRecord{State: worker.StepSkipped, Code: "needs_crm"}
		}, func(r *replay.Request) { r.FromStep = "crm" }, []string{"crm", "mail"}},
		{"an open effect stays open", func(r *worker.Run) {
			now(r)
			r.Steps["order"] = worker.StepRecord{State: worker.StepUnknown}
		}, func(r *replay.Request) { r.FromStep = "lookup" }, []string{"crm", "lookup"}},
		{"unless it is named", func(r *worker.Run) {
			now(r)
			r.Steps["order"] = worker.StepRecord{State: worker.StepUnknown}
		}, func(r *replay.Request) { r.Rerun = []string{"order"} }, []string{"order"}},
		{"an unsafe one that is named twice is repeated", now, func(r *replay.Request) { r.Rerun, r.Unsafe = []string{"mail"}, true }, []string{"mail"}},
		{"old answers are asked for again", func(r *worker.Run) {
			now(r)
			r.Steps["lookup"] = done(start.Add(-25 * time.Hour))
			r.Steps["crm"] = done(start.Add(-25 * time.Hour))
		}, func(r *replay.Request) { r.FromStep = "order" }, []string{"lookup", "order"}},
		{"so are erased ones", func(r *worker.Run) {
			now(r)
			r.Erased = start
		}, func(r *replay.Request) { r.FromStep = "order" }, []string{"lookup", "order"}},
		{"what is fresh is as the operator says", now, func(r *replay.Request) { r.FromStep, r.Fresh = "order", time.Minute }, []string{"lookup", "order"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.put(person(0), c.run)
			p := w.plan(func(r *replay.Request) { r.Filter.State = worker.Done; c.request(r) })
			w.run(p.ID, quick())
			var got []string
			for id, s := range w.get(person(0)).Steps {
				if s.Again == 1 && s.State == worker.StepOpen {
					got = append(got, id)
				}
			}
			if diff := cmp.Diff(c.again, sorted(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatAPlanRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*replay.Request)
		want    error
		audited bool
	}{
		{"an unsafe step that is named once", func(r *replay.Request) { r.Rerun = []string{"mail"} }, replay.ErrUnsafe, true},
		{"a step that is not there", func(r *replay.Request) { r.Rerun = []string{"nobody"} }, replay.ErrNoStep, false},
		{"a first step that is not there", func(r *replay.Request) { r.FromStep = "nobody" }, replay.ErrNoStep, false},
		{"a file that is not kept", func(r *replay.Request) { r.Original = true }, replay.ErrNotKept, true},
		{"the region of another pool", func(r *replay.Request) { r.Edit.Region = "us-east-1" }, replay.ErrEdit, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, pipeline(t))
			w.put(person(0), func(r *worker.Run) { refused(r); r.Pipeline = "then" })
			_, err := w.make(c.change)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if w.papers("plan") != 0 {
				t.Error("a plan was kept")
			}
			entries, err := (&audit.Log{Papers: w.ledger.Records()}).List(t.Context(), "", 0)
			w.must(err)
			if audited := len(entries) == 1 && entries[0].State == audit.Refused; audited != c.audited {
				t.Errorf("the audit log has %+v", entries)
			}
		})
	}
	t.Run("one without a reason", func(t *testing.T) {
		if _, err := newWorld(t, pipeline(t)).make(func(r *replay.Request) { r.Why = "" }); err == nil {
			t.Error("it was made")
		}
	})
}

func TestAPlanWhoseMakingWasInterrupted(t *testing.T) {
	w := newWorld(t, pipeline(t))
	w.parked(2500)
	k := &killed{Ledger: w.ledger.Records(), left: 3, late: true} // header, and two of three parts
	desk := w.another(k)
	if _, err := desk.Make(t.Context(), replay.Request{Operator: ann, Filter: worker.Filter{State: worker.Parked}}); err == nil {
		t.Fatal("no error")
	}
	plans, err := w.desk.List(t.Context(), "", 0)
	if w.must(err); len(plans) != 0 {
		// the dropping was killed, too: it is seen, and can't be run
		if _, err := w.desk.Run(t.Context(), plans[0].ID, quick()); !errors.Is(err, replay.ErrUnfinished) || plans[0].State != replay.Making {
			t.Errorf("%s: %v", plans[0].State, err)
		}
		_, _, err := w.desk.Cancel(t.Context(), plans[0].ID, ann)
		w.must(err)
	}
	if n := w.papers("plan"); n != 0 {
		t.Errorf("%d plans are left", n)
	}
}

// The ledger's trouble ends the making, and no plan is left that could be run.
func TestALedgerInTroubleWhileAPlanIsMade(t *testing.T) {
	for _, op := range []fake.Op{fake.Read, fake.Paper} {
		w := newWorld(t, pipeline(t))
		w.parked(10)
		w.ledger.FailNext(op, errors.New("away"))
		if _, err := w.make(nil); err == nil {
			t.Fatal("no error")
		}
		plans, err := w.desk.List(t.Context(), "", 0)
		if w.must(err); len(plans) != 0 {
			t.Errorf("%d plans", len(plans))
		}
	}
}

// keep lets the desk find these files.
func (w *world) kept(files ...*enrich.Pipeline) {
	w.desk.Kept = func(_ context.Context, hash string) (*enrich.Pipeline, error) {
		for _, p := range files {
			if p.Hash == hash {
				return p, nil
			}
		}
		return nil, worker.ErrNoPipeline
	}
}

func TestRow98ThePipelineFileChangedMeanwhile(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*enrich.Pipeline) // of the file of now
		want   []replay.Difference
		calls  map[string]int
	}{
		{"nothing that matters", func(p *enrich.Pipeline) {}, nil, map[string]int{"crm": 1, "mail": 1}},
		{"a step was removed", func(p *enrich.Pipeline) { p.Steps = p.Steps[:3] },
			[]replay.Difference{{Step: "mail", What: replay.Removed, Then: "unsafe"}}, map[string]int{"crm": 1}},
		{"a finished step was removed", func(p *enrich.Pipeline) { p.Steps = slices.Delete(p.Steps, 2, 3) },
			[]replay.Difference{{Step: "order", What: replay.Removed, Then: "keyed"}}, map[string]int{"crm": 1, "mail": 1}},
		{"a step was added", func(p *enrich.Pipeline) { p.Steps = append(p.Steps, step("slack", enrich.Unsafe)) },
			[]replay.Difference{{Step: "slack", What: replay.Added, Now: "unsafe"}}, map[string]int{"crm": 1, "mail": 1, "slack": 1}},
		{"a finished step was renamed: it runs under its new name, and the plan says so", func(p *enrich.Pipeline) { p.Steps[2].ID = "order2" },
			[]replay.Difference{{Step: "order", What: replay.Removed, Then: "keyed"}, {Step: "order2", What: replay.Added, Now: "keyed"}},
			map[string]int{"crm": 1, "mail": 1, "order2": 1}},
		{"steps were put into another order", func(p *enrich.Pipeline) { p.Steps[1], p.Steps[2] = p.Steps[2], p.Steps[1] }, nil, map[string]int{"crm": 1, "mail": 1}},
		{"a finished step says something else: it is not done again for that", func(p *enrich.Pipeline) { p.Steps[2].Digest = "2" },
			[]replay.Difference{{Step: "order", What: replay.Changed, Then: "keyed", Now: "keyed"}}, map[string]int{"crm": 1, "mail": 1}},
		{"a finished step is of another class", func(p *enrich.Pipeline) { p.Steps[2].Class = enrich.Unsafe },
			[]replay.Difference{{Step: "order", What: replay.Reclass, Then: "keyed", Now: "unsafe"}}, map[string]int{"crm": 1, "mail": 1}},
		{"other attributes are written", func(p *enrich.Pipeline) { p.Writes = "2" },
			[]replay.Difference{{Step: enrich.AttributesStep, What: replay.Changed}}, map[string]int{"crm": 1, "mail": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			then := pipeline(t)
			then.Hash = "then"
			w := newWorld(t, pipeline(t))
			c.change(w.desk.Pipeline)
			w.kept(then)
			w.put(person(0), func(r *worker.Run) {
				refused(r)
				r.Steps["order"] = done(start.Add(-time.Hour))
				r.Pipeline = "then"
			})
			p := w.plan(nil)
			want := []replay.Config{{Hash: "then", Runs: 1, Kept: true, Differences: c.want}}
			if diff := cmp.Diff(want, p.Preview.Configs); diff != "" {
				t.Error(diff)
			}
			calls := map[string]int{}
			for _, call := range p.Preview.Calls {
				calls[call.Step] = call.Users
			}
			if diff := cmp.Diff(c.calls, calls); diff != "" {
				t.Error(diff)
			}
			w.run(p.ID, quick())
			if s := w.get(person(0)).Steps["order"]; s.State != worker.StepDone || s.Again != 0 {
				t.Errorf("the finished step is %+v", s)
			}
			if m := w.queue.messages(t)[person(0).Key()]; len(m) != 1 || m[0].Pipeline != "" {
				t.Errorf("got %+v", m)
			}
		})
	}
	t.Run("the file of then is used where that is wanted", func(t *testing.T) {
		then := pipeline(t)
		then.Hash = "then"
		w := newWorld(t, pipeline(t))
		w.desk.Pipeline.Steps = w.desk.Pipeline.Steps[:2]
		w.kept(then)
		w.put(person(0), func(r *worker.Run) { refused(r); r.Pipeline = "then" })
		w.put(person(1), refused)
		w.put(person(2), func(r *worker.Run) { refused(r); r.Pipeline = "" })
		p := w.plan(func(r *replay.Request) { r.Original = true })
		w.run(p.ID, quick())
		messages := w.queue.messages(t)
		for i, want := range []string{"then", "now", ""} {
			if got := messages[person(i).Key()][0].Pipeline; got != want {
				t.Errorf("message %d wants %q, not %q", i, got, want)
			}
		}
		for _, c := range p.Preview.Calls {
			if c.Step == "mail" && c.Users != 1 {
				t.Errorf("%d mails, want that of the file of then", c.Users)
			}
		}
	})
	t.Run("and of a file that is not kept, only what the runs remember can be said", func(t *testing.T) {
		w := newWorld(t, pipeline(t))
		w.put(person(0), func(r *worker.Run) {
			refused(r)
			r.Pipeline = "lost"
			r.Steps["older"] = done(start)
		})
		want := []replay.Config{{Hash: "lost", Runs: 1, Differences: []replay.Difference{{Step: "older", What: replay.Removed}}}}
		if diff := cmp.Diff(want, w.plan(nil).Preview.Configs); diff != "" {
			t.Error(diff)
		}
	})
}
